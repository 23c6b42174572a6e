// Private to the decoder: from an opcode to its row, in one step or, where ModRM or an extension tells rows apart, two.
// Both tables are made from the rows at compile time.
#pragma once

#include <array>
#include <span>

#include "cpu/x86/row.hpp"

namespace orrery::x86 {

// A cell is 0 (no such instruction), a row's number plus one, or `group_bit` and the number of a group of such cells.
inline constexpr u16 group_bit = 0x8000;

// By ModRM: the eight reg values with memory, then the 64 values of reg and rm with a register.
inline constexpr std::size_t group_size = 72;
using Group = std::array<u16, group_size>;

constexpr std::size_t group_slot(u8 modrm) { return modrm >= 0xc0 ? 8U + (modrm & 0x3fU) : (modrm >> 3U & 7U); }

// Numbers of the mandatory prefixes as VEX.pp has them: none, 66, F3, F2.
inline constexpr unsigned prefix_count = 4;

// Keys of the maps without VEX: outside 64-bit mode, 64-bit mode without and with REX.W; by prefix; by opcode.
inline constexpr std::size_t legacy_keys = std::size_t{3} * prefix_count * 256;
// Those of the maps with VEX: by mode, VEX.W and VEX.L; by prefix; by opcode.
inline constexpr std::size_t vex_keys = std::size_t{8} * prefix_count * 256;
inline constexpr std::size_t vex_keys_begin = 4 * legacy_keys;
inline constexpr std::size_t key_count = vex_keys_begin + 3 * vex_keys;

constexpr std::size_t legacy_key(Map map, bool code_64, bool wide, unsigned prefix, u8 opcode) {
    const unsigned column = code_64 ? 1U + (wide ? 1U : 0U) : 0U;
    return static_cast<std::size_t>(map) * legacy_keys + ((column * prefix_count + prefix) << 8U | opcode);
}

constexpr std::size_t vex_key(Map map, bool code_64, bool wide, bool vector, unsigned prefix, u8 opcode) {
    const unsigned column = (code_64 ? 4U : 0U) + (wide ? 2U : 0U) + (vector ? 1U : 0U);
    const std::size_t number = static_cast<std::size_t>(map) - static_cast<std::size_t>(Map::vex_0f);
    return vex_keys_begin + number * vex_keys + ((column * prefix_count + prefix) << 8U | opcode);
}

struct OpcodeMaps {
    const Row* rows;
    const u16* cells; // key_count of them
    const Group* groups;
    const u16* otherwise; // by row: the cell that holds if a condition of the row isn't met (trait::else_older)
};
extern const OpcodeMaps opcode_maps;

// All rows: in the order of the maps, within one as its file has them.
std::span<const Row> opcode_rows();

} // namespace orrery::x86
