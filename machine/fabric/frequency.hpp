// A clock signal that is derived from virtual time: how many ticks have passed, and when the next ones come. Exact: no
// error adds up, however long the machine runs.
#pragma once

#include "machine/fabric/clock.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// Interrupts that a guest's timer programs closer together than this are merged into one: a guest may not keep the
// event loop busy with nothing but its timers.
inline constexpr u64 shortest_interrupt_period_ns = 10'000;

class Frequency {
public:
    static constexpr u64 ns_per_second = 1'000'000'000;

    // At most 18 GHz; 0 is taken as 1.
    constexpr explicit Frequency(u64 hz) : hz_(hz == 0 ? 1 : hz) {}

    [[nodiscard]] constexpr u64 hz() const { return hz_; }
    // Ticks until virtual time `ns`, rounded down, modulo 2^64. Whole seconds apart from the rest: the same value as
    // the 128-bit quotient, without its division.
    [[nodiscard]] constexpr u64 ticks(u64 ns) const {
        return ns / ns_per_second * hz_ + ns % ns_per_second * hz_ / ns_per_second;
    }
    // The first virtual time at which `count` ticks have passed; never_ns beyond the end of virtual time.
    [[nodiscard]] constexpr u64 ns_at(u64 count) const {
        const u128 ns = (u128{count} * ns_per_second + hz_ - 1) / hz_;
        return ns >= never_ns ? never_ns : static_cast<u64>(ns);
    }
    // The same for `count` ticks after `from`, which may overflow.
    [[nodiscard]] constexpr u64 ns_after(u64 from, u64 count) const {
        return count > ~u64{0} - from ? never_ns : ns_at(from + count);
    }
    // As many ticks as merged interrupts are apart at least.
    [[nodiscard]] constexpr u64 shortest_interrupt_period() const { return ticks(shortest_interrupt_period_ns) + 1; }

private:
    u64 hz_;
};

} // namespace orrery
