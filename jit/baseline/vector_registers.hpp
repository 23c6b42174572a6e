// Which pairs of slots the host's vector registers hold within the block being emitted. Every pair is in memory too, so
// that a register may be forgotten at any time: they spare the loads, which would wait for the stores before them.
#pragma once

#include <array>
#include <bitset>
#include <optional>

#include "jit/baseline/layout.hpp"

namespace orrery::jit::baseline {

using x64::Xmm;

class VectorRegisters {
public:
    static constexpr std::size_t count = 16;

    void forget_all() {
        pairs_.fill(no_slot);
        zeros_.reset();
        locked_ = 0;
    }
    // The slot is written by other means, perhaps with nothing but zeros.
    void forget(u16 slot, bool zero = false) {
        zeros_.set(slot, zero);
        for (u16& pair : pairs_)
            if (pair == slot || pair + 1 == slot) pair = no_slot;
    }

    // Where the pair of slots that begins with `slot` is. It stays until unlock().
    std::optional<Xmm> find(u16 slot) {
        for (std::size_t i = 0; i < count; ++i)
            if (pairs_[i] == slot) return lock(i);
        return std::nullopt;
    }
    // A register that holds nothing; what was in the one used longest ago is forgotten if need be.
    Xmm take() {
        std::size_t oldest = count;
        for (std::size_t i = 0; i < count; ++i) {
            if ((locked_ >> i & 1) != 0) continue;
            if (pairs_[i] == no_slot) return lock(i);
            if (oldest == count || used_[i] < used_[oldest]) oldest = i;
        }
        pairs_[oldest] = no_slot;
        return lock(oldest);
    }
    // From now on the register holds that pair, and no other does.
    void hold(Xmm reg, u16 slot) {
        forget(slot);
        forget(static_cast<u16>(slot + 1));
        pairs_[x64::number(reg)] = slot;
    }
    [[nodiscard]] std::optional<u16> held(Xmm reg) const {
        const u16 pair = pairs_[x64::number(reg)];
        return pair == no_slot ? std::nullopt : std::optional(pair);
    }
    [[nodiscard]] bool is_zero(u16 slot) const { return zeros_.test(slot); }
    // The instruction is emitted.
    void unlock() { locked_ = 0; }

private:
    Xmm lock(std::size_t index) {
        locked_ |= 1u << index;
        used_[index] = ++clock_;
        return static_cast<Xmm>(index);
    }

    static constexpr std::array<u16, count> none = [] {
        std::array<u16, count> pairs{};
        pairs.fill(no_slot);
        return pairs;
    }();

    std::array<u16, count> pairs_ = none; // by their lower slots
    std::bitset<slot_limit> zeros_;
    std::array<u32, count> used_{};
    u32 clock_ = 0;
    u32 locked_ = 0; // by the instruction in hand
};

} // namespace orrery::jit::baseline
