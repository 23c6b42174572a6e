// KVM's machines and vCPUs as a scripted KVM answers.
#include <cerrno>
#include <thread>

#include "accel/kvm/x86/machine.hpp"
#include "accel/kvm/x86/small_guest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string refusal(FakeKvm& fake) {
    const auto machine = create_x86_machine(fake);
    REQUIRE_FALSE(machine);
    CHECK(fake.open_files == 0);
    return machine.error().message();
}

std::unique_ptr<SmallGuest> guest_on(FakeKvm& fake) {
    auto guest = SmallGuest::create(fake);
    if (!guest) FAIL(guest.error().message());
    return std::move(*guest);
}

} // namespace

TEST_CASE("a host without KVM is told what it lacks") {
    FakeKvm fake;
    fake.open_result = -ENOENT;
    CHECK_THAT(refusal(fake), ContainsSubstring("no /dev/kvm"));
    fake.open_result = -EACCES;
    CHECK_THAT(refusal(fake), ContainsSubstring("usermod -aG kvm"));
    fake.open_result = -ENXIO;
    CHECK_THAT(refusal(fake), ContainsSubstring("modprobe"));
    fake.open_result = -EMFILE;
    CHECK_THAT(refusal(fake), ContainsSubstring("Too many open files"));
}

TEST_CASE("a KVM of another version isn't spoken to") {
    FakeKvm fake;
    fake.api_version = 11;
    CHECK_THAT(refusal(fake), ContainsSubstring("version 11"));
}

TEST_CASE("all missing capabilities are named at once") {
    FakeKvm fake;
    fake.capabilities = {{KVM_CAP_X86_MSR_FILTER, 0}, {KVM_CAP_READONLY_MEM, 0}};
    const std::string said = refusal(fake);
    CHECK_THAT(said, ContainsSubstring("KVM_CAP_READONLY_MEM"));
    CHECK_THAT(said, ContainsSubstring("KVM_CAP_X86_MSR_FILTER"));
    CHECK_THAT(said, !ContainsSubstring("KVM_CAP_XSAVE"));
}

TEST_CASE("a request that fails is named with its reason") {
    FakeKvm fake;
    fake.failures[KVM_CREATE_VM] = -ENOMEM;
    CHECK_THAT(refusal(fake), ContainsSubstring("KVM_CREATE_VM") && ContainsSubstring("memory"));
    fake.failures = {{KVM_SET_TSS_ADDR, -EINVAL}};
    CHECK_THAT(refusal(fake), ContainsSubstring("KVM_SET_TSS_ADDR"));
}

TEST_CASE("signals while a machine is made don't go on for ever") {
    FakeKvm fake;
    fake.failures[KVM_CREATE_VM] = -EINTR;
    CHECK_THAT(refusal(fake), ContainsSubstring("KVM_CREATE_VM"));
    CHECK(fake.requests[KVM_CREATE_VM] > 1);
}

TEST_CASE("files are closed with what they stand for") {
    FakeKvm fake;
    {
        const auto guest = guest_on(fake);
    }
    CHECK(fake.open_files == 0);
}

TEST_CASE("a guest that never comes back is ended") {
    FakeKvm fake;
    fake.then = [](kvm_run& shared) {
        while (std::atomic_ref(shared.immediate_exit).load() == 0) std::this_thread::yield();
        return -EINTR;
    };
    const auto guest = guest_on(fake);
    CHECK_FALSE(guest->run(std::chrono::milliseconds(1)));
}

TEST_CASE("a kick before the vCPU runs isn't lost") {
    FakeKvm fake;
    fake.then = FakeKvm::exit(KVM_EXIT_HLT);
    const auto guest = guest_on(fake);
    Vcpu& vcpu = guest->vcpu();
    vcpu.arm();
    vcpu.kick();
    CHECK(vcpu.run() == EINTR);
    vcpu.disarm();
    vcpu.arm();
    CHECK(vcpu.run() == 0);
    vcpu.disarm();
}

TEST_CASE("bytes of an exit that lie outside of the shared pages aren't touched") {
    FakeKvm fake;
    const auto guest = guest_on(fake);
    kvm_run& exit = guest->vcpu().shared();
    exit.io.size = 4;
    exit.io.count = 2;
    exit.io.data_offset = 4096;
    CHECK(guest->vcpu().io_data() != nullptr);
    exit.io.data_offset = 3 * 4096 - 4;
    CHECK(guest->vcpu().io_data() == nullptr);
    exit.io.data_offset = ~u64{0};
    CHECK(guest->vcpu().io_data() == nullptr);
    exit.io.data_offset = 4096;
    exit.io.count = ~u32{0};
    CHECK(guest->vcpu().io_data() == nullptr);
}
