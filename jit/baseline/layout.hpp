// Where translated code keeps what: host registers, the stack frame, and the distances of the context's fields and the
// guest's slots from the base register.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "jit/baseline/assembler.hpp"
#include "jit/ir/ir.hpp"
#include "jit/runtime/context.hpp"

namespace orrery::jit::baseline {

using x64::Gpr;
using x64::Mem;
using x64::Size;

// The base points into the guest's state so that its first 32 slots are in reach of a one-byte displacement.
inline constexpr Gpr base_register = Gpr::rbp;
inline constexpr i32 base_in_state_bytes = 128;
inline constexpr Gpr budget_register = Gpr::r15;

// Scratch registers, by number; all three are lost in calls.
inline constexpr std::array scratch_registers = {Gpr::rax, Gpr::rcx, Gpr::rdx};
constexpr bool is_scratch(Gpr reg) { return x64::number(reg) < 3; }
static_assert(x64::number(Gpr::rax) == 0 && x64::number(Gpr::rcx) == 1 && x64::number(Gpr::rdx) == 2);

// Registers that hold hot slots, hottest first: those that make short code first. r12 costs a byte more as a base.
inline constexpr std::array pinned_registers = {Gpr::rbx, Gpr::rsi, Gpr::rdi, Gpr::r8,  Gpr::r9,
                                                Gpr::r10, Gpr::r11, Gpr::r14, Gpr::r13, Gpr::r12};

// The stack frame: rsp is 8 modulo 16, so that it is aligned in a thunk.
inline constexpr u32 spill_slots = 4096;
inline constexpr i32 saved_scratch_bytes = 0; // where a cold path keeps scratch registers during its call
inline constexpr i32 fence_bytes = 24;        // a fence's locked instruction needs some memory
inline constexpr i32 tail_bytes = 32;         // values of an instruction that is completed before leaving
inline constexpr u32 tail_values = 12;
inline constexpr i32 spill_bytes = tail_bytes + 8 * static_cast<i32>(tail_values);
inline constexpr i32 frame_bytes = spill_bytes + 8 * static_cast<i32>(spill_slots);
static_assert(frame_bytes % 16 == 0);

inline constexpr std::size_t slot_limit = 128;
inline constexpr u16 no_slot = 0xffff;
inline constexpr u8 no_register = 0xff;
inline constexpr u8 no_memo = 0xff;

// How a soft TLB entry is found: ((address >> tlb_shift) ^ Context::tlb_salt) & tlb_mask is its distance from the first.
inline constexpr u32 tlb_shift = 12 - (std::bit_width(sizeof(TlbEntry)) - 1);
inline constexpr i32 tlb_mask = static_cast<i32>((tlb_entries - 1) * sizeof(TlbEntry));
inline constexpr i32 page_mask = -4096;
static_assert(std::has_single_bit(sizeof(TlbEntry)));

class Layout {
public:
    Layout(const ir::GuestDescription& guest, u32 state_offset_bytes)
        : bias_(static_cast<i32>(state_offset_bytes) + base_in_state_bytes), pc_slot_(guest.pc_slot),
          slot_count_(guest.slots.size()), float_control_(guest.float_control) {
        registers_.fill(no_register);
        memos_.fill(no_memo);
        for (std::size_t i = 0; i < std::min(address_memos, guest.hot_slots.size()); ++i)
            memos_[guest.hot_slots[i]] = static_cast<u8>(i);
        for (std::size_t i = 0; i < guest.slots.size(); ++i)
            displacements_[i] = static_cast<i32>(guest.slots[i].offset_bytes) - base_in_state_bytes;
        for (const u16 slot : guest.hot_slots) {
            if (pinned_count_ == pinned_registers.size()) break;
            if (slot == guest.pc_slot) continue;
            registers_[slot] = static_cast<u8>(pinned_registers[pinned_count_]);
            pinned_slots_[pinned_count_++] = slot;
        }
    }

    // The base register's value is the context's address plus this.
    [[nodiscard]] i32 bias() const { return bias_; }
    [[nodiscard]] i32 displacement(std::size_t offset_in_context) const {
        return static_cast<i32>(offset_in_context) - bias_;
    }
    [[nodiscard]] Mem context(std::size_t offset) const { return Mem::at(base_register, displacement(offset)); }
    [[nodiscard]] Mem slot(u64 slot) const { return Mem::at(base_register, displacements_[slot]); }
    [[nodiscard]] Mem pc() const { return slot(pc_slot_); }
    [[nodiscard]] bool pinned(u64 slot) const { return registers_[slot] != no_register; }
    [[nodiscard]] Gpr pinned_register(u64 slot) const { return static_cast<Gpr>(registers_[slot]); }
    // Of the slots that have an AddressMemo, its number; else no_memo.
    [[nodiscard]] u8 memo(u64 slot) const { return memos_[slot]; }
    [[nodiscard]] Mem memo_field(u8 memo, std::size_t offset) const {
        return context(offsetof(Context, memos) + sizeof(AddressMemo) * memo + offset);
    }
    [[nodiscard]] std::optional<u16> float_control() const { return float_control_; }
    [[nodiscard]] std::size_t slot_count() const { return slot_count_; }
    [[nodiscard]] std::span<const u16> pinned_slots() const { return {pinned_slots_.data(), pinned_count_}; }

private:
    i32 bias_;
    u16 pc_slot_;
    std::size_t slot_count_;
    std::optional<u16> float_control_;
    std::array<i32, slot_limit> displacements_{};
    std::array<u8, slot_limit> registers_{};
    std::array<u8, slot_limit> memos_{};
    std::array<u16, pinned_registers.size()> pinned_slots_{};
    std::size_t pinned_count_ = 0;
};

} // namespace orrery::jit::baseline
