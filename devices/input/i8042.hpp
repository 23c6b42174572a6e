// The keyboard controller of a PC: an Intel 8042 with the PS/2 firmware ("IBM Keyboard and Auxiliary Device
// Controller", October 1990, here "IBM"). Two serial lines, one output buffer between them, and the pins that reset the
// CPU and open address line 20. A command is carried out within the access that gives it; a byte from a device takes
// its time on the line, and starts only when the byte before has been read.
#pragma once

#include <array>

#include "devices/firmware/power.hpp"
#include "devices/input/ps2.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class I8042 final : public Component {
public:
    struct Configuration {
        // Start bit, eight data bits, parity and stop bit at 12.5 kHz.
        u64 byte_time_ns = 880'000;
    };
    struct Wiring {
        IrqLine keyboard_irq;  // IRQ 1
        IrqLine auxiliary_irq; // IRQ 12
        IrqLine a20;           // high: address line 20 is the CPU's
        PowerControl& power;   // resets the machine
    };

    I8042(std::string name, Configuration configuration, Clock& clock, const Wiring& wiring, Ps2Device& keyboard,
          Ps2Device& auxiliary);

    // One byte each, at ports 60h and 64h.
    [[nodiscard]] IoHandler& data_port() { return data_port_; }
    [[nodiscard]] IoHandler& command_port() { return command_port_; }

    // Component
    [[nodiscard]] std::string_view type() const override { return "i8042"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    class DataPort final : public IoHandler {
    public:
        explicit DataPort(I8042& chip) : chip_(chip) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64, Width) override { return chip_.read_output_buffer(); }
        void write(u64, u64 value, Width) override { chip_.write_data(static_cast<u8>(value)); }

    private:
        I8042& chip_;
    };
    class CommandPort final : public IoHandler {
    public:
        explicit CommandPort(I8042& chip) : chip_(chip) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64, Width) override { return chip_.status(); }
        void write(u64, u64 value, Width) override { chip_.write_command(static_cast<u8>(value)); }

    private:
        I8042& chip_;
    };
    class Line final : public Ps2Host {
    public:
        explicit Line(I8042& chip) : chip_(chip) {}
        void byte_waiting() override { chip_.start_transfer(); }

    private:
        I8042& chip_;
    };

    struct Reply {
        u8 byte = 0;
        bool auxiliary = false;
        static constexpr void fields(auto& s, auto&& f) {
            f("byte", s.byte);
            f("auxiliary", s.auxiliary);
        }
    };

    struct State {
        // Byte 0 is the command byte: power-on as a BIOS leaves it, translating and interrupting for the keyboard.
        std::array<u8, 32> memory{0x41};
        u8 output_port = 0x03;
        u8 output = 0;
        bool output_full = false;
        bool output_is_auxiliary = false;
        bool last_write_was_command = false;
        u8 awaiting = 0;            // the command whose argument comes next, or 0
        bool break_pending = false; // the keyboard has sent f0, which translation puts into the next code
        bool transfer_auxiliary = false;
        u64 transfer_done_ns = never_ns;
        BoundedVector<Reply, 4> replies; // of the controller itself, waiting for the output buffer

        static constexpr void fields(auto& s, auto&& f) {
            f("memory", s.memory);
            f("output_port", s.output_port);
            f("output", s.output);
            f("output_full", s.output_full);
            f("output_is_auxiliary", s.output_is_auxiliary);
            f("last_write_was_command", s.last_write_was_command);
            f("awaiting", s.awaiting);
            f("break_pending", s.break_pending);
            f("transfer_auxiliary", s.transfer_auxiliary);
            f("transfer_done_ns", s.transfer_done_ns);
            f("replies", s.replies);
        }
    };

    u8 read_output_buffer();
    void write_data(u8 value);
    [[nodiscard]] u8 status() const;
    void write_command(u8 command);
    void execute_argument(u8 command, u8 argument);
    void set_memory(u8 index, u8 value);
    void set_line_enabled(bool auxiliary, bool enabled);

    [[nodiscard]] Ps2Device& device(bool auxiliary) const { return auxiliary ? auxiliary_ : keyboard_; }
    [[nodiscard]] bool may_send(bool auxiliary) const;
    void start_transfer();
    void transfer_ended();
    void deliver_from(bool auxiliary, u8 byte);
    void fill_output(u8 byte, bool auxiliary);
    void reply(u8 byte, bool auxiliary = false);
    void write_output_port(u8 value);
    void reset_machine();
    [[nodiscard]] u8 output_port() const;
    void update_irqs();

    // Configuration
    const Configuration configuration_;

    // Wiring
    Wiring wiring_;
    Ps2Device& keyboard_;
    Ps2Device& auxiliary_;
    DataPort data_port_{*this};
    CommandPort command_port_{*this};
    Line line_{*this};
    Timer transfer_;

    // State
    State s_;
};

} // namespace orrery
