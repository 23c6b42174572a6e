// RISC-V ACLINT in the layout of SiFive's CLINT: MSWI (software interrupts) at 0, MTIMER at 0x4000 (RISC-V ACLINT
// specification 1.0, here "ACLINT"). mtime is virtual time counted in ticks, plus what the guest set it to.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class Aclint final : public Component, public IoHandler {
public:
    static constexpr u64 window_size_bytes = 0x1'0000;
    static constexpr u32 max_harts = 32;

    struct Configuration {
        u32 frequency_hz = 10'000'000;
    };
    // What goes to one hart.
    struct HartLines {
        IrqLine software; // MSIP
        IrqLine timer;    // MTIP
    };

    Aclint(std::string name, Configuration configuration, Clock& clock, std::vector<HartLines> harts);
    // `callback` gets what the guest has put mtime forward by, modulo 2^64, whenever that may have changed.
    void on_time_set(std::function<void(u64 offset_ticks)> callback) { time_set_ = std::move(callback); }

    // What mtime, and with it the harts' time CSR, reads. Any thread, no lock.
    [[nodiscard]] u64 mtime() const;
    // The virtual time at which mtime reaches `value`: the present if it is there already, never_ns if it can't be
    // told.
    [[nodiscard]] u64 deadline_ns(u64 value) const;

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::word, Width::dword}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "riscv-aclint"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    struct Hart {
        bool msip = false;
        u64 mtimecmp = ~u64{0}; // undefined at reset (ACLINT 2.1); the value that disturbs no one
        static constexpr void fields(auto& s, auto&& f) {
            f("msip", s.msip);
            f("mtimecmp", s.mtimecmp);
        }
    };
    struct State {
        u64 offset_ticks = 0; // mtime less the ticks since power-on, modulo 2^64
        std::array<Hart, max_harts> hart{};
        static constexpr void fields(auto& s, auto&& f) {
            f("offset_ticks", s.offset_ticks);
            f("hart", s.hart);
        }
    };

    // The naturally aligned 64-bit register that holds `offset`.
    [[nodiscard]] u64 read_register(u64 offset) const;
    void write_register(u64 offset, u64 value, u64 written_bits);
    void write_msip(u64 index, bool level);
    void set_mtime(u64 value);
    void tell_time_set() const;
    void update_timer(std::size_t index);
    [[nodiscard]] u64 ticks_since_power_on() const;

    // Configuration
    const Configuration configuration_;

    // Wiring
    Clock& clock_;
    std::vector<HartLines> lines_;
    std::vector<std::unique_ptr<Timer>> timers_;
    std::function<void(u64)> time_set_;

    // State
    State s_;
};

} // namespace orrery
