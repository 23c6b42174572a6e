#include "cpu/x86/processor.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/interrupts.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/stack_references.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

constexpr ir::GuestDescription make_description(std::span<const ir::Slot> slots, std::span<const u16> hot,
                                                std::span<const ir::HelperInfo> helpers) {
    return {.name = "x86-64",
            .slots = slots,
            .pc_slot = slot::pc,
            .hot_slots = hot,
            .helpers = helpers,
            .float_control = slot::mxcsr};
}

} // namespace

// Vectors by VEX need the operating system's consent; without descriptors there is no VEX (SDM 2A, 2.3.1).
Features features_in(const Mode& mode, Features features) {
    constexpr Features vectors{Feature::avx, Feature::avx2, Feature::fma, Feature::f16c};
    const bool has_vex = mode.protected_mode && !mode.virtual_8086;
    if (!has_vex || !mode.avx) features = features.without(vectors);
    return features;
}

const ir::GuestDescription& Processor::guest_description() {
    static const ir::GuestDescription description = make_description(slots(), hot_slots(), helper_table());
    return description;
}

Processor::Processor(State& state, CpuEnvironment& environment, ProcessorConfiguration configuration)
    : core_(state, environment.memory()), configuration_(std::move(configuration)), features_(configuration_.features),
      clock_(environment.clock()), tsc_(configuration_.tsc_hz) {}

Identity Processor::identity() const {
    return {.features = features_,
            .model = configuration_.model,
            .apic_id = configuration_.apic_id,
            .cpus = configuration_.cpus,
            .tsc_hz = configuration_.tsc_hz,
            .apic_enabled = configuration_.interrupts && configuration_.interrupts->enabled(),
            .paravirtual_clock = configuration_.paravirtual_clock != nullptr};
}

void Processor::set_tsc_offset(u64 offset) {
    core_.state().tsc_offset = offset;
    core_.services().run_waiting([&] {
        if (configuration_.interrupts) configuration_.interrupts->set_tsc_offset(offset);
        if (configuration_.paravirtual_clock)
            configuration_.paravirtual_clock->set_tsc_offset(configuration_.apic_id, offset);
    });
}

void Processor::reset() {
    core_.state() = {};
    core_.state().r[gpr::rdx] = signature;
    set_tsc_offset(0);
    arm_breakpoints(core_);
    if (!configuration_.bootstrap) core_.state().activity = Activity::waiting_for_sipi;
}

void Processor::state(StateVisitor& visitor) { visit_fields(visitor, core_.state()); }

void Processor::set_entry(u64 pc, std::span<const u64> arguments) {
    constexpr std::array order{gpr::rdi, gpr::rsi, gpr::rdx, gpr::rcx};
    for (std::size_t i = 0; i < std::min(arguments.size(), order.size()); ++i) core_.state().r[order[i]] = arguments[i];
    core_.state().pc = pc;
}

void Processor::raise(Fault fault) {
    core_.state().activity = Activity::running;
    core_.state().pending_debug = 0; // of an instruction that isn't completed
    const bool bad_address = fault.code == general_protection().code && !core_.canonical(fault.value);
    if (bad_address && core_.code64() && refers_to_stack(core_, features_in(Mode::of(core_), features_), fault.value))
        fault = exception(vector::ss, 0);
    if (raise_exception(core_, fault, refused_)) return;
    tell_shutdown();
    if (configuration_.shut_down) configuration_.shut_down();
}

u64 Processor::pending_events() const {
    // std::atomic_ref takes no const object before C++26.
    return std::atomic_ref(const_cast<u64&>(core_.state().events)).load(std::memory_order_acquire);
}

void Processor::latch(u64 events) {
    std::atomic_ref(core_.state().events).fetch_or(events, std::memory_order_acq_rel);
    core_.services().notice_interrupt();
}

void Processor::set_interrupt(bool deliverable) {
    if (deliverable) return latch(event::interrupt);
    std::atomic_ref(core_.state().events).fetch_and(~event::interrupt, std::memory_order_acq_rel);
}

void Processor::set_irq(u32 pin, bool level) {
    if (pin == ignne_pin && level) return latch(event::ignne);
    if (pin != a20_pin) return;
    if (!level) return latch(event::a20_masked);
    std::atomic_ref(core_.state().events).fetch_and(~event::a20_masked, std::memory_order_acq_rel);
    core_.services().notice_interrupt();
}

// What was translated through the closed gate, or the open one, isn't valid any more.
void Processor::follow_a20(u64 events) {
    const bool open = (events & event::a20_masked) == 0;
    if (open == core_.state().a20) [[likely]]
        return;
    core_.state().a20 = open;
    core_.services().flush_all();
    core_.services().context_changed();
}

void Processor::follow_ignne(u64 events) {
    if ((events & event::ignne) == 0) [[likely]]
        return;
    State& state = core_.state();
    std::atomic_ref(state.events).fetch_and(~event::ignne, std::memory_order_acq_rel);
    state.ignne = (state.x87.status & x87_status::summary) != 0;
}

