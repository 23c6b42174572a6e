#include "accel/kvm/x86/kvm_cpu.hpp"

#include <cerrno>

#include "accel/dbt/translator.hpp"
#include "cpu/x86/interrupts.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::kvm {
namespace {

log::TracePoint trace_fallback{"kvm.fallback"};

// What KVM couldn't run seldom stands alone, and giving and taking the state costs as much as many instructions.
constexpr u32 fallback_instructions = 32;
constexpr u64 hand_over_instructions = 1000;

// What has come from outside and is no mere interrupt is for the software CPU to take. A start-up message counts only
// for a CPU that waits for it, and that doesn't run here.
constexpr u64 events_for_software = x86::event::init | x86::event::ignne;

} // namespace

KvmCpu::KvmCpu(std::unique_ptr<dbt::DbtCpu> software, x86::Processor& processor, dbt::Translator& translator,
               std::unique_ptr<Vcpu> vcpu, StateTransfer transfer, Shared shared,
               std::unique_ptr<SplitIrqchip::Stay> stay)
    : Cpu(software->name()), software_(std::move(software)), processor_(processor), translator_(translator),
      vcpu_(std::move(vcpu)), transfer_(std::move(transfer)), time_stamp_(*vcpu_, shared.options.facts.time_stamp_set),
      shared_(shared), stay_(std::move(stay)) {
    on_attention({});
}

void KvmCpu::restored() {
    software_->restored();
    slots_are_stale_ = !shared_.options.facts.table_edits_seen;
}

void KvmCpu::kick() {
    kicked_ = true;
    if (stay_) stay_->wake();
    software_->kick(); // which also calls for attention
}

// Whatever the processor has to look at, the software CPU is told; KVM has to stop for it, too.
void KvmCpu::on_attention(std::function<void()> callback) {
    software_->on_attention([this, callback = std::move(callback)] {
        vcpu_->kick();
        if (callback) callback();
    });
}

void KvmCpu::record_all_transfers() {
    records_ = true;
    software_->record_all_transfers();
}

void KvmCpu::set_breakpoints(std::span<const u64> addresses) {
    has_breakpoints_ = !addresses.empty();
    software_->set_breakpoints(addresses);
}

void KvmCpu::set_watches(std::span<const Watch> watches) {
    watched_ = !watches.empty();
    software_->set_watches(watches);
}

void KvmCpu::set_trace(TraceSink* sink, const TraceFilter& filter) {
    traced_ = sink != nullptr;
    software_->set_trace(sink, filter);
}

// What has to cross is where it belongs: the state was taken back when run() returned.
Status KvmCpu::use_engine(EngineKind engine) {
    if (engine != EngineKind::kvm) TRY_STATUS(software_->use_engine(engine));
    accelerated_ = engine == EngineKind::kvm;
    return {};
}

ExitReason KvmCpu::step(bool heed_watches) { return software_->step(heed_watches); }

std::vector<EngineCounter> KvmCpu::counters() const {
    std::vector<EngineCounter> all{{"KVM exits", counts_.exits},
                                   {"KVM port exits", counts_.port_exits},
                                   {"KVM memory exits", counts_.memory_exits},
                                   {"KVM kicks", counts_.kicks},
                                   {"KVM interrupts", counts_.interrupts},
                                   {"fallbacks", counts_.fallbacks},
                                   {"fallback instructions", counts_.fallback_instructions},
                                   {"hand-overs", counts_.hand_overs},
                                   {"full dirty rings", counts_.full_rings},
                                   {"dirty pages", shared_.dirty_pages.told(), true},
                                   {"KVM doorbells", shared_.doorbells ? shared_.doorbells->answered() : 0, true}};
    for (const EngineCounter& counter : software_->counters()) all.push_back(counter);
    return all;
}

u64 KvmCpu::events() const { return std::atomic_ref(processor_.core().state().events).load(std::memory_order_acquire); }

// A timer that KVM keeps is none of the machine's.
Standstill KvmCpu::standstill() const {
    const Standstill found = software_->standstill();
    return found.timer && stay_ && stay_->timer_counts() ? Standstill{} : found;
}

