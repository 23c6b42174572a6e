// One x86-64 CPU as the translator's frontend. It joins the parts of this folder: state, address translation, segments,
// interrupts and the translators (translate_*.cpp). Runs on its vCPU's thread; set_irq() may be called from any.
#pragma once

#include <functional>
#include <string>

#include "cpu/frontend.hpp"
#include "cpu/x86/core.hpp"
#include "cpu/x86/debug_view.hpp"
#include "cpu/x86/decode.hpp"
#include "cpu/x86/interrupts.hpp"
#include "cpu/x86/mode.hpp"
#include "cpu/x86/model.hpp"
#include "cpu/x86/paravirtual_clock.hpp"
#include "machine/fabric/frequency.hpp"
#include "machine/fabric/local_interrupts.hpp"

namespace orrery::x86 {

struct ProcessorConfiguration {
    Features features;
    std::string_view model = "x86-64-v2";
    u32 apic_id = 0;
    u32 cpus = 1;
    u64 tsc_hz = 1'000'000'000;
    bool bootstrap = true;                 // runs after a reset; the others wait for a start-up message
    LocalInterrupts* interrupts = nullptr; // outlives the processor; without one there are no interrupts
    // Outlives the processor, which it knows by `apic_id`; without one there are no registers of it.
    ParavirtualClock* paravirtual_clock = nullptr;
    // The third fault in a row: boards reset the machine.
    std::function<void()> shut_down{};
    // What RDRAND and RDSEED give, as deterministic as the machine has to be; without it they say that there is
    // nothing.
    std::function<u64()> random{};
    // FERR#, with CR0.NE clear: an x87 instruction waits for an interrupt, whose handler asserts IGNNE#. On the CPU's
    // thread, without the machine lock. Without this function there is #MF.
    std::function<void()> floating_point_error{};
};

class Processor final : public Frontend, public LocalInterruptSink {
public:
    // `state` must lie where the engine's translated code expects it, and outlive the processor.
    Processor(State& state, CpuEnvironment& environment, ProcessorConfiguration configuration);

    void attach(EngineServices& services) override { core_.attach(services); }
    [[nodiscard]] const ir::GuestDescription& description() const override { return guest_description(); }
    [[nodiscard]] std::string_view type() const override { return "x86-processor"; }
    static const ir::GuestDescription& guest_description();

    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;
    // At `pc` in 64-bit mode's boot convention for kernels: arguments in RDI, RSI, RDX and RCX.
    void set_entry(u64 pc, std::span<const u64> arguments) override;

    [[nodiscard]] u64 pc() const override { return core_.state().pc; }
    [[nodiscard]] ir::BlockKey key() const override { return {core_.state().pc, Mode::of(core_).pack()}; }
    // In translate.cpp.
    void translate(ir::BlockKey key, CodeReader& code, u32 limit, ir::Builder& builder) override;

    [[nodiscard]] AddressContext address_context() const override { return core_.mmu().context(); }
    std::expected<Translation, Fault> translate_address(GuestVirtual address, MemoryAction action,
                                                        u8 mmu_index) override {
        return core_.mmu().translate(address.value, action, mmu_index);
    }
    [[nodiscard]] Fault bus_fault(GuestVirtual, MemoryAction) const override { return exception(vector::gp, 0); }
    [[nodiscard]] Fault alignment_fault(GuestVirtual, MemoryAction) const override { return exception(vector::ac, 0); }
    [[nodiscard]] bool bus_is_open() const override { return true; }
    [[nodiscard]] std::optional<GuestPhysical> local_page() const override {
        return configuration_.interrupts ? configuration_.interrupts->register_page() : std::nullopt;
    }
    u64 read_local(u64 offset, Width width) override { return configuration_.interrupts->read_register(offset, width); }
    void write_local(u64 offset, u64 value, Width width) override {
        configuration_.interrupts->write_register(offset, value, width);
    }
    [[nodiscard]] Reservation& reservation() override { return reservation_; }

