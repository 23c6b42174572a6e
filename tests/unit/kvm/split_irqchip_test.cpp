// Local APICs in a scripted KVM: what it is given and what comes back, and what it may refuse.
#include <cerrno>
#include <thread>

#include "accel/kvm/x86/machine.hpp"
#include "accel/kvm/x86/requests.hpp"
#include "accel/kvm/x86/split_irqchip.hpp"
#include "tests/support/scripted_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr u32 spurious = 0x0f, timer = 0x32, initial_count = 0x38, current_count = 0x39;

struct SplitKvm : ScriptedKvm {
    SplitKvm() : ScriptedKvm(full_host(), {}, Irqchip::split) {}
    [[nodiscard]] LentPage& lent() { return machine.apic.lent; }
    // KVM's own page and the guest's doings there.
    [[nodiscard]] u32 page(u32 number) {
        u32 value = 0;
        std::memcpy(&value, fake.given<kvm_lapic_state>(KVM_SET_LAPIC).regs + std::size_t{16} * number, sizeof value);
        return value;
    }
    void set_page(u32 number, u32 value) {
        auto state = fake.given<kvm_lapic_state>(KVM_SET_LAPIC);
        std::memcpy(state.regs + std::size_t{16} * number, &value, sizeof value);
        fake.give(KVM_SET_LAPIC, state);
    }
    FakeKvm::Exit guest(std::function<void()> doings) {
        return [this, doings = std::move(doings)](kvm_run&) {
            doings();
            machine.cpu().kick();
            return -EINTR;
        };
    }
};

// The first CPU is on its way into KVM, the second isn't.
struct TwoCpus {
    TwoCpus() {
        for (KvmTestMachine* each : {&first, &second}) {
            const u32 id = each == &second;
            vcpus.push_back(machine->create_vcpu(id).value());
            stays.push_back(irqchip.add(*vcpus.back(), each->processor()).value());
        }
        REQUIRE(stays[0]->begin_software());
    }
    FakeKvm fake;
    std::unique_ptr<VirtualMachine> machine = create_x86_machine(fake).value();
    KvmTestMachine first{nullptr}, second{nullptr, {}, {}, false};
    MachineLock lock;
    SplitIrqchip irqchip{*machine, lock, [](const Error& why) { FAIL(why.message()); }};
    std::vector<std::unique_ptr<Vcpu>> vcpus;
    std::vector<std::unique_ptr<SplitIrqchip::Stay>> stays;
    std::atomic<bool> kicked = false;
};

FakeKvm::Exit end_of(u8 vector) {
    return [vector](kvm_run& shared) {
        shared.exit_reason = KVM_EXIT_IOAPIC_EOI;
        shared.eoi.vector = vector;
        return 0;
    };
}

} // namespace

