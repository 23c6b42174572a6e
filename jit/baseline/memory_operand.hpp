// A memory operand: base + index * scale + displacement, or an address relative to the instruction pointer.
#pragma once

#include "jit/baseline/registers.hpp"

#include <bit>
#include <cassert>
#include <utility>

namespace orrery::x64 {

class Mem {
public:
    // [base + displacement]
    static constexpr Mem at(Gpr base, i32 displacement = 0) {
        return {Kind::based, number(base), no_index, 1, displacement};
    }

    // [base + index * scale + displacement]. rsp can't be an index, save that with scale 1 it may change places with
    // the base.
    static constexpr Mem at(Gpr base, Gpr index, u32 scale = 1, i32 displacement = 0) {
        if (scale == 1 && better_swapped(base, index, displacement)) std::swap(base, index);
        assert(index != Gpr::rsp);
        return {Kind::based, number(base), number(index), scale, displacement};
    }

    // [index * scale + displacement]
    static constexpr Mem indexed(Gpr index, u32 scale, i32 displacement = 0) {
        if (scale == 1) return at(index, displacement);
        if (scale == 2) return at(index, index, 1, displacement);
        assert(index != Gpr::rsp);
        return {Kind::baseless, 5, number(index), scale, displacement};
    }

    // An address in the lowest or highest 2 GiB.
    static constexpr Mem absolute(i32 address) { return {Kind::baseless, 5, no_index, 1, address}; }

    // `displacement` counts from the end of the instruction.
    static constexpr Mem rip(i32 displacement) { return {Kind::rip, 0, no_index, 1, displacement}; }

    // Something at a fixed address within 2 GiB of the instruction; the encoder computes the displacement.
    static Mem target(const void* address) {
        return {Kind::target, 0, no_index, 1, static_cast<i64>(reinterpret_cast<std::uintptr_t>(address))};
    }

private:
    friend class Encoder;

    enum class Kind : u8 { based, baseless, rip, target };
    static constexpr u32 no_index = 4; // as in the SIB byte

    constexpr Mem(Kind kind, u32 base, u32 index, u32 scale, i64 displacement)
        : displacement_(displacement), kind_(kind), base_(static_cast<u8>(base)), index_(static_cast<u8>(index)),
          scale_log2_(static_cast<u8>(std::countr_zero(scale))) {
        assert(std::has_single_bit(scale) && scale <= 8);
    }

    // rbp and r13 as a base cost a displacement byte even if the displacement is zero.
    static constexpr bool better_swapped(Gpr base, Gpr index, i32 displacement) {
        if (index == Gpr::rsp) return true;
        const bool base_is_costly = (number(base) & 7) == 5 && (number(index) & 7) != 5;
        return base_is_costly && displacement == 0;
    }

    i64 displacement_;
    Kind kind_;
    u8 base_;
    u8 index_;
    u8 scale_log2_;
};

} // namespace orrery::x64