    void raise(Fault fault) override;
    bool take_interrupt() override;
    [[nodiscard]] u64 last_interrupt() const override { return last_interrupt_; }
    [[nodiscard]] bool halted() const override { return core_.state().activity != Activity::running; }
    [[nodiscard]] bool wakes() const override;
    // The A20M# pin, by what it does: high lets address line 20 through. Interrupts come through the local APIC.
    static constexpr u32 a20_pin = 0;
    // IGNNE#, which boards assert in answer to floating_point_error. Its end needs no telling: it goes with the
    // exception.
    static constexpr u32 ignne_pin = 1;
    void set_irq(u32 pin, bool level) override;

    [[nodiscard]] std::optional<Fault> pending_trap() const override;
    [[nodiscard]] std::optional<Fault> breakpoint_fault() const override;
    // Not descriptors and the like, which the processor itself reads.
    [[nodiscard]] bool watches_accesses(u8 mmu_index) const override { return mmu_index != implicit_access; }
    void note_access(u64 address, u64 size_bytes, bool write) override;

    // ---- LocalInterruptSink
    void set_interrupt(bool deliverable) override;
    void nmi() override { latch(event::nmi); }
    void init() override { latch(event::init); }
    void start_up(u8 vector) override;

    [[nodiscard]] u32 privilege(u64 mode) const override { return Mode::unpack(mode).cpl; }
    [[nodiscard]] u32 code_kind(u64 mode) const override { return static_cast<u32>(Mode::unpack(mode).code); }
    [[nodiscard]] HandlerReturn last_return() const override { return last_return_; }
    // In standstill.cpp.
    [[nodiscard]] Standstill standstill() const override;
    [[nodiscard]] bool shut_down() const override { return core_.state().activity == Activity::shut_down; }
    // In diagnosis.cpp.
    [[nodiscard]] StuckAnswer explain_stuck(const StuckQuestion& question) override;
    [[nodiscard]] DebugView& debug_view() override { return debug_view_; }
    [[nodiscard]] const DebugView& debug_view() const { return debug_view_; }

    // ---- for helpers and tests
    [[nodiscard]] const ProcessorConfiguration& configuration() const { return configuration_; }
    [[nodiscard]] Identity identity() const;
    [[nodiscard]] u64 time_stamp() const { return tsc_.ticks(clock_.now_ns()) + core_.state().tsc_offset; }
    // Also tells the APIC, whose deadlines are in that time, and the paravirtual clock.
    void set_tsc_offset(u64 offset);
    [[nodiscard]] Core& core() { return core_; }
    [[nodiscard]] const Core& core() const { return core_; }
    // Of the last exception that wasn't delivered at once.
    [[nodiscard]] const RefusedFaults& refused() const { return refused_; }
    // Whether anything may have to be done before the next instruction.
    [[nodiscard]] bool wants_attention() const { return pending_events() != 0 || core_.state().pending_debug != 0; }
    // For diagnosis: a handler returned. No part of the processor's state.
    void note_return() { last_return_ = {last_return_.count + 1, core_.state().pc}; }

private:
    [[nodiscard]] u64 pending_events() const;
    void latch(u64 events);
    void follow_a20(u64 events);
    void follow_ignne(u64 events);
    void take_init();
    bool take_start_up();
    bool take_interrupt_vector();
    void deliver_event(u8 vector);
    // A line for the user: boards reset the machine, and the next boot may hide what went wrong.
    void tell_shutdown();
    [[nodiscard]] bool jumps_to_itself() const;

    Core core_;
    const ProcessorConfiguration configuration_;
    const Features features_;
    Clock& clock_;
    const Frequency tsc_;
    Reservation reservation_; // x86 has none
    HandlerReturn last_return_;
    u64 last_interrupt_ = 0;
    RefusedFaults refused_;
    std::string told_shutdown_;
    ProcessorDebugView debug_view_{*this};
};

// Those of a processor of these `features` that there are in the mode.
Features features_in(const Mode& mode, Features features);

} // namespace orrery::x86
