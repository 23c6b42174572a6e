// A CPU on a scripted KVM: every exit that there is, and those that hosts at hand never make.
#include <cerrno>
#include <cstring>

#include "accel/kvm/x86/requests.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;
using Mode = KvmTestMachine::Mode;

namespace {

constexpr u8 halt[] = {0xf4};
constexpr u32 data_offset = 4096; // of KVM_EXIT_IO's bytes

FakeKvm::Exit port_access(bool out, u16 port, u8 size, u32 count, std::vector<u8> bytes = {}) {
    return [=](kvm_run& shared) {
        shared.exit_reason = KVM_EXIT_IO;
        shared.io.direction = out ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
        shared.io.port = port;
        shared.io.size = size;
        shared.io.count = count;
        shared.io.data_offset = data_offset;
        if (!bytes.empty()) std::memcpy(reinterpret_cast<u8*>(&shared) + data_offset, bytes.data(), bytes.size());
        return 0;
    };
}

FakeKvm::Exit memory_access(bool write, u64 address, u32 size, u64 value = 0) {
    return [=](kvm_run& shared) {
        shared.exit_reason = KVM_EXIT_MMIO;
        shared.mmio.is_write = write;
        shared.mmio.phys_addr = address;
        shared.mmio.len = size;
        std::memcpy(shared.mmio.data, &value, sizeof value);
        return 0;
    };
}

FakeKvm::Exit internal_error(u32 kind) {
    return [kind](kvm_run& shared) {
        shared.exit_reason = KVM_EXIT_INTERNAL_ERROR;
        shared.internal.suberror = kind;
        return 0;
    };
}

} // namespace

