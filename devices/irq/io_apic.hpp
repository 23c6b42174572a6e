// Intel 82093AA I/O APIC (290566-001, here "82093AA") with the EOI register of version 20h: 24 inputs, each with an
// entry of the redirection table that says which message it sends.
#pragma once

#include <array>

#include "devices/irq/interrupt_bus.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/table_source.hpp"

namespace orrery {

class IoApic final : public Component,
                     public IoHandler,
                     public IrqSink,
                     public InterruptSource,
                     public IrqController,
                     public TableSource {
public:
    static constexpr u64 window_size_bytes = 0x1000;
    static constexpr u32 pins = 24;

    struct Configuration {
        u8 id = 0;
        // Bit n: what is wired to pin n pulls it low to ask. An entry whose polarity says otherwise sees the opposite.
        u32 active_low_pins = 0;
    };

    IoApic(std::string name, Configuration configuration, InterruptBus& bus);

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // IrqSink: pin n is input n; `level` is whether it is asked, whatever the wire's polarity.
    void set_irq(u32 pin, bool level) override;

    // InterruptSource
    void end_of_interrupt(u8 vector) override;
    void targets_changed() override;
    void add_level_messages(std::vector<DeviceMessage>& messages) const override;

    // In io_apic_table.cpp.
    [[nodiscard]] std::vector<IrqInput> irq_inputs() const override;
    [[nodiscard]] std::vector<TableName> tables() const override {
        return {{"ioapic", "the I/O APIC's redirection table"}};
    }
    [[nodiscard]] Table table(std::string_view name) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "i82093aa"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    static constexpr u64 masked_entry = 0x1'0000;

    struct State {
        u8 select = 0; // IOREGSEL
        u8 id = 0;
        u32 asserted = 0; // bit n: pin n is asked
        std::array<u64, pins> entry = masked_entries();
        static constexpr void fields(auto& s, auto&& f) {
            f("select", s.select);
            f("id", s.id);
            f("asserted", s.asserted);
            f("entry", s.entry);
        }
    };
    static constexpr std::array<u64, pins> masked_entries() {
        std::array<u64, pins> entries{};
        entries.fill(masked_entry);
        return entries;
    }

    [[nodiscard]] u32 read_selected() const;
    void write_selected(u32 value);
    void write_entry(u32 pin, u64 value);
    [[nodiscard]] bool active(u32 pin) const;
    [[nodiscard]] static bool keeps_level(u64 entry);
    void service_level(u32 pin);
    [[nodiscard]] InterruptMessage message(u32 pin) const;
    bool send(u32 pin);

    // Configuration
    const Configuration configuration_;

    // Wiring
    InterruptBus& bus_;

    // State
    State s_;
};

} // namespace orrery