// What KVM can't see, or couldn't stop at.
bool KvmCpu::for_software(u64 budget) const {
    return !accelerated_ || budget != ~u64{0} || traced_ || watched_ || has_breakpoints_ || records_;
}

ExitReason KvmCpu::run(u64 budget) {
    if (failed_) return ExitReason::kicked;
    follow_host_time();
    return for_software(budget) ? run_software(budget) : run_accelerated();
}

ExitReason KvmCpu::run_software(u64 budget) {
    const ExitReason reason = run_translated(budget);
    if (reason == ExitReason::kicked) kicked_ = false;
    return reason;
}

// No translation of what KVM's guests have stored to meanwhile is left.
ExitReason KvmCpu::run_translated(u64 budget) {
    software_ran_ = true;
    if (!shared_.dirty_pages.begin_translated()) translator_.flush();
    const ExitReason reason = software_->run(budget);
    shared_.dirty_pages.end_translated();
    return reason;
}

ExitReason KvmCpu::run_accelerated() {
    time_is_stale_ = true;
    if (!stay_) return run_by_turns();
    ExitReason reason = ExitReason::kicked;
    if (const Status begun = stay_->begin_software(); begun)
        reason = run_by_turns();
    else
        fail(begun.error().message());
    stay_->leave();
    return reason;
}

// With APICs of its own KVM knows what ends a halt.
bool KvmCpu::waits_in_kvm(ExitReason taken) const {
    return stay_ && taken == ExitReason::halted && !software_->shut_down();
}

ExitReason KvmCpu::run_by_turns() {
    while (!kicked_.exchange(false)) {
        // Takes what is pending, and executes nothing.
        const ExitReason taken = software_->run(0);
        if (taken == ExitReason::kicked) continue;
        if (taken != ExitReason::deadline && !waits_in_kvm(taken)) return taken;
        if (!processor_.core().state().a20) {
            fall_back();
            continue;
        }
        if (!enter()) break;
        Next next = begin();
        while (next == Next::run) next = run_vcpu();
        if (next == Next::software) next = finish_instruction();
        if (!leave() || next == Next::failed) break;
        if (next == Next::halted) halt();
        if (next == Next::fallback) fall_back();
        if (next == Next::hand_over) hand_over();
        if (next == Next::shutdown) end_in_shutdown();
    }
    return ExitReason::kicked;
}

// Where guests see the host's counter under KVM they see it under every engine. It goes on while the machine is paused:
// there the guest's time jumps, since nothing can hold it.
void KvmCpu::follow_host_time() {
    if (time_stamp_.can_be_set()) return;
    const u64 offset = TimeStamp::offset_of_host(processor_, shared_.environment.clock());
    if (offset == processor_.core().state().tsc_offset) return;
    software_->inside([&] { processor_.set_tsc_offset(offset); });
}

// An event that KVM has given back ends the halt before it begins.
void KvmCpu::halt() {
    x86::State& state = processor_.core().state();
    state.interrupt_shadow = 0;
    state.activity = x86::Activity::halted;
}

// Some hosts don't notice what translated code stores to page tables.
void KvmCpu::forget_software_run() {
    if (!std::exchange(software_ran_, false)) return;
    const bool paging = (processor_.core().state().cr0 & x86::cr0::pg) != 0;
    if (paging && !shared_.options.facts.table_edits_seen) slots_are_stale_ = true;
}

bool KvmCpu::enter() {
    forget_software_run();
    if (std::exchange(slots_are_stale_, false)) shared_.dirty_pages.renew_slots();
    const LocalInterrupts* apic = processor_.configuration().interrupts;
    Status given = transfer_.give(*vcpu_, processor_.core(), apic ? apic->task_priority() : 0);
    if (given && std::exchange(time_is_stale_, false))
        given = time_stamp_.give(*vcpu_, processor_, shared_.environment.clock());
    if (!given) return fail(given.error().message()) == Next::run;
    window_open_ = false; // until KVM says so
    shared_.dirty_pages.begin_run();
    return true;
}