TEST_CASE("port accesses reach the port bus, element by element") {
    ScriptedKvm s;
    std::vector<u8> read;
    s.fake.exits = {port_access(true, 0x80, 2, 2, {0x34, 0x12, 0x78, 0x56}), port_access(false, 0x82, 1, 2),
                    [&](kvm_run& shared) {
                        const u8* bytes = reinterpret_cast<u8*>(&shared) + data_offset;
                        read.assign(bytes, bytes + 2);
                        shared.exit_reason = KVM_EXIT_HLT;
                        return 0;
                    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.ports.written == std::vector<NoteTaker::Note>{{0, 0x1234, 2}, {0, 0x5678, 2}});
    CHECK(read == std::vector<u8>{0x11, 0x12});
    CHECK(s.machine.count("KVM port exits") == 2);
}

TEST_CASE("accesses to devices in memory may have any size, and those to nobody give ones") {
    ScriptedKvm s;
    u64 read = 0;
    s.fake.exits = {memory_access(true, KvmTestMachine::outside + 8, 4, 0xdead'beef),
                    memory_access(true, KvmTestMachine::outside + 1, 3, 0x33'22'11),
                    memory_access(false, 0x5000'0000, 8), [&](kvm_run& shared) {
                        std::memcpy(&read, shared.mmio.data, sizeof read);
                        shared.exit_reason = KVM_EXIT_HLT;
                        return 0;
                    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.devices.written ==
          std::vector<NoteTaker::Note>{{8, 0xdead'beef, 4}, {1, 0x11, 1}, {2, 0x22, 1}, {3, 0x33, 1}});
    CHECK(read == ~u64{0});
}

TEST_CASE("memory that KVM doesn't know for a moment is reached all the same") {
    ScriptedKvm s;
    s.fake.exits = {memory_access(true, KvmTestMachine::data, 8, 0x1122'3344'5566'7788), FakeKvm::exit(KVM_EXIT_HLT)};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.read(KvmTestMachine::data) == 0x1122'3344'5566'7788);
}

TEST_CASE("an exit that names impossible bytes ends the machine, and nothing is touched") {
    ScriptedKvm s;
    s.fake.exits = {port_access(true, 0x80, 4, 1'000'000)};
    CHECK(s.run() == ExitReason::kicked);
    CHECK_THAT(s.failure(), ContainsSubstring("KVM_EXIT_IO"));
    ScriptedKvm other;
    other.fake.exits = {memory_access(true, 0x80, 9)};
    CHECK(other.run() == ExitReason::kicked);
    CHECK_THAT(other.failure(), ContainsSubstring("KVM_EXIT_MMIO"));
}

TEST_CASE("KVM's failures are said in a sentence, once") {
    struct Case {
        FakeKvm::Exit exit;
        std::string says;
    };
    const Case cases[] = {
        {[](kvm_run& shared) {
             shared.exit_reason = KVM_EXIT_FAIL_ENTRY;
             shared.fail_entry.hardware_entry_failure_reason = 0x8000'0021;
             return 0;
         },
         "0x80000021"},
        {[](kvm_run& shared) {
             shared.exit_reason = KVM_EXIT_UNKNOWN;
             shared.hw.hardware_exit_reason = 0x77;
             return 0;
         },
         "0x77"},
        {FakeKvm::exit(KVM_EXIT_DCR), "kind 15"},
        {FakeKvm::exit(9999), "kind 9999"},
        {internal_error(KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON), "KVM_EXIT_INTERNAL_ERROR"},
        {FakeKvm::fails(EFAULT), "KVM_RUN: Bad address"},
        {FakeKvm::fails(ENOMEM), "memory"},
    };
    for (const Case& each : cases) {
        ScriptedKvm s;
        s.fake.exits = {each.exit};
        CHECK(s.run() == ExitReason::kicked);
        CHECK(s.run() == ExitReason::kicked);
        CHECK_THAT(s.failure(), ContainsSubstring("cpu0") && ContainsSubstring(each.says));
    }
}

TEST_CASE("a request that KVM refuses on the way in or out ends the machine") {
    for (const unsigned long refused : {static_cast<unsigned long>(KVM_SET_SREGS), request::set_xsave,
                                        static_cast<unsigned long>(KVM_GET_REGS), request::get_msrs}) {
        ScriptedKvm s;
        s.fake.exits = {FakeKvm::exit(KVM_EXIT_HLT)};
        s.fake.failures[refused] = -EINVAL;
        CHECK(s.run() == ExitReason::kicked);
        CHECK_THAT(s.failure(), ContainsSubstring("Invalid argument"));
    }
}

TEST_CASE("storms of signals are no exits, and the guest goes on") {
    ScriptedKvm s;
    for (int i = 0; i < 1000; ++i) s.fake.exits.push_back(FakeKvm::fails(i % 2 ? EINTR : EAGAIN));
    s.fake.exits.push_back(FakeKvm::exit(KVM_EXIT_HLT));
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.count("KVM kicks") == 1000);
    CHECK(s.machine.count("KVM exits") == 1);
}

TEST_CASE("a kick ends a run, and the access it fell into is finished before the state is taken") {
    ScriptedKvm s;
    s.fake.exits = {[&](kvm_run& shared) {
        s.machine.cpu().kick();
        return memory_access(true, KvmTestMachine::outside, 1, 7)(shared);
    }};
    const u32 runs = s.fake.requests[KVM_RUN];
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.machine.devices.written.size() == 1);
    CHECK(s.fake.requests[KVM_RUN] == runs + 2); // the second under immediate_exit
}

TEST_CASE("an instruction that KVM can't emulate runs on the software CPU, from the same state") {
    ScriptedKvm s;
    constexpr u8 program[] = {0x40, 0xd9, 0xe8, 0xf4}; // inc ax; fld1; hlt
    s.machine.begin(Mode::real, program);
    s.machine.state().r[0] = 0x41;
    s.fake.exits = {internal_error(KVM_INTERNAL_ERROR_EMULATION)};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.machine.failures.empty());
    CHECK(s.machine.state().r[0] == 0x42);
    CHECK(s.machine.state().x87.top == 7);
    CHECK(s.machine.state().pc == KvmTestMachine::code + sizeof program);
    CHECK(s.machine.count("fallbacks") == 1);
    CHECK(s.machine.count("fallback instructions") == 3);
}

TEST_CASE("a third fault shuts the CPU down once, whether KVM keeps its state or not") {
    constexpr u8 undefined[] = {0x0f, 0x0b}; // ud2
    for (const bool state_is_kept : {true, false}) {
        ScriptedKvm s;
        s.machine.begin(Mode::real, state_is_kept ? std::span<const u8>(undefined) : std::span<const u8>(halt));
        if (state_is_kept) s.machine.state().idtr.limit = 0;
        s.fake.exits = {FakeKvm::exit(KVM_EXIT_SHUTDOWN)};
        CHECK(s.run() == ExitReason::halted);
        CHECK(s.machine.cpu().shut_down());
        CHECK(s.machine.shutdowns == 1);
    }
}

TEST_CASE("a shutdown that is only a limited host's is run by the software CPU") {
    ScriptedKvm s{HostFacts{}};
    s.fake.exits = {FakeKvm::exit(KVM_EXIT_SHUTDOWN)};
    CHECK(s.run() == ExitReason::halted);
    CHECK_FALSE(s.machine.cpu().shut_down());
    CHECK(s.machine.shutdowns == 0);
    CHECK(s.machine.count("fallbacks") == 1);
}

TEST_CASE("the software CPU has the guest for a while, and KVM gets it back where it is then") {
    FakeKvm fake;
    KvmTestMachine machine(&fake, {.facts = full_host(), .hand_over_every = 1, .failed = {}});
    constexpr u8 program[] = {0x40, 0xeb, 0xfd}; // inc ax; jmp inc
    machine.begin(Mode::real, program);
    fake.exits = {FakeKvm::exit(KVM_EXIT_INTR), [&](kvm_run& shared) {
                      const auto registers = fake.given<kvm_regs>(KVM_SET_REGS);
                      CHECK((registers.rax & 0xffff) == 500); // of 1000 instructions
                      CHECK(registers.rip == KvmTestMachine::code);
                      machine.cpu().kick();
                      shared.exit_reason = KVM_EXIT_INTR;
                      return 0;
                  }};
    fake.then = FakeKvm::exit(KVM_EXIT_HLT);
    CHECK(machine.cpu().run(ScriptedKvm::for_ever) == ExitReason::kicked);
    CHECK(machine.count("hand-overs") >= 1);
}

TEST_CASE("an interrupt waits until KVM takes one, and then it has its vector") {
    ScriptedKvm s;
    x86::set_flags(s.machine.state(), 0);
    bool asked_for_window = false;
    s.fake.exits = {[&](kvm_run& shared) {
                        s.machine.apic.raise(0x55);
                        shared.exit_reason = KVM_EXIT_INTR;
                        return 0;
                    },
                    [&](kvm_run& shared) {
                        asked_for_window = shared.request_interrupt_window != 0;
                        shared.ready_for_interrupt_injection = 1;
                        shared.exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
                        return 0;
                    },
                    [&](kvm_run& shared) {
                        shared.ready_for_interrupt_injection = 0;
                        CHECK(shared.request_interrupt_window == 0);
                        shared.exit_reason = KVM_EXIT_HLT;
                        return 0;
                    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(asked_for_window);
    CHECK(s.machine.count("KVM interrupts") == 1);
    CHECK_FALSE(s.machine.apic.waiting);
}

TEST_CASE("an interrupt that KVM hadn't delivered when it was left isn't lost") {
    ScriptedKvm s;
    s.fake.exits = {[&](kvm_run& shared) {
        kvm_vcpu_events events{};
        events.interrupt.injected = 1;
        events.interrupt.nr = 0x20;
        s.fake.give(KVM_SET_VCPU_EVENTS, events);
        s.machine.cpu().kick();
        shared.exit_reason = KVM_EXIT_INTR;
        return 0;
    }};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.machine.state().pc == KvmTestMachine::handler);
    CHECK(s.machine.state().r[x86::gpr::rsp] == KvmTestMachine::stack_end - 6);
}

TEST_CASE("NMIs go to KVM, and come back if it hadn't taken them") {
    ScriptedKvm s;
    s.fake.exits = {[&](kvm_run& shared) {
                        s.machine.processor().nmi();
                        shared.exit_reason = KVM_EXIT_INTR;
                        return 0;
                    },
                    [&](kvm_run& shared) {
                        kvm_vcpu_events events{};
                        events.nmi.pending = 1;
                        events.nmi.masked = 1;
                        s.fake.give(KVM_SET_VCPU_EVENTS, events);
                        shared.exit_reason = KVM_EXIT_HLT;
                        return 0;
                    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.fake.requests[KVM_NMI] == 1);
    CHECK(s.machine.state().nmi_blocked);
    CHECK((s.machine.state().events & x86::event::nmi) != 0);
}

TEST_CASE("registers that KVM doesn't keep are the state's, and unknown ones fault") {
    ScriptedKvm s;
    const auto access = [](u32 reason, u32 index, u64 value) {
        return [=](kvm_run& shared) {
            shared.exit_reason = reason;
            shared.msr.index = index;
            shared.msr.data = value;
            return 0;
        };
    };
    constexpr u32 pat = 0x277, unknown = 0x1234;
    constexpr u64 write_back = 0x0606'0606'0606'0606;
    std::vector<u64> seen;
    const auto see = [&](kvm_run& shared) { seen.insert(seen.end(), {shared.msr.error, shared.msr.data}); };
    s.fake.exits = {access(KVM_EXIT_X86_WRMSR, pat, write_back),
                    [&](kvm_run& shared) {
                        see(shared);
                        return access(KVM_EXIT_X86_RDMSR, pat, 0)(shared);
                    },
                    [&](kvm_run& shared) {
                        see(shared);
                        return access(KVM_EXIT_X86_RDMSR, unknown, 0)(shared);
                    },
                    [&](kvm_run& shared) {
                        see(shared);
                        shared.exit_reason = KVM_EXIT_HLT;
                        return 0;
                    }};
    CHECK(s.run() == ExitReason::halted);
    CHECK(seen == std::vector<u64>{0, write_back, 0, write_back, 1, 0});
    CHECK(s.machine.state().pat == write_back);
}

TEST_CASE("what can't be counted or stopped at runs on the software CPU") {
    ScriptedKvm s;
    constexpr u8 program[] = {0x90, 0x90, 0xf4}; // nop; nop; hlt
    s.machine.begin(Mode::real, program);
    CHECK(s.machine.cpu().run(1) == ExitReason::deadline);
    CHECK(s.fake.requests[KVM_RUN] == 0);
    const u64 place[] = {KvmTestMachine::code + 2};
    s.machine.cpu().set_breakpoints(place);
    CHECK(s.run() == ExitReason::breakpoint);
    CHECK(s.fake.requests[KVM_RUN] == 0);
    CHECK(s.machine.cpu().pc() == place[0]);
    s.machine.cpu().set_breakpoints({});
    s.fake.exits = {FakeKvm::exit(KVM_EXIT_HLT)};
    CHECK(s.run() == ExitReason::halted);
    CHECK(s.fake.requests[KVM_RUN] == 1);
}
