#include "accel/kvm/x86/split_irqchip.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "accel/kvm/x86/requests.hpp"

namespace orrery::kvm {
namespace {

using x86::Activity;

constexpr u32 io_apic_pins = 24;
constexpr u32 apic_base = 0x1b, tsc_deadline = 0x6e0;

// Of KVM_GET_LAPIC's page (SDM 3A table 11-1).
namespace number {
enum : u32 { spurious = 0x0f, requests = 0x20, timer = 0x32, initial_count = 0x38, current_count = 0x39 };
}
constexpr u32 masked = 1u << 16, timer_mode = 3u << 17, periodic = 1u << 17, one_shot = 0;
constexpr u32 no_end_broadcast = 1u << 12; // of the spurious-interrupt vector register

// Of a CPU that KVM isn't to run: INIT and start-up end it, and nothing else does.
constexpr u32 idle = KVM_MP_STATE_HALTED;

static_assert(sizeof(kvm_lapic_state) == sizeof(LocalApicRegisters::page));

u32 mode(const LocalApicRegisters& registers) { return registers[number::timer] & timer_mode; }

Result<LocalApicRegisters> read_page(const Vcpu& vcpu) {
    kvm_lapic_state page{};
    TRY_STATUS(vcpu.file().ask(KVM_GET_LAPIC, page, "KVM_GET_LAPIC"));
    LocalApicRegisters registers;
    std::memcpy(registers.page.data(), page.regs, sizeof page.regs);
    return registers;
}

// Whether KVM's timer may have expired between two readings. At 0 a periodic one has, and isn't loaded again yet.
bool may_have_expired(const LocalApicRegisters& before, const LocalApicRegisters& after) {
    if (before[number::initial_count] == 0 || (before[number::timer] & masked) != 0) return false;
    const u32 first = before[number::current_count], then = after[number::current_count];
    if (mode(before) == periodic) return first == 0 || then == 0 || then > first;
    return mode(before) == one_shot && first != 0 && then == 0;
}

// Of a one-shot timer's interrupt KVM reads a count of 0 from its time on, but makes a request only when the host's own
// timer has expired, which on a loaded host may be later.
bool request_may_come(const LocalApicRegisters& registers) {
    if (mode(registers) != one_shot || (registers[number::timer] & masked) != 0) return false;
    const u32 vector = registers[number::timer] & 0xff;
    const bool requested = (registers[number::requests + vector / 32] >> vector % 32 & 1) != 0;
    return registers[number::initial_count] != 0 && registers[number::current_count] == 0 && !requested;
}

// KVM would let a one-shot timer that has expired do so again, if it knew of its initial count.
bool has_expired(const LocalApicRegisters& registers) {
    return mode(registers) == one_shot && registers[number::current_count] == 0;
}

u32 activity_of(Activity activity) {
    if (activity == Activity::halted) return KVM_MP_STATE_HALTED;
    return activity == Activity::waiting_for_sipi ? KVM_MP_STATE_INIT_RECEIVED : KVM_MP_STATE_RUNNABLE;
}

Result<u32> read_activity(const Vcpu& vcpu) {
    kvm_mp_state activity{};
    TRY_STATUS(vcpu.file().ask(KVM_GET_MP_STATE, activity, "KVM_GET_MP_STATE"));
    return activity.mp_state == KVM_MP_STATE_UNINITIALIZED ? u32{KVM_MP_STATE_INIT_RECEIVED} : activity.mp_state;
}

Status write_activity(const Vcpu& vcpu, u32 activity) {
    kvm_mp_state given{activity};
    return vcpu.file().ask(KVM_SET_MP_STATE, given, "KVM_SET_MP_STATE");
}

} // namespace

Status SplitIrqchip::enable(const VirtualMachine& machine) {
    constexpr std::pair<long, std::string_view> needed[] = {{KVM_CAP_SPLIT_IRQCHIP, "SPLIT_IRQCHIP"},
                                                            {KVM_CAP_IRQ_ROUTING, "IRQ_ROUTING"},
                                                            {KVM_CAP_SIGNAL_MSI, "SIGNAL_MSI"},
                                                            {KVM_CAP_MP_STATE, "MP_STATE"}};
    for (const auto& [capability, name] : needed)
        if (machine.capability(capability) == 0)
            return error("the kernel's KVM lacks KVM_CAP_{}, which local APICs in KVM need", name);
    kvm_enable_cap split{};
    split.cap = KVM_CAP_SPLIT_IRQCHIP;
    split.args[0] = io_apic_pins;
    return machine.file().ask(KVM_ENABLE_CAP, split, "KVM_ENABLE_CAP for KVM_CAP_SPLIT_IRQCHIP");
}

Result<std::unique_ptr<SplitIrqchip::Stay>> SplitIrqchip::add(Vcpu& vcpu, x86::Processor& processor) {
    LocalInterrupts* apic = processor.configuration().interrupts;
    LendableApic* lendable = apic ? apic->lendable() : nullptr;
    if (!lendable) return error("the machine's local APICs can't be moved to KVM");
    cpus_.push_back({vcpu, processor, *lendable});
    return std::make_unique<Stay>(*this, cpus_.size() - 1);
}

// ---- messages, under the machine lock ----

bool SplitIrqchip::take(const DeviceMessage& message) {
    kvm_msi msi{};
    msi.address_lo = static_cast<u32>(message.address.value);
    msi.address_hi = static_cast<u32>(message.address.value >> 32);
    msi.data = message.data;
    const auto taken =
        machine_.file().number_of(KVM_SIGNAL_MSI, reinterpret_cast<std::uintptr_t>(&msi), "KVM_SIGNAL_MSI");
    if (!taken) failed_(taken.error());
    return taken.value_or(0) > 0;
}

// Routes of the I/O APIC's pins, by which KVM knows the vectors whose ends are exits (API document,
// KVM_CAP_SPLIT_IRQCHIP); nothing is ever sent by them.
void SplitIrqchip::follow_ends(std::span<const DeviceMessage> messages) {
    if (std::ranges::equal(messages, ends_)) return;
    ends_.assign(messages.begin(), messages.end());
    std::vector<u64> words(routing_header_words + ends_.size() * routing_entry_words);
    auto* header = reinterpret_cast<kvm_irq_routing*>(words.data());
    header->nr = static_cast<u32>(ends_.size());
    auto* entries = reinterpret_cast<kvm_irq_routing_entry*>(words.data() + routing_header_words);
    for (std::size_t pin = 0; pin < ends_.size(); ++pin) {
        entries[pin].gsi = static_cast<u32>(pin);
        entries[pin].type = KVM_IRQ_ROUTING_MSI;
        entries[pin].u.msi.address_lo = static_cast<u32>(ends_[pin].address.value);
        entries[pin].u.msi.data = ends_[pin].data;
    }
    const auto done = machine_.file().number_of(request::set_gsi_routing,
                                                reinterpret_cast<std::uintptr_t>(words.data()), "KVM_SET_GSI_ROUTING");
    if (!done) failed_(done.error());
}

// ---- all APICs to KVM and back ----

Status SplitIrqchip::give_all() {
    const MachineEntry entry(lock_);
    for (Cpu& cpu : cpus_) cpu.given = cpu.apic.lend(*this, cpu.place != Place::elsewhere);
    lent_ = true;
    for (Cpu& cpu : cpus_) TRY_STATUS(give(cpu));
    return {};
}

Status SplitIrqchip::give(Cpu& cpu) {
    LocalApicRegisters registers = cpu.given;
    if (has_expired(registers)) registers[number::initial_count] = 0;
    msrs_.clear();
    msrs_.add(apic_base, registers.base);
    TRY_STATUS(msrs_.write(cpu.vcpu));
    kvm_lapic_state page{};
    std::memcpy(page.regs, registers.page.data(), sizeof page.regs);
    TRY_STATUS(cpu.vcpu.file().ask(KVM_SET_LAPIC, page, "KVM_SET_LAPIC"));
    msrs_.clear();
    msrs_.add(tsc_deadline, registers.tsc_deadline);
    TRY_STATUS(msrs_.write(cpu.vcpu));
    if (cpu.place != Place::elsewhere) return {};
    const u32 activity = activity_of(cpu.processor.core().state().activity);
    cpu.given_activity = activity == KVM_MP_STATE_INIT_RECEIVED ? activity : idle;
    return write_activity(cpu.vcpu, cpu.given_activity);
}

// If KVM refuses one, it is as it was.
Status SplitIrqchip::take_all() {
    const MachineEntry entry(lock_);
    Status all;
    for (Cpu& cpu : cpus_) {
        const auto registers = take(cpu);
        if (!registers) all = std::unexpected(registers.error());
        cpu.apic.take_back(registers ? *registers : cpu.given);
    }
    lent_ = false;
    return all;
}

Result<LocalApicRegisters> SplitIrqchip::take(Cpu& cpu) {
    const bool in_kvm = cpu.place != Place::elsewhere;
    if (!in_kvm) TRY_STATUS(pass_on_events(cpu));
    LocalApicRegisters registers = TRY(in_kvm ? read_settled(cpu) : read_page(cpu.vcpu));
    if (registers[number::initial_count] == 0 && has_expired(registers) && has_expired(cpu.given))
        registers[number::initial_count] = cpu.given[number::initial_count];
    msrs_.clear();
    msrs_.add(apic_base);
    msrs_.add(tsc_deadline);
    TRY_STATUS(msrs_.read(cpu.vcpu));
    registers.base = msrs_.entries()[0].data;
    registers.tsc_deadline = msrs_.entries()[1].data;
    return registers;
}

// Until no timer's interrupt can still be on its way, or has been for longer than the host's timers are late. A
// one-shot timer that has expired is given to KVM as none, so it is waited for no more than once.
Result<LocalApicRegisters> SplitIrqchip::read_settled(Cpu& cpu) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds latest(5);
    constexpr u32 fewest_attempts = 20; // however loaded the host is
    const Clock::time_point begun = Clock::now();
    LocalApicRegisters before = TRY(read_page(cpu.vcpu));
    for (u32 attempt = 1;; ++attempt) {
        TRY_STATUS(settle(cpu));
        LocalApicRegisters after = TRY(read_page(cpu.vcpu));
        const bool on_its_way = may_have_expired(before, after) || request_may_come(after);
        if (!on_its_way || (attempt >= fewest_attempts && Clock::now() - begun > latest)) return after;
        before = after;
    }
}

