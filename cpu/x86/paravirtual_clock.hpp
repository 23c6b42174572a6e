// The clock that KVM gives its guests ("kvmclock"): a structure in the guest's memory by which each CPU makes the time
// since power-on of its time-stamp counter, which it needs not calibrate. Ours, on every engine. What guests expect is
// in Linux's Documentation/virt/kvm/x86/msr.rst and cpuid.rst.
//
// The counter is a function of virtual time, so the structure doesn't depend on when it is written: it says what the
// counter was when virtual time began, and how long a tick is. It changes when a counter is set. Called on CPUs'
// threads; each function takes the machine lock.
#pragma once

#include <array>
#include <optional>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery::x86 {

// MSR_KVM_WALL_CLOCK_NEW and MSR_KVM_SYSTEM_TIME_NEW (msr.rst).
inline constexpr u32 wall_clock_msr = 0x4b56'4d00;
inline constexpr u32 system_time_msr = 0x4b56'4d01;
constexpr bool belongs_to_paravirtual_clock(u32 msr) { return msr == wall_clock_msr || msr == system_time_msr; }

// ns = ((ticks << shift) * multiplier) >> 32; a negative shift is one to the right.
struct TickLength {
    u32 multiplier = 0;
    i8 shift = 0;
};
// Rounded down, by less than one part in 2^31: what is computed is never ahead of virtual time.
TickLength tick_length(u64 hz);

class ParavirtualClock final : public Component {
public:
    static constexpr u32 most_cpus = 8;
    struct Configuration {
        u32 cpus = 1;
        u64 tsc_hz = 1'000'000'000; // of all CPUs' counters
        u64 power_on_ns = 0;        // since 1970-01-01 00:00 UTC, when virtual time is 0
    };
    // `memory` outlives it.
    ParavirtualClock(std::string name, const Configuration& configuration, AddressSpace& memory);

    // Of registers that belong to the clock. An address that isn't a multiple of 4, or where there is no RAM, is kept
    // like others, but nothing is written there.
    [[nodiscard]] u64 read_msr(u32 cpu, u32 index) const;
    void write_msr(u32 cpu, u32 index, u64 value);
    // What the guest has put the CPU's counter forward by, modulo 2^64.
    void set_tsc_offset(u32 cpu, u64 offset);
    // INIT resets the CPU's register.
    void init(u32 cpu);

    [[nodiscard]] std::string_view type() const override { return "paravirtual-clock"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    // Counters may have another frequency here than where the state was saved.
    void restored() override;

private:
    void write_system_time(u32 cpu);
    void write_system_times();
    void write_wall_clock();

    const u32 cpus_;
    const u64 tsc_hz_;
    AddressSpace& memory_;

    struct State {
        u64 tsc_hz = 0; // when structures were written
        u64 power_on_ns = 0;
        u64 wall_clock = 0; // one register for all CPUs
        std::array<u64, most_cpus> system_time{};
        std::array<u64, most_cpus> tsc_offset{};
        static constexpr void fields(auto& s, auto&& f) {
            f("tsc_hz", s.tsc_hz), f("power_on_ns", s.power_on_ns), f("wall_clock", s.wall_clock);
            f("system_time", s.system_time), f("tsc_offset", s.tsc_offset);
        }
    };
    State s_;
};

} // namespace orrery::x86
