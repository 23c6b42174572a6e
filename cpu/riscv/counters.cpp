#include "cpu/riscv/counters.hpp"

#include <bit>

#include "cpu/riscv/csr_bits.hpp"

namespace orrery::riscv {
namespace {

// Sscofpmf 2: which bit of mhpmevent keeps a counter still in a mode.
u64 mode_inhibit(Privilege privilege) {
    switch (privilege) {
    case Privilege::machine:
        return mhpmevent::minh;
    case Privilege::supervisor:
        return mhpmevent::sinh;
    case Privilege::user:
        break;
    }
    return mhpmevent::uinh;
}

} // namespace

u64& Counters::offset(u32 number) const { return number == counter::cycle ? state_.mcycle : state_.minstret; }

u64 Counters::read_fixed(u32 number, u64 retired) const {
    const bool inhibited = (state_.mcountinhibit & bit(number)) != 0;
    return offset(number) + (inhibited ? 0 : retired);
}

// A counter reads as the written value in the next instruction: the writing one is not counted (I 9.1, II 3.1.10).
void Counters::write_fixed(u32 number, u64 value, u64 retired) {
    const bool inhibited = (state_.mcountinhibit & bit(number)) != 0;
    offset(number) = inhibited ? value : value - (retired + 1);
}

void Counters::write_inhibit(u64 value, u64 retired) {
    if (active()) advance(retired);
    const u64 changed = state_.mcountinhibit ^ value;
    for (const u32 number : {counter::cycle, counter::instret}) {
        if ((changed & bit(number)) == 0) continue;
        // From the next instruction on.
        const u64 until = retired + 1;
        offset(number) += (value & bit(number)) != 0 ? until : -until;
    }
    state_.mcountinhibit = value;
    state_.counted_until = retired;
    configure();
}

void Counters::write_event(u32 number, u64 value) {
    u64 event = value & mhpmevent::selector;
    if ((value & ~(mhpmevent::of | mhpmevent::minh | mhpmevent::sinh | mhpmevent::uinh)) != event) event = 0;
    if (event != mhpmevent::cycles && event != mhpmevent::instructions) event = 0;
    const u64 modes = mhpmevent::of | mhpmevent::minh | mhpmevent::sinh | mhpmevent::uinh;
    state_.mhpmevent[index(number)] = (value & modes) | event;
    configure();
}

u64 Counters::overflowed() const {
    u64 result = 0;
    for (u32 number = counter::first_event; number < 32; ++number)
        if ((state_.mhpmevent[index(number)] & mhpmevent::of) != 0) result |= bit(number);
    return result;
}

void Counters::advance(u64 retired) {
    const u64 elapsed = retired - state_.counted_until;
    state_.counted_until = retired;
    const u64 inhibit = mode_inhibit(state_.privilege);
    for (u32 left = active_; left != 0; left &= left - 1) {
        const u32 i = index(static_cast<u32>(std::countr_zero(left)));
        u64& event = state_.mhpmevent[i];
        if ((event & inhibit) != 0) continue;
        const bool overflow = state_.mhpmcounter[i] + elapsed < elapsed;
        state_.mhpmcounter[i] += elapsed;
        if (!overflow || (event & mhpmevent::of) != 0) continue;
        event |= mhpmevent::of;
        state_.mip |= mip::lcofip;
    }
}

void Counters::configure() {
    active_ = 0;
    for (u32 number = counter::first_event; number < 32; ++number) {
        const bool counts = (state_.mhpmevent[index(number)] & mhpmevent::selector) != 0;
        if (counts && (state_.mcountinhibit & bit(number)) == 0) active_ |= static_cast<u32>(bit(number));
    }
}

} // namespace orrery::riscv
