// National Semiconductor PC16550D: a UART with two 16-byte FIFOs, as its datasheet (June 1995, here "16550D") has it.
// The transmitter takes no virtual time: a character leaves at the instant it is written, so THRE and TEMT always
// read 1. The receiver never overruns from outside: what finds no room stays in the back end.
#pragma once

#include <array>

#include "devices/serial/character.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class Uart16550 final : public Component, public IoHandler, public CharacterReceiver {
public:
    static constexpr u64 window_size_bytes = 8;
    static constexpr u32 fifo_depth = 16;

    struct Configuration {
        u32 input_clock_hz = 3'686'400;
    };

    Uart16550(std::string name, Configuration configuration, Clock& clock, IrqLine irq, CharacterBackend& backend);

    // IoHandler. Registers are bytes; wider accesses arrive split.
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // CharacterReceiver
    std::size_t receive(std::span<const u8> characters) override;
    void receive_break() override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "ns16550a"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    // One place of the receiver FIFO: a character and the errors that came with it (16550D 8.4).
    struct Received {
        u8 character = 0;
        u8 errors = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("character", s.character);
            f("errors", s.errors);
        }
    };

    struct State {
        u8 ier = 0;                  // 16550D 8.7
        u8 fcr = 0;                  // 8.5
        u8 lcr = 0;                  // 8.1
        u8 mcr = 0;                  // 8.8
        u8 msr = 0xb0;               // 8.9: a peer is there (CTS, DSR, DCD)
        u8 scr = 0;                  // 8.10
        u16 divisor = 12;            // 8.3
        u8 line_errors = 0;          // the OE, PE, FE and BI bits of LSR (8.4)
        bool transmit_event = false; // THRE has become 1 and no one has taken note yet
        bool timed_out = false;      // characters have been waiting for four character times
        u64 timeout_ns = never_ns;
        std::array<Received, fifo_depth> fifo{};
        u8 fifo_count = 0;

        static constexpr void fields(auto& s, auto&& f) {
            f("ier", s.ier);
            f("fcr", s.fcr);
            f("lcr", s.lcr);
            f("mcr", s.mcr);
            f("msr", s.msr);
            f("scr", s.scr);
            f("divisor", s.divisor);
            f("line_errors", s.line_errors);
            f("transmit_event", s.transmit_event);
            f("timed_out", s.timed_out);
            f("timeout_ns", s.timeout_ns);
            f("fifo", s.fifo);
            f("fifo_count", s.fifo_count);
        }
    };

    // Reads and writes with an effect of their own.
    u8 read_receiver_buffer();
    u8 read_interrupt_identification();
    u8 read_line_status();
    u8 read_modem_status();
    void write_transmitter_holding(u8 character);
    void write_interrupt_enable(u8 value);
    void write_fifo_control(u8 value);
    void write_line_control(u8 value);
    void write_modem_control(u8 value);

    [[nodiscard]] bool divisor_latch_access() const;
    [[nodiscard]] bool fifos_enabled() const;
    [[nodiscard]] bool loopback() const;
    [[nodiscard]] u32 capacity() const;
    [[nodiscard]] u32 trigger_level() const;
    [[nodiscard]] u8 interrupt_identification() const;
    [[nodiscard]] u64 character_time_ns() const;

    void push(u8 character, u8 errors);
    void clear_receiver();
    void show_top_errors();
    void set_modem_inputs(u8 inputs);
    void restart_timeout();
    void timeout_expired();
    void update_irq();

    // Configuration
    const Configuration configuration_;

    // Wiring
    IrqLine irq_;
    CharacterBackend& backend_;
    Timer timeout_;

    // State
    State s_;
};

} // namespace orrery