// Twice, since a halt may end by the first run, and only then an interrupt of the 8259s goes on its way.
Status SplitIrqchip::settle(Cpu& cpu) {
    for (u32 run = 0; run < 2; ++run) {
        const int failure = cpu.vcpu.settle();
        if (failure == 0 && cpu.vcpu.shared().exit_reason == KVM_EXIT_IOAPIC_EOI)
            TRY_STATUS(tell_end(cpu));
        else if (failure != 0 && failure != EINTR && failure != EAGAIN)
            return error("KVM_RUN: {}", errno_text(failure));
    }
    return {};
}

// KVM tells of all ends; a guest may have switched that off, and tell the I/O APIC itself (SDM 3A 11.8.5).
Status SplitIrqchip::tell_end(Cpu& cpu) {
    const LocalApicRegisters registers = TRY(read_page(cpu.vcpu));
    if ((registers[number::spurious] & no_end_broadcast) == 0) cpu.apic.tell_end(cpu.vcpu.shared().eoi.vector);
    return {};
}

// What other CPUs have sent to one that wasn't in KVM and is no request of its APIC's.
Status SplitIrqchip::pass_on_events(Cpu& cpu) {
    const u32 activity = TRY(read_activity(cpu.vcpu));
    if (activity != cpu.given_activity && cpu.given_activity == idle) cpu.processor.init();
    if (activity == KVM_MP_STATE_RUNNABLE && !cpu.processor.configuration().bootstrap) {
        kvm_sregs system{};
        TRY_STATUS(cpu.vcpu.file().ask(KVM_GET_SREGS, system, "KVM_GET_SREGS"));
        cpu.processor.start_up(static_cast<u8>(system.cs.base >> page_shift));
    }
    kvm_vcpu_events events{};
    TRY_STATUS(cpu.vcpu.file().ask(KVM_GET_VCPU_EVENTS, events, "KVM_GET_VCPU_EVENTS"));
    if (events.nmi.pending != 0) cpu.processor.nmi();
    return {};
}