// Where the APICs are KVM's it must have the registers first: they are about both.
KvmCpu::Next KvmCpu::begin() {
    if (!stay_) return Next::run;
    Status ready = transfer_.settle(*vcpu_);
    if (ready) ready = stay_->give_activity();
    const Result<bool> begun = ready ? stay_->begin_kvm(kicked_) : std::unexpected(ready.error());
    if (!begun) return fail(begun.error().message());
    if (!*begun) return Next::software;
    // A CPU that KVM finds halted doesn't come to tell whether it takes an interrupt of the 8259s.
    if (processor_.halted()) {
        vcpu_->finish_instruction();
        window_open_ = vcpu_->shared().ready_for_interrupt_injection != 0;
    }
    return Next::run;
}

bool KvmCpu::leave() {
    if (stay_) {
        Status ended = stay_->begin_software();
        if (ended) ended = stay_->take_activity();
        if (!ended) return fail(ended.error().message()) == Next::run;
    }
    const auto pending = transfer_.take(*vcpu_, processor_.core(), shared_.environment.memory());
    shared_.dirty_pages.end_run();
    if (shared_.doorbells) shared_.doorbells->answer();
    if (!pending) return fail(pending.error().message()) == Next::run;
    software_->inside([&] {
        software_->flush_all();
        software_->context_changed();
        if (*pending) deliver(**pending);
    });
    return true;
}

// What KVM has begun the software CPU ends. Of instructions that raise an interrupt by themselves nothing was begun:
// RIP is still at them.
void KvmCpu::deliver(const PendingEvent& pending) {
    x86::Core& core = processor_.core();
    x86::State& state = core.state();
    const bool raised_by_instruction = pending.kind == PendingEvent::Kind::software_interrupt ||
                                       (pending.kind == PendingEvent::Kind::exception &&
                                        (pending.vector == x86::vector::bp || pending.vector == x86::vector::of));
    if (raised_by_instruction) return;
    if (pending.kind == PendingEvent::Kind::exception) {
        if (pending.vector == x86::vector::pf)
            processor_.raise(x86::page_fault(state.cr2, pending.error_code.value_or(0)));
        else
            processor_.raise(pending.error_code ? x86::exception(pending.vector, *pending.error_code)
                                                : x86::exception(pending.vector));
    } else {
        const auto delivered = x86::deliver(
            core,
            {.kind = x86::EventKind::external, .vector = pending.vector, .error_code = {}, .return_rip = core.rip()});
        if (pending.kind == PendingEvent::Kind::nmi) state.nmi_blocked = true;
        if (!delivered) processor_.raise(delivered.error());
    }
    software_->context_changed();
}

KvmCpu::Next KvmCpu::run_vcpu() {
    kvm_run& exit = vcpu_->shared();
    vcpu_->arm();
    const Next first = prepare();
    if (first != Next::run) {
        vcpu_->disarm();
        return first;
    }
    LocalInterrupts* apic = processor_.configuration().interrupts;
    const u8 task_priority = apic ? apic->task_priority() : 0;
    exit.cr8 = task_priority;
    const int failure = vcpu_->run();
    vcpu_->disarm();
    if (!shared_.dirty_pages.exited()) translator_.flush();
    window_open_ = exit.ready_for_interrupt_injection != 0 && exit.kvm_dirty_regs == 0;
    if (apic && !stay_ && exit.cr8 != task_priority) apic->set_task_priority(static_cast<u8>(exit.cr8 & 15));
    if (failure == EINTR || failure == EAGAIN) {
        ++counts_.kicks;
        return Next::run;
    }
    if (failure == EINVAL && (exit.kvm_dirty_regs & KVM_SYNC_X86_SREGS) != 0)
        return fail("KVM_RUN: the host refuses the system registers that it is given");
    if (failure != 0) return fail(fmt::format("KVM_RUN: {}", errno_text(failure)));
    ++counts_.exits;
    const Next next = handle_exit();
    return next == Next::run ? as_tests_want() : next;
}

