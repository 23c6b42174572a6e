// Registers that a scripted KVM takes from the shared pages and shows there, and those that it isn't given twice.
#include "accel/kvm/x86/requests.hpp"
#include "tests/support/scripted_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr int all_groups = KVM_SYNC_X86_VALID_FIELDS;

struct Sharing : ScriptedKvm {
    explicit Sharing(int groups = all_groups) : ScriptedKvm(full_host(), {{KVM_CAP_SYNC_REGS, groups}}) {}
    u32 asked(std::initializer_list<unsigned long> numbers) {
        u32 sum = 0;
        for (const unsigned long number : numbers) sum += fake.requests[number];
        return sum;
    }
    u32 asked_for_registers() {
        return asked(
            {KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS});
    }
};

// The guest adds 1 to RAX and halts.
int add_and_halt(FakeKvm& fake, kvm_run& shared) {
    auto registers = fake.given<kvm_regs>(KVM_SET_REGS);
    ++registers.rax;
    fake.give(KVM_SET_REGS, registers);
    shared.exit_reason = KVM_EXIT_HLT;
    return 0;
}

} // namespace

TEST_CASE("registers cross in the shared pages, in both directions, without a request") {
    Sharing s;
    const u32 before = s.asked_for_registers(); // when the vCPU was made
    s.machine.state().r[0] = 41;
    s.machine.state().cr2 = 0x1234'5000;
    s.fake.exits = {[&](kvm_run& shared) {
        CHECK(shared.kvm_valid_regs == 0); // nobody is going to read them at this exit
        CHECK(s.fake.given<kvm_sregs>(KVM_SET_SREGS).cr2 == 0x1234'5000);
        return add_and_halt(s.fake, shared);
    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.state().r[0] == 42);
    CHECK(s.asked_for_registers() == before);
    CHECK(s.machine.failures.empty());
}

TEST_CASE("where KVM shares some groups only, all cross by requests") {
    Sharing s(KVM_SYNC_X86_REGS);
    s.machine.state().r[0] = 41;
    s.fake.exits = {[&](kvm_run& shared) { return add_and_halt(s.fake, shared); }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.state().r[0] == 42);
    CHECK(s.asked({KVM_SET_REGS, KVM_SET_SREGS, KVM_SET_VCPU_EVENTS}) == 3);
    CHECK(s.machine.failures.empty());
}

TEST_CASE("floating-point, debug and model-specific registers are given again only when they changed") {
    Sharing s;
    const auto run_to_halt = [&] {
        s.machine.state().activity = x86::Activity::running;
        s.fake.exits = {FakeKvm::exit(KVM_EXIT_HLT)};
        CHECK(s.run() == ExitReason::halted);
        return s.asked({request::set_xsave, KVM_SET_DEBUGREGS, request::set_msrs});
    };
    const u32 first = run_to_halt();
    CHECK(first == 3);
    CHECK(run_to_halt() == first);
    s.machine.state().xmm[3][1] = 7;
    CHECK(run_to_halt() == first + 1);
    s.machine.state().dr[1] = 0x1000;
    CHECK(run_to_halt() == first + 2);
    s.machine.state().lstar = 0x2000;
    CHECK(run_to_halt() == first + 3);
    CHECK(s.machine.state().xmm[3][1] == 7);
    CHECK(s.machine.state().dr[1] == 0x1000);
    CHECK(s.machine.state().lstar == 0x2000);
}

TEST_CASE("a register that KVM's guest changed and the software CPU changed back is given again") {
    Sharing s;
    s.machine.state().lstar = 0x1000;
    s.fake.exits = {[&](kvm_run& shared) {
        kvm_debugregs debug{};
        debug.db[0] = 0x5000;
        s.fake.give(KVM_SET_DEBUGREGS, debug);
        shared.exit_reason = KVM_EXIT_HLT;
        return 0;
    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.state().dr[0] == 0x5000);
    s.machine.state().dr[0] = 0;
    s.machine.state().activity = x86::Activity::running;
    s.fake.exits = {FakeKvm::exit(KVM_EXIT_HLT)};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.state().dr[0] == 0);
}

TEST_CASE("an NMI that comes before the vCPU took its registers is among them") {
    Sharing s;
    s.machine.processor().nmi();
    s.machine.state().nmi_blocked = true; // so that it waits
    s.fake.exits = {[&](kvm_run& shared) {
        CHECK(s.fake.given<kvm_vcpu_events>(KVM_SET_VCPU_EVENTS).nmi.pending == 1);
        shared.exit_reason = KVM_EXIT_HLT;
        return 0;
    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.fake.requests[KVM_NMI] == 0);
    CHECK((s.machine.state().events & x86::event::nmi) != 0);
}

TEST_CASE("system registers that the host refuses end the machine in a sentence") {
    Sharing s;
    s.fake.system_registers_refused = true;
    CHECK(s.run() == ExitReason::kicked);
    CHECK_THAT(s.failure(), ContainsSubstring("cpu0") && ContainsSubstring("system registers"));
}

TEST_CASE("a vCPU that is left before it ran keeps its registers") {
    Sharing s;
    s.fake.waits_for_start_up = true;
    s.machine.state().r[0] = 41;
    // A20 is closed between the registers' being given and the run, which is the software CPU's then.
    s.fake.observer = [&](unsigned long request) {
        if (request == request::set_xsave) s.machine.cpu().set_irq(x86::Processor::a20_pin, false);
    };
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.state().r[0] == 41);
    CHECK(s.machine.failures.empty());
}