TEST_CASE("a KVM without what split irqchips need is told of in a sentence") {
    for (const auto& [capability, name] :
         {std::pair{KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP"},
          std::pair{KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI"}, std::pair{KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING"},
          std::pair{KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE"}}) {
        FakeKvm fake(std::map<long, int>{{capability, 0}});
        auto machine = Machine::create({}).value();
        const auto engine = create_engine(fake, *machine, {.facts = {}, .irqchip = Irqchip::split, .failed = {}});
        REQUIRE_FALSE(engine);
        CHECK_THAT(engine.error().message(), ContainsSubstring(name));
        CHECK(create_engine(fake, *machine, {.facts = {}, .failed = {}}));
    }
}

TEST_CASE("the APICs are asked for before the first vCPU is made") {
    const auto enabled_by_then = [](Irqchip irqchip) {
        FakeKvm fake;
        std::optional<u32> enabled;
        fake.observer = [&](unsigned long request) {
            if (request == KVM_CREATE_VCPU && !enabled) enabled = fake.requests[KVM_ENABLE_CAP];
        };
        const KvmTestMachine machine(&fake, {.facts = {}, .irqchip = irqchip, .failed = {}});
        return enabled.value_or(0);
    };
    CHECK(enabled_by_then(Irqchip::split) == enabled_by_then(Irqchip::user) + 1);
}

TEST_CASE("the APIC's registers are KVM's while the CPU is there, and what they are then comes back") {
    SplitKvm s;
    for (u32 number = 2; number < 0x20; ++number) s.lent().registers[number] = 0x1000 + number;
    s.lent().registers.tsc_deadline = 77;
    s.fake.exits = {s.guest([&] {
        CHECK(s.lent().keeper != nullptr);
        for (u32 number = 2; number < 0x20; ++number) CHECK(s.page(number) == 0x1000 + number);
        CHECK(s.fake.msrs[0x1b] == 0xfee0'0900);
        CHECK(s.fake.msrs[0x6e0] == 77);
        s.set_page(8, 0x42);
        s.fake.msrs[0x1b] = 0xfee0'0d00;
        s.fake.msrs[0x6e0] = 78;
    })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().keeper == nullptr);
    CHECK(s.lent().registers[8] == 0x42);
    CHECK(s.lent().registers[9] == 0x1009);
    CHECK(s.lent().registers.base == 0xfee0'0d00);
    CHECK(s.lent().registers.tsc_deadline == 78);
    CHECK(s.machine.failures.empty());
}

// KVM begins one anew that is given with a count of 0.
TEST_CASE("a one-shot timer that has expired isn't given to KVM, and its initial count comes back") {
    SplitKvm s;
    s.lent().registers[timer] = 0x20;
    s.lent().registers[initial_count] = 500;
    s.fake.exits = {s.guest([&] { CHECK(s.page(initial_count) == 0); })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().registers[initial_count] == 500);
    s.lent().registers[current_count] = 300;
    s.fake.exits = {s.guest([&] { CHECK(s.page(initial_count) == 500); })};
    CHECK(s.run() == ExitReason::kicked);
}

// KVM keeps it to itself until the vCPU's next run; nothing of the guest runs there.
TEST_CASE("an interrupt of a timer that has just expired is waited for before the registers come back") {
    SplitKvm s;
    s.lent().registers[timer] = 0x20;
    s.lent().registers[initial_count] = s.lent().registers[current_count] = 500;
    u32 runs = 0;
    s.fake.stopped = [&](kvm_run&) {
        if (++runs == 1) s.set_page(current_count, 0);  // between the two readings
        if (runs == 3) s.set_page(0x20 + 0x20 / 32, 1); // only now
        return -EINTR;
    };
    s.fake.exits = {s.guest([] {})};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().registers[0x21] == 1);
    CHECK(s.fake.exits.empty());
}

// The host's own timer may expire later than the count reads 0.
TEST_CASE("an interrupt that a timer owes since before the first reading is waited for, and once only") {
    SplitKvm s;
    s.lent().registers[timer] = 0x20;
    s.lent().registers[initial_count] = s.lent().registers[current_count] = 500;
    u32 runs = 0;
    s.fake.stopped = [&](kvm_run&) {
        if (++runs == 9) s.set_page(0x20 + 0x20 / 32, 1);
        return -EINTR;
    };
    s.fake.exits = {s.guest([&] { s.set_page(current_count, 0); })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().registers[0x21] == 1);
    CHECK(runs == 10);
    s.lent().registers[0x21] = 0; // the guest has taken it
    s.fake.exits = {s.guest([] {})};
    runs = 10;
    CHECK(s.run() == ExitReason::kicked);
    CHECK(runs == 12);
    CHECK(s.lent().registers[0x21] == 0);
}

TEST_CASE("ends of level-triggered interrupts are told, unless the guest has switched that off") {
    SplitKvm s;
    s.fake.exits = {end_of(0x31), s.guest([&] { s.set_page(spurious, 0x11ff); }), end_of(0x32)};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().ends == std::vector<u8>{0x31});
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().ends == std::vector<u8>{0x31});
}

TEST_CASE("an end that KVM still has to tell when the CPU leaves is told") {
    SplitKvm s;
    s.fake.stopped = [&](kvm_run& shared) { return s.lent().ends.empty() ? end_of(0x33)(shared) : -EINTR; };
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.lent().ends == std::vector<u8>{0x33});
}

TEST_CASE("the end of an interrupt is no exit where the APICs aren't KVM's") {
    ScriptedKvm s;
    s.fake.exits = {end_of(0x31)};
    CHECK(s.run() == ExitReason::kicked);
    CHECK_THAT(s.failure(), ContainsSubstring("KVM_EXIT_IOAPIC_EOI"));
}

TEST_CASE("messages and the I/O APIC's vectors are told to KVM") {
    SplitKvm s;
    s.fake.exits = {s.guest([&] {
        CHECK(s.lent().keeper->take({GuestPhysical{0xfee0'1004}, 0x4155}));
        const DeviceMessage messages[] = {{GuestPhysical{0xfee0'0000}, 0xc071}, {GuestPhysical{0xfee0'1000}, 0xc072}};
        s.lent().keeper->follow_ends(messages);
        s.lent().keeper->follow_ends(messages);
        s.fake.failures[KVM_SIGNAL_MSI] = -EINVAL;
        CHECK_FALSE(s.lent().keeper->take({GuestPhysical{0xfee0'0000}, 0x4156}));
    })};
    CHECK(s.run() == ExitReason::kicked);
    REQUIRE(s.fake.messages.size() == 1);
    CHECK(s.fake.messages[0].address_lo == 0xfee0'1004);
    CHECK(s.fake.messages[0].data == 0x4155);
    REQUIRE(s.fake.routes.size() == 2);
    CHECK(s.fake.routes[1].gsi == 1);
    CHECK(s.fake.routes[1].type == KVM_IRQ_ROUTING_MSI);
    CHECK(s.fake.routes[1].u.msi.address_lo == 0xfee0'1000);
    CHECK(s.fake.routes[1].u.msi.data == 0xc072);
    CHECK(s.fake.requests[request::set_gsi_routing] == 1);
    CHECK_THAT(s.failure(), ContainsSubstring("KVM_SIGNAL_MSI"));
}

TEST_CASE("a halt stays in KVM, and its state goes there and back") {
    SplitKvm s;
    s.machine.state().activity = x86::Activity::halted;
    s.fake.exits = {
        s.guest([&] { CHECK(s.fake.given<kvm_mp_state>(KVM_SET_MP_STATE).mp_state == KVM_MP_STATE_HALTED); })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.machine.state().activity == x86::Activity::halted);
    s.fake.exits = {s.guest([&] { s.fake.give(KVM_SET_MP_STATE, kvm_mp_state{KVM_MP_STATE_INIT_RECEIVED}); })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.machine.state().activity == x86::Activity::waiting_for_sipi);
    s.fake.exits = {s.guest([&] { s.fake.give(KVM_SET_MP_STATE, kvm_mp_state{KVM_MP_STATE_RUNNABLE}); })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK(s.machine.state().activity == x86::Activity::running);
}

TEST_CASE("the 8259s' interrupt goes to KVM when it takes one, also out of a halt that KVM was given") {
    SplitKvm s;
    s.machine.state().activity = x86::Activity::halted;
    s.fake.observer = [&](unsigned long request) {
        if (request == KVM_SET_LAPIC) s.machine.apic.raise(0x28); // the CPU is on its way into KVM
    };
    s.fake.show_ready = true;
    s.fake.exits = {s.guest([&] { CHECK(s.fake.requests[KVM_INTERRUPT] == 1); })};
    CHECK(s.run() == ExitReason::kicked);
    CHECK_FALSE(s.machine.apic.waiting);
}

TEST_CASE("what KVM refuses about APICs ends the machine with a sentence") {
    for (const auto& [request, name] :
         {std::pair{KVM_SET_LAPIC, "KVM_SET_LAPIC"}, std::pair{KVM_GET_LAPIC, "KVM_GET_LAPIC"},
          std::pair{KVM_SET_MP_STATE, "KVM_SET_MP_STATE"}, std::pair{KVM_GET_MP_STATE, "KVM_GET_MP_STATE"}}) {
        SplitKvm s;
        s.fake.failures[request] = -EINVAL;
        CHECK(s.run() == ExitReason::kicked);
        CHECK_THAT(s.failure(), ContainsSubstring(name));
        CHECK(s.lent().keeper == nullptr);
    }
    SplitKvm s;
    s.fake.stopped = FakeKvm::fails(EFAULT);
    CHECK(s.run() == ExitReason::kicked);
    CHECK_THAT(s.failure(), ContainsSubstring("KVM_RUN"));
}

TEST_CASE("INIT, start-up and NMI that reach a CPU outside of KVM are passed on, and its timer stays with it") {
    TwoCpus cpus;
    REQUIRE(cpus.stays[0]->begin_kvm(cpus.kicked).value());
    CHECK(cpus.first.apic.lent.timer);
    REQUIRE(cpus.second.apic.lent.keeper != nullptr);
    CHECK_FALSE(cpus.second.apic.lent.timer);
    cpus.fake.give(KVM_SET_MP_STATE, kvm_mp_state{KVM_MP_STATE_RUNNABLE});
    kvm_sregs started{};
    started.cs.base = 0x9000;
    cpus.fake.give(KVM_SET_SREGS, started);
    kvm_vcpu_events events{};
    events.nmi.pending = 1;
    cpus.fake.give(KVM_SET_VCPU_EVENTS, events);
    REQUIRE(cpus.stays[0]->begin_software());
    CHECK(cpus.second.apic.lent.keeper == nullptr);
    CHECK(cpus.second.state().events == (x86::event::init | x86::event::sipi | x86::event::nmi));
    CHECK(cpus.second.state().sipi_vector == 9);
    CHECK((cpus.first.state().events & x86::event::init) == 0);
    cpus.stays[0]->leave();
}

TEST_CASE("a CPU outside of KVM that nothing has reached stays as it was") {
    TwoCpus cpus;
    REQUIRE(cpus.stays[0]->begin_kvm(cpus.kicked).value());
    REQUIRE(cpus.stays[0]->begin_software());
    CHECK(cpus.second.state().events == 0);
    cpus.stays[0]->leave();
}

TEST_CASE("a CPU on software waits until the others have left KVM, and keeps them out") {
    TwoCpus cpus;
    REQUIRE(cpus.stays[0]->begin_kvm(cpus.kicked).value());
    CHECK_FALSE(cpus.stays[0]->is_in_the_way());
    std::atomic<bool> begun = false;
    std::thread other([&] {
        if (!cpus.stays[1]->begin_software()) return;
        begun = true;
    });
    while (!cpus.stays[0]->is_in_the_way()) std::this_thread::yield();
    CHECK_FALSE(begun);
    CHECK(cpus.first.apic.lent.keeper != nullptr);
    REQUIRE(cpus.stays[0]->begin_software());
    other.join();
    CHECK(begun);
    CHECK(cpus.first.apic.lent.keeper == nullptr);
    std::thread kicker([&] {
        cpus.kicked = true;
        cpus.stays[0]->wake();
    });
    CHECK_FALSE(cpus.stays[0]->begin_kvm(cpus.kicked).value());
    kicker.join();
    CHECK(cpus.first.apic.lent.keeper == nullptr);
    REQUIRE(cpus.stays[0]->begin_software());
    cpus.stays[0]->leave();
    cpus.stays[1]->leave();
}