KvmCpu::Next KvmCpu::as_tests_want() {
    const auto due = [&](u64 every) { return every != 0 && counts_.exits % every == 0; };
    const bool falls_back = due(shared_.options.fallback_every), hands_over = due(shared_.options.hand_over_every);
    if (!falls_back && !hands_over) return Next::run;
    const Next finished = finish_instruction();
    if (finished != Next::software) return finished;
    return hands_over ? Next::hand_over : Next::fallback;
}

// What has to be looked at before the vCPU runs. Armed: what comes later ends the run.
KvmCpu::Next KvmCpu::prepare() {
    const x86::State& state = processor_.core().state();
    const u64 now = events();
    const bool a20_open = (now & x86::event::a20_masked) == 0;
    if (stay_ && stay_->is_in_the_way()) return Next::software;
    if (kicked_ || failed_ || (now & events_for_software) != 0 || a20_open != state.a20) return Next::software;
    if ((now & x86::event::nmi) != 0) {
        std::atomic_ref(processor_.core().state().events).fetch_and(~x86::event::nmi, std::memory_order_acq_rel);
        if (const Status given = transfer_.give_nmi(*vcpu_); !given) return fail(given.error().message());
    }
    vcpu_->shared().request_interrupt_window = 0;
    return (now & x86::event::interrupt) != 0 ? offer_interrupt() : Next::run;
}

KvmCpu::Next KvmCpu::offer_interrupt() {
    if (std::exchange(window_open_, false)) {
        const auto vector = processor_.configuration().interrupts->acknowledge();
        if (!vector) return Next::run;
        kvm_interrupt interrupt{};
        interrupt.irq = *vector;
        const Status given = vcpu_->file().ask(KVM_INTERRUPT, interrupt, "KVM_INTERRUPT");
        if (!given) return fail(given.error().message());
        ++counts_.interrupts;
    }
    // There may be another one behind it.
    vcpu_->shared().request_interrupt_window = (events() & x86::event::interrupt) != 0;
    return Next::run;
}

// `software`, or what else came up: an instruction's end may need further exits.
KvmCpu::Next KvmCpu::finish_instruction() {
    if (const Status settled = transfer_.settle(*vcpu_); !settled) return fail(settled.error().message());
    Next next = Next::run;
    vcpu_->arm();
    while (next == Next::run) {
        const int failure = vcpu_->finish_instruction();
        if (failure == EINTR)
            next = Next::software;
        else if (failure != 0)
            next = fail(fmt::format("KVM_RUN: {}", errno_text(failure)));
        else
            next = handle_exit();
    }
    vcpu_->disarm();
    return next;
}

void KvmCpu::fall_back() {
    ++counts_.fallbacks;
    trace_fallback("{}: {} instructions at most from {:#x}", name(), fallback_instructions, pc());
    for (u32 i = 0; i < fallback_instructions && !processor_.halted(); ++i) {
        ++counts_.fallback_instructions;
        if (software_->step(false) != ExitReason::deadline) break;
    }
}

void KvmCpu::hand_over() {
    ++counts_.hand_overs;
    // A kick is seen when it has come back, and a halt found again.
    run_translated(hand_over_instructions);
}

// The third fault in a row. The software CPU executes the instruction again, which tells why. If it doesn't fault
// there, either KVM was wrong, which only limited hosts' is, or it has lost the state, as AMD's processors do.
void KvmCpu::end_in_shutdown() {
    if (!processor_.shut_down()) fall_back();
    if (processor_.shut_down() || judge(shared_.options.facts).host_class == HostClass::limited) return;
    processor_.core().state().activity = x86::Activity::shut_down;
    if (processor_.configuration().shut_down) processor_.configuration().shut_down();
}

KvmCpu::Next KvmCpu::fail(std::string why) {
    if (!failed_.exchange(true) && shared_.options.failed)
        shared_.options.failed(Error(fmt::format("{} can't go on under KVM: {}", name(), why)));
    return Next::failed;
}

} // namespace orrery::kvm
