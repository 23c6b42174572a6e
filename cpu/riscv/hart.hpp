// One RISC-V hart as the translator's frontend. It joins the parts of this folder: state, address translation, CSRs,
// exceptions, counters, and the translators of the manual's chapters (translate_*.cpp). Runs on its vCPU's thread;
// set_irq() may be called from any.
#pragma once

#include <optional>

#include "cpu/environment.hpp"
#include "cpu/frontend.hpp"
#include "cpu/riscv/configuration.hpp"
#include "cpu/riscv/counters.hpp"
#include "cpu/riscv/csr_bits.hpp"
#include "cpu/riscv/debug_view.hpp"
#include "cpu/riscv/mmu.hpp"
#include "cpu/riscv/pmp.hpp"
#include "cpu/riscv/state.hpp"
#include "cpu/riscv/supervisor_timer.hpp"

namespace orrery::riscv {

class Hart final : public Frontend {
public:
    // `state` must lie where the engine's translated code expects it, and outlive the hart.
    Hart(State& state, CpuEnvironment& environment, const HartConfiguration& configuration);

    void attach(EngineServices& services) override { services_ = &services; }
    [[nodiscard]] const ir::GuestDescription& description() const override { return guest_description(); }
    [[nodiscard]] std::string_view type() const override { return "riscv-hart"; }
    static const ir::GuestDescription& guest_description();

    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;
    // The boot convention of every RISC-V kernel and firmware: arguments in a0, a1, … (hart id, device tree).
    void set_entry(u64 pc, std::span<const u64> arguments) override;

    [[nodiscard]] ir::BlockKey key() const override;
    [[nodiscard]] u64 pc() const override { return state_.pc; }
    // In translate.cpp.
    void translate(ir::BlockKey key, CodeReader& code, u32 limit, ir::Builder& builder) override;
    [[nodiscard]] u32 privilege(u64 mode) const override { return static_cast<u32>(Mode::unpack(mode).privilege); }

    [[nodiscard]] AddressContext address_context() const override { return mmu_.context(); }
    // There is one translation context: `mmu_index` is always 0.
    std::expected<Translation, Fault> translate_address(GuestVirtual address, MemoryAction action,
                                                        u8 mmu_index) override;
    [[nodiscard]] Fault bus_fault(GuestVirtual address, MemoryAction action) const override;
    [[nodiscard]] Fault alignment_fault(GuestVirtual address, MemoryAction action) const override;
    [[nodiscard]] Reservation& reservation() override { return state_.reservation; }

    void raise(Fault fault) override;
    // Must be called before translated code goes on after it was left for any reason but an unlinked or unknown jump.
    // Also ends a halt when an interrupt pends, enabled or not.
    bool take_interrupt() override;
    [[nodiscard]] u64 last_interrupt() const override { return last_interrupt_; }
    [[nodiscard]] bool halted() const override { return state_.halted; }
    [[nodiscard]] bool wakes() const override;
    // Pins are the numbers in riscv::irq of the lines that come from outside: 3, 7, 9, 11. Others are ignored.
    void set_irq(u32 pin, bool level) override;
    [[nodiscard]] HandlerReturn last_return() const override { return last_return_; }
    // In standstill.cpp and diagnosis.cpp.
    [[nodiscard]] Standstill standstill() const override;
    [[nodiscard]] StuckAnswer explain_stuck(const StuckQuestion& question) override;
    [[nodiscard]] DebugView& debug_view() override { return debug_view_; }

    // ---- for the CSRs, helpers and tests
    [[nodiscard]] State& registers() { return state_; }
    [[nodiscard]] const State& registers() const { return state_; }
    [[nodiscard]] const HartConfiguration& configuration() const { return configuration_; }
    [[nodiscard]] EngineServices& services() { return *services_; }
    [[nodiscard]] Mmu& mmu() { return mmu_; }
    [[nodiscard]] Pmp& pmp() { return pmp_; }
    [[nodiscard]] Counters& counters() { return counters_; }
    [[nodiscard]] SupervisorTimer& timer() { return timer_; }

    // Changes privilege and mstatus together: what retired is accounted to the old privilege, and the engine is told if
    // memory accesses now mean something else.
    void set_mode(Privilege privilege, u64 mstatus);
    // Inside a helper, after a change that may make an interrupt deliverable.
    void leave_if_interrupted();

    // For diagnosis: a handler returned; a trap vector was written that is none. No part of the hart's state.
    void note_return(u64 pc) { last_return_ = {last_return_.count + 1, pc}; }
    void note_refused_vector(u64 value) { refused_vector_ = value; }
    [[nodiscard]] std::optional<u64> refused_vector() const { return refused_vector_; }

private:
    [[nodiscard]] bool jumps_to_itself() const;
    void notice_interrupt();

    State& state_;
    const HartConfiguration configuration_;
    EngineServices* services_ = nullptr;
    Pmp pmp_;
    Mmu mmu_;
    Counters counters_;
    SupervisorTimer timer_;
    HandlerReturn last_return_;
    u32 last_interrupt_ = 0;
    std::optional<u64> refused_vector_;
    HartDebugView debug_view_{*this};
};

} // namespace orrery::riscv