void Processor::start_up(u8 vector) {
    // Whoever doesn't wait for it never hears of it. After INIT there is no need to wait until the CPU has taken that.
    const bool waits = std::atomic_ref(core_.state().activity).load() == Activity::waiting_for_sipi;
    if (!waits && (pending_events() & event::init) == 0) return;
    std::atomic_ref(core_.state().sipi_vector).store(vector, std::memory_order_release);
    latch(event::sipi);
}

// Behind a load of SS they wait for one instruction (SDM 3A 6.8.3).
std::optional<Fault> Processor::pending_trap() const {
    const State& state = core_.state();
    if (state.pending_debug == 0 || state.interrupt_shadow == shadow_of_stack) return std::nullopt;
    return debug_exception(state.pending_debug);
}

std::optional<Fault> Processor::breakpoint_fault() const {
    const State& state = core_.state();
    const bool inhibited = state.interrupt_shadow == shadow_of_stack; // SDM 3B 17.3.1.1
    if (inhibited || (state.rflags & flag::resume) != 0) return std::nullopt;
    const u64 found = instruction_breakpoints(state, state.pc);
    if (found == 0) return std::nullopt;
    return debug_exception(found);
}

void Processor::note_access(u64 address, u64 size_bytes, bool write) {
    core_.state().pending_debug |= data_breakpoints(core_.state(), address, size_bytes, write);
}

void Processor::restored() {
    arm_breakpoints(core_);
    if (configuration_.interrupts) set_interrupt(configuration_.interrupts->deliverable());
}

bool Processor::wakes() const {
    const State& state = core_.state();
    const u64 events = pending_events();
    if ((events & event::init) != 0) return true;
    if (state.activity == Activity::waiting_for_sipi) return (events & event::sipi) != 0;
    if (state.activity == Activity::shut_down) return false;
    if ((events & event::nmi) != 0 && !state.nmi_blocked) return true;
    return (events & event::interrupt) != 0 && (state.rflags & flag::interrupt) != 0 && state.interrupt_shadow == 0;
}

// SDM 3A table 9-1: what INIT leaves as it is.
void Processor::take_init() {
    State& state = core_.state();
    const State before = state;
    // All but what comes from outside, which may change at any time and stands at the end.
    static_assert(std::is_trivially_copyable_v<State> && offsetof(State, sipi_vector) > offsetof(State, events));
    const State fresh;
    std::memcpy(static_cast<void*>(&state), &fresh, offsetof(State, events));
    state.r[gpr::rdx] = signature;
    state.cr0 |= before.cr0 & (cr0::cd | cr0::nw);
    state.xmm = before.xmm;
    state.ymm_high = before.ymm_high;
    state.mxcsr = before.mxcsr;
    state.x87 = before.x87;
    state.mtrrs = before.mtrrs;
    state.pat = before.pat;
    state.tsc_offset = before.tsc_offset;
    state.tsc_adjust = before.tsc_adjust;
    state.a20 = before.a20;
    std::atomic_ref(state.activity).store(configuration_.bootstrap ? Activity::running : Activity::waiting_for_sipi);
    std::atomic_ref(state.events).fetch_and(~(event::init | event::nmi), std::memory_order_acq_rel);
    if (ParavirtualClock* clock = configuration_.paravirtual_clock)
        core_.services().run_waiting([&] { clock->init(configuration_.apic_id); });
    core_.services().flush_all();
    core_.services().context_changed();
    restored();
}

bool Processor::take_start_up() {
    State& state = core_.state();
    if (state.activity != Activity::waiting_for_sipi) return false;
    const u8 vector = std::atomic_ref(state.sipi_vector).load(std::memory_order_acquire);
    state.activity = Activity::running;
    state.segment(Segment::cs).selector = static_cast<u16>(vector << 8);
    state.segment(Segment::cs).base = u64{vector} << 12;
    core_.set_rip(0);
    core_.services().context_changed();
    return true;
}

void Processor::deliver_event(u8 vector) {
    State& state = core_.state();
    state.activity = Activity::running;
    last_interrupt_ = vector;
    const auto delivered = deliver(core_, {.kind = EventKind::external, .vector = vector, .return_rip = core_.rip()});
    if (!delivered) raise(delivered.error());
}

bool Processor::take_interrupt_vector() {
    if (!configuration_.interrupts) return false;
    std::optional<u8> vector;
    core_.services().run_waiting([&] { vector = configuration_.interrupts->acknowledge(); });
    if (!vector) return false;
    deliver_event(*vector);
    return true;
}

// In the order of SDM 3A table 6-2.
bool Processor::take_interrupt() {
    State& state = core_.state();
    follow_a20(pending_events());
    follow_ignne(pending_events());
    if (state.pending_debug == 0 && !wakes()) [[likely]]
        return false;
    const auto take = [&](u64 bit) {
        return (std::atomic_ref(state.events).fetch_and(~bit, std::memory_order_acq_rel) & bit) != 0;
    };
    if ((pending_events() & event::init) != 0) {
        take_init();
        return true;
    }
    if (take(event::sipi)) return take_start_up();
    if (const auto trap = pending_trap()) {
        raise(*trap);
        return true;
    }
    if (!wakes()) return false;
    if (!state.nmi_blocked && take(event::nmi)) {
        deliver_event(vector::nmi);
        state.nmi_blocked = true;
        return true;
    }
    return take_interrupt_vector();
}

} // namespace orrery::x86
