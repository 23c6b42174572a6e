// Intel 8259A programmable interrupt controller (data sheet 231468-003, here "8259A"), and the pair of them that a PC
// has: the slave's INT goes to the master's IR2. Requests come in by pins 0 to 15, INTR goes out, and acknowledge() is
// the pair of INTA cycles by which the CPU gets a vector. An 8259A in MCS-80 mode gives vectors as if in 8086 mode.
#pragma once

#include <array>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/table_source.hpp"

namespace orrery {

// One chip without its wiring: the master and the slave differ only in that.
class I8259 {
public:
    struct State {
        u8 lines = 0;           // the levels at IR0..IR7
        u8 requests = 0;        // IRR
        u8 in_service = 0;      // ISR
        u8 mask = 0;            // IMR
        u8 level_triggered = 0; // ELCR, or all by ICW1.LTIM
        u8 elcr = 0;
        u8 icw_next = 0; // the initialisation command word that is awaited; 0: none (8259A, initialization sequence)
        u8 icw1 = 0;
        u8 vector_base = 0; // ICW2
        u8 icw3 = 0;        // a master's inputs with slaves, a slave's identity
        u8 icw4 = 0;
        u8 lowest_priority = 7;       // the input below which no other is
        bool read_in_service = false; // OCW3 RIS
        bool special_mask = false;    // OCW3 SMM
        bool poll = false;            // OCW3 P: the next read acknowledges
        bool rotate_in_auto_eoi = false;

        static constexpr void fields(auto& s, auto&& f) {
            f("lines", s.lines);
            f("requests", s.requests);
            f("in_service", s.in_service);
            f("mask", s.mask);
            f("level_triggered", s.level_triggered);
            f("elcr", s.elcr);
            f("icw_next", s.icw_next);
            f("icw1", s.icw1);
            f("vector_base", s.vector_base);
            f("icw3", s.icw3);
            f("icw4", s.icw4);
            f("lowest_priority", s.lowest_priority);
            f("read_in_service", s.read_in_service);
            f("special_mask", s.special_mask);
            f("poll", s.poll);
            f("rotate_in_auto_eoi", s.rotate_in_auto_eoi);
        }
    };

    explicit I8259(bool master) : master_(master) {}

    void reset();
    void restored();
    void set_input(u32 input, bool level);
    // The level of the INT pin.
    [[nodiscard]] bool interrupt() const;
    // The first INTA: the input that is served, or nothing there (8259A, "default IR7") as `spurious`.
    struct Served {
        u8 input = 7;
        bool spurious = true;
    };
    Served acknowledge();
    [[nodiscard]] u8 vector(u8 input) const { return static_cast<u8>(s_.vector_base | (input & 7)); }

    u8 read(bool a0);
    void write(bool a0, u8 value);
    void set_elcr(u8 value);

    [[nodiscard]] const State& state() const { return s_; }
    [[nodiscard]] State& state() { return s_; }

private:
    static constexpr u8 nobody = 8;

    [[nodiscard]] u32 rank(u32 input) const { return (input - s_.lowest_priority - 1) & 7; }
    [[nodiscard]] u8 highest(u8 inputs) const;
    [[nodiscard]] u8 holding_off() const;
    [[nodiscard]] u8 winner() const;
    void write_icw1(u8 value);
    void write_next_icw(u8 value);
    void write_ocw2(u8 value);
    void write_ocw3(u8 value);
    void end_of_interrupt(u8 input, bool rotate);
    void update_triggering();

    const bool master_;
    State s_;
};

class I8259Pair final : public Component,
                        public IrqSink,
                        public InterruptAcknowledge,
                        public IrqController,
                        public TableSource {
public:
    static constexpr u64 ports_size_bytes = 2;
    static constexpr u32 pins = 16;
    static constexpr u32 cascade = 2;

    I8259Pair(std::string name, IrqLine intr);

    // The port windows: 20h, A0h and 4D0h.
    [[nodiscard]] IoHandler& master_ports() { return master_ports_; }
    [[nodiscard]] IoHandler& slave_ports() { return slave_ports_; }
    [[nodiscard]] IoHandler& elcr_ports() { return elcr_ports_; }

    // IrqSink: pin n is IRQ n. IRQ 2 is not there, it is the cascade.
    void set_irq(u32 pin, bool level) override;
    // InterruptAcknowledge: the CPU's INTA cycles. With no request left it is the vector of IRQ 7 or 15.
    u8 acknowledge() override;

    // In i8259_table.cpp.
    [[nodiscard]] std::vector<IrqInput> irq_inputs() const override;
    [[nodiscard]] std::vector<TableName> tables() const override { return {{"pic", "the registers of the two 8259s"}}; }
    [[nodiscard]] Table table(std::string_view name) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "i8259-pair"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    // The two ports of one chip.
    class ChipPorts final : public IoHandler {
    public:
        ChipPorts(I8259Pair& pair, I8259& chip) : pair_(pair), chip_(chip) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        I8259Pair& pair_;
        I8259& chip_;
    };
    // The edge/level control registers of both (82371AB, ELCR1 and ELCR2).
    class ElcrPorts final : public IoHandler {
    public:
        explicit ElcrPorts(I8259Pair& pair) : pair_(pair) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        I8259Pair& pair_;
    };

    I8259::Served acknowledge_slave();
    void update();

    // Wiring
    IrqLine intr_;
    ChipPorts master_ports_{*this, master_};
    ChipPorts slave_ports_{*this, slave_};
    ElcrPorts elcr_ports_{*this};

    // State
    I8259 master_{true};
    I8259 slave_{false};
};

} // namespace orrery
