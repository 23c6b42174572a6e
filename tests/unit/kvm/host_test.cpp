// What is said of a host's KVM.
#include "accel/kvm/host.hpp"

#include <algorithm>
#include <cerrno>

#include "tests/support/catch.hpp"
#include "tests/support/fake_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;

namespace {

HostFacts perfect() {
    HostFacts facts;
    HostFacts::fields(facts, [](std::string_view, auto& value) { value = 1; });
    facts.kernel_instructions_per_us = 3000;
    return facts;
}

} // namespace

TEST_CASE("a host that can do everything is full, and there is nothing to say") {
    const HostReport report = judge(perfect());
    CHECK(report.host_class == HostClass::full);
    CHECK(report.reasons.empty());
}

TEST_CASE("whatever a host can't do makes it limited, with a sentence of its own") {
    std::vector<std::string> sentences;
    const HostFacts all = perfect();
    HostFacts::fields(all, [&](std::string_view name, const auto&) {
        if (name == "kernel_instructions_per_us") return;
        HostFacts facts = perfect();
        HostFacts::fields(facts, [&](std::string_view other, auto& value) {
            if (other == name) value = 0;
        });
        const HostReport report = judge(facts);
        INFO(name);
        CHECK(report.host_class == HostClass::limited);
        REQUIRE(report.reasons.size() == 1);
        CHECK(std::ranges::find(sentences, report.reasons.front()) == sentences.end());
        sentences.push_back(report.reasons.front());
    });
    CHECK(sentences.size() == 10);
}

TEST_CASE("a host whose guests don't run at all is examined to the end") {
    FakeKvm fake;
    fake.then = FakeKvm::exit(KVM_EXIT_FAIL_ENTRY);
    const HostReport report = examine_host(fake);
    CHECK(report.host_class == HostClass::limited);
    REQUIRE(report.facts);
    CHECK(*report.facts == HostFacts{});
    CHECK(fake.open_files == 0);
}

TEST_CASE("a host whose requests fail has no usable KVM, and says which") {
    FakeKvm fake;
    fake.failures[KVM_CREATE_VCPU] = -EEXIST;
    const HostReport report = examine_host(fake);
    CHECK(report.host_class == HostClass::none);
    REQUIRE(report.reasons.size() == 1);
    CHECK_THAT(report.reasons.front(), Catch::Matchers::ContainsSubstring("KVM_CREATE_VCPU"));
}
