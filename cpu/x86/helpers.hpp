// Functions that translated code calls for what is better written in C++: see helpers.def for each one's arguments.
#pragma once

#include <span>

#include "cpu/x86/row.hpp"
#include "jit/ir/ir.hpp"

namespace orrery::x86 {

// Numbers for ir::Builder::call.
enum class HelperNumber : u16 {
#define HELPER(name, writes_slots, may_leave, needs_count) name,
#include "cpu/x86/helpers.def"
#undef HELPER
};

namespace helper {
#define HELPER(name, writes_slots, may_leave, needs_count) u64 name(void* self, u64 a, u64 b, u64 c);
#include "cpu/x86/helpers.def"
#undef HELPER
} // namespace helper

std::span<const ir::HelperInfo> helper_table();

// Of helper::update.
enum class UpdateOperation : u8 {
    add,
    or_,
    add_with_carry,
    subtract_with_borrow,
    and_,
    subtract,
    xor_,
    exchange,
    not_,
    negate,
    set_bit,
    clear_bit,
    flip_bit
};

// What a string instruction does, for helper::string.
struct StringRequest {
    enum class Operation : u8 { movs, stos, lods, scas, cmps, ins, outs };
    Operation operation = Operation::movs;
    u8 size = 1;         // of an element
    u8 address_size = 8; // of rSI, rDI and rCX
    u8 segment = 0;      // of the source
    u8 repeat = 0;       // x86::Repeat

    [[nodiscard]] constexpr u64 pack() const {
        return static_cast<u64>(operation) | u64{size} << 8 | u64{address_size} << 16 | u64{segment} << 24 |
               u64{repeat} << 32;
    }
    static constexpr StringRequest unpack(u64 packed) {
        return {static_cast<Operation>(packed & 0xff), static_cast<u8>(packed >> 8), static_cast<u8>(packed >> 16),
                static_cast<u8>(packed >> 24), static_cast<u8>(packed >> 32)};
    }
};

} // namespace orrery::x86
