// The south bridge's ISA function: Intel's PIIX3 ("82371FB/82371SB", April 1997, order 290550; here "PIIX") or the LPC
// function of ICH9 (order 316972; here "ICH9"). It routes the PCI interrupt lines PIRQA…PIRQH to interrupts of the
// 8259s, and has the reset control register at CF9h and, as every PC of the time, the fast A20 gate at port 92h.
#pragma once

#include <array>

#include "devices/firmware/power.hpp"
#include "devices/pci/device.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

struct IsaBridgeModel {
    std::string_view type;
    PciIdentity identity;
    u8 line_count;               // 4 or 8
    std::array<u8, 2> registers; // of PIRQA to D, and of PIRQE to H
    // Which line INTA…INTD (1…4) of a slot drives: for PciHostLayout and the _PRT of the ACPI tables.
    u32 (*line_of)(u32 slot, u32 pin);
};

extern const IsaBridgeModel piix3_isa_bridge;
extern const IsaBridgeModel ich9_lpc_bridge;

class IsaBridge final : public PciDevice, public IrqSink {
public:
    static constexpr u32 most_lines = 8;
    static constexpr u32 isa_irq_count = 16;

    struct Wiring {
        std::array<IrqLine, isa_irq_count> isa_irqs; // not 0, 1, 2, 8 and 13, which PCI can't have
        std::array<IrqLine, most_lines> direct;      // PIRQA…PIRQH as they are: inputs of an IOAPIC
        IrqLine a20;
        PowerControl& power;
        IoHandler* power_management = nullptr; // ICH9 only: the ACPI hardware, whose ports the bridge decodes
    };

    IsaBridge(std::string name, const IsaBridgeModel& model, const Wiring& wiring);

    // One byte each: CF9h (for PciConfigPorts) and port 92h.
    [[nodiscard]] IoHandler& reset_control() { return reset_control_; }
    [[nodiscard]] IoHandler& system_control_a() { return system_control_a_; }

    // IrqSink: pin n is PIRQA + n.
    void set_irq(u32 pin, bool level) override;

    void write_config(u32 offset, u32 value, Width width) override;
    [[nodiscard]] std::vector<PciBarWindow> enabled_windows() const override;

    [[nodiscard]] std::string_view type() const override { return model_.type; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override { driven_ = routed(); }

private:
    class ResetControl final : public IoHandler {
    public:
        explicit ResetControl(IsaBridge& bridge) : bridge_(bridge) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64, Width) override { return bridge_.s_.reset_control; }
        void write(u64, u64 value, Width) override { bridge_.write_reset_control(static_cast<u8>(value)); }

    private:
        IsaBridge& bridge_;
    };
    class SystemControlA final : public IoHandler {
    public:
        explicit SystemControlA(IsaBridge& bridge) : bridge_(bridge) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64, Width) override { return bridge_.s_.system_control_a; }
        void write(u64, u64 value, Width) override { bridge_.write_system_control_a(static_cast<u8>(value)); }

    private:
        IsaBridge& bridge_;
    };

    struct State {
        u8 levels = 0; // of PIRQA…PIRQH
        u8 reset_control = 0;
        u8 system_control_a = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("levels", s.levels);
            f("reset_control", s.reset_control);
            f("system_control_a", s.system_control_a);
        }
    };

    void write_reset_control(u8 value);
    void write_system_control_a(u8 value);
    [[nodiscard]] u8 route(u32 line) const;
    // The interrupts of the 8259s that asserted lines are routed to, a bit each.
    [[nodiscard]] u16 routed() const;
    void update_irqs();

    // Configuration
    const IsaBridgeModel& model_;

    // Wiring
    Wiring wiring_;
    ResetControl reset_control_{*this};
    SystemControlA system_control_a_{*this};

    // State
    State s_;

    // Derived from the state.
    u16 driven_ = 0;
};

} // namespace orrery
