// The time-stamp counter that a scripted KVM is given.
#include "accel/kvm/x86/time_stamp.hpp"

#include "accel/kvm/x86/msr_list.hpp"
#include "accel/kvm/x86/requests.hpp"
#include "machine/fabric/frequency.hpp"
#include "tests/support/scripted_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr u64 hz = 2'000'000'000; // the scripted KVM's
u64 counted = 0;

// Time that flows by `counted`, for two vCPUs of a machine.
struct Running {
    Running() {
        auto made = VirtualMachine::create(s.fake);
        REQUIRE(made);
        machine = std::move(*made);
        for (u32 id = 1; id <= 2; ++id) vcpus.push_back(machine->create_vcpu(id).value());
        counted = 123'456'789;
        time.follow({.hz = hz, .now = [] { return counted; }});
        time.set_ns(5'000);
        time.run(true);
    }
    // What the guest reads now.
    [[nodiscard]] u64 guest() const { return counted + s.fake.time_stamp_offsets.back(); }
    [[nodiscard]] u64 ticks() const { return Frequency(hz).ticks(clock.now_ns()); }
    x86::Processor& processor() { return s.machine.processor(); }

    ScriptedKvm s;
    std::unique_ptr<VirtualMachine> machine;
    std::vector<std::unique_ptr<Vcpu>> vcpus;
    HostTime time;
    Clock clock{"clock", time};
};

} // namespace

TEST_CASE("a guest's counter is virtual time's, on every vCPU the same, and given once") {
    Running r;
    TimeStamp first(*r.vcpus[0], true), second(*r.vcpus[1], true);
    counted += 1'000'001; // the vCPUs begin one after the other
    REQUIRE(first.give(*r.vcpus[0], r.processor(), r.clock));
    CHECK(r.guest() == 10'000 + 1'000'001);
    counted += 77'777'777;
    REQUIRE(second.give(*r.vcpus[1], r.processor(), r.clock));
    REQUIRE(r.s.fake.time_stamp_offsets.size() == 2);
    CHECK(r.s.fake.time_stamp_offsets[0] == r.s.fake.time_stamp_offsets[1]);
    REQUIRE(first.give(*r.vcpus[0], r.processor(), r.clock));
    CHECK(r.s.fake.time_stamp_offsets.size() == 2);
    CHECK(r.guest() - r.ticks() <= hz / Frequency::ns_per_second); // a nanosecond's rounding
}

TEST_CASE("a pause is nothing to the guest's counter, however short, and what the guest wrote counts") {
    Running r;
    TimeStamp stamp(*r.vcpus[0], true);
    REQUIRE(stamp.give(*r.vcpus[0], r.processor(), r.clock));
    counted += 4'000;
    r.time.run(false);
    const u64 before = r.guest();
    counted += 1'000; // half a microsecond
    r.time.run(true);
    REQUIRE(stamp.give(*r.vcpus[0], r.processor(), r.clock));
    CHECK(r.guest() == before);
    r.processor().core().state().tsc_offset = 1'000'000;
    REQUIRE(stamp.give(*r.vcpus[0], r.processor(), r.clock));
    CHECK(r.guest() == before + 1'000'000);
}

TEST_CASE("where KVM takes no offset the counter is written, and where it can't be set it isn't") {
    Running r;
    const u32 before = r.s.fake.requests[request::set_msrs];
    r.s.fake.failures[KVM_HAS_DEVICE_ATTR] = -ENXIO;
    TimeStamp by_value(*r.vcpus[0], true);
    REQUIRE(by_value.give(*r.vcpus[0], r.processor(), r.clock));
    CHECK(r.s.fake.requests[request::set_msrs] == before + 1);
    TimeStamp never(*r.vcpus[0], false);
    REQUIRE(never.give(*r.vcpus[0], r.processor(), r.clock));
    CHECK(r.s.fake.requests[request::set_msrs] == before + 1);
    CHECK(r.s.fake.time_stamp_offsets.empty());
    // The processor's follows the host's then.
    r.processor().core().state().tsc_offset = TimeStamp::offset_of_host(r.processor(), r.clock);
    counted += 50;
    CHECK(r.ticks() + r.processor().core().state().tsc_offset == counted);
}

TEST_CASE("an offset that KVM refuses ends the machine in a sentence") {
    ScriptedKvm s;
    s.fake.failures[KVM_SET_DEVICE_ATTR] = -EFAULT;
    CHECK(s.run() == ExitReason::kicked);
    CHECK_THAT(s.failure(), ContainsSubstring("KVM_VCPU_TSC_OFFSET") && ContainsSubstring("Bad address"));
}