// ---- who is where ----

void SplitIrqchip::changed() {
    ++changes_;
    changes_.notify_all();
}

// With the mutex, which it gives back while it waits.
void SplitIrqchip::wait_until(const auto& holds) {
    while (!holds()) {
        const u32 seen = changes_;
        if (holds()) return;
        mutex_.unlock();
        changes_.wait(seen);
        mutex_.lock();
    }
}

Status SplitIrqchip::Stay::begin_software() {
    const std::lock_guard guard(irqchip_.mutex_);
    if (cpu().place == Place::kvm) --irqchip_.on_kvm_;
    if (cpu().place == Place::kvm) cpu().place = Place::before_kvm;
    ++irqchip_.wanted_;
    irqchip_.changed();
    for (Cpu& other : irqchip_.cpus_)
        if (other.place == Place::kvm) other.vcpu.kick();
    irqchip_.wait_until([this] { return irqchip_.on_kvm_ == 0; });
    const Status taken = irqchip_.lent_ ? irqchip_.take_all() : Status{};
    --irqchip_.wanted_;
    ++irqchip_.on_software_;
    cpu().place = Place::elsewhere;
    irqchip_.changed();
    return taken;
}

Result<bool> SplitIrqchip::Stay::begin_kvm(const std::atomic<bool>& kicked) {
    const std::lock_guard guard(irqchip_.mutex_);
    --irqchip_.on_software_;
    cpu().place = Place::before_kvm;
    irqchip_.changed();
    irqchip_.wait_until([&] { return kicked || (irqchip_.on_software_ == 0 && irqchip_.wanted_ == 0); });
    if (kicked) return false;
    if (!irqchip_.lent_) TRY_STATUS(irqchip_.give_all());
    cpu().place = Place::kvm;
    ++irqchip_.on_kvm_;
    return true;
}

void SplitIrqchip::Stay::leave() {
    const std::lock_guard guard(irqchip_.mutex_);
    --irqchip_.on_software_;
    irqchip_.changed();
}

Status SplitIrqchip::Stay::give_activity() {
    return write_activity(cpu().vcpu, activity_of(cpu().processor.core().state().activity));
}

Status SplitIrqchip::Stay::take_activity() {
    const u32 activity = TRY(read_activity(cpu().vcpu));
    cpu().processor.core().state().activity = activity == KVM_MP_STATE_HALTED          ? Activity::halted
                                              : activity == KVM_MP_STATE_INIT_RECEIVED ? Activity::waiting_for_sipi
                                                                                       : Activity::running;
    return {};
}

Status SplitIrqchip::Stay::tell_end() {
    const MachineEntry entry(irqchip_.lock_);
    return SplitIrqchip::tell_end(cpu());
}

} // namespace orrery::kvm
