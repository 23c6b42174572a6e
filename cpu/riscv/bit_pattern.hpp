// Private to the decoder: bit patterns read at compile time, and the bucket index over rows of patterns.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "machine/fabric/types.hpp"

namespace orrery::riscv {

struct BitPattern {
    u32 mask = 0;
    u32 match = 0;
};

// Not constexpr: reaching it makes the constant expression, and so the build, fail.
void bit_pattern_is_malformed();

// "0000000 ..... 1": most significant bit first, '.' free, blanks ignored, exactly `bit_count` bits.
constexpr BitPattern parse_bit_pattern(std::string_view text, unsigned bit_count) {
    BitPattern pattern;
    unsigned bits_seen = 0;
    for (const char symbol : text) {
        if (symbol == ' ') continue;
        if (symbol != '.' && symbol != '0' && symbol != '1') bit_pattern_is_malformed();
        pattern.mask = pattern.mask << 1 | (symbol == '.' ? 0U : 1U);
        pattern.match = pattern.match << 1 | (symbol == '1' ? 1U : 0U);
        ++bits_seen;
    }
    if (bits_seen != bit_count) bit_pattern_is_malformed();
    return pattern;
}

// A range of keys [first, last).
struct KeyRange {
    u32 first = 0;
    u32 last = 0;
};

// For every key the numbers of the rows that an encoding with this key can fit, in row order:
// cells[first[key]] … cells[first[key + 1] - 1].
template <std::size_t KeyCount, std::size_t CellCount> struct RowIndex {
    std::array<u16, KeyCount + 1> first{};
    std::array<u8, CellCount> cells{};
};

// `keys_of(row)` narrows the search to a range of keys, `fits(row, key)` decides.
template <typename Rows, typename KeysOf, typename Fits>
constexpr std::size_t count_cells(const Rows& rows, KeysOf keys_of, Fits fits) {
    std::size_t count = 0;
    for (const auto& row : rows) {
        const KeyRange keys = keys_of(row);
        for (u32 key = keys.first; key < keys.last; ++key) count += fits(row, key) ? 1 : 0;
    }
    return count;
}

template <std::size_t KeyCount, std::size_t CellCount, typename Rows, typename KeysOf, typename Fits>
constexpr RowIndex<KeyCount, CellCount> make_row_index(const Rows& rows, KeysOf keys_of, Fits fits) {
    static_assert(std::tuple_size_v<Rows> <= 256, "a cell holds a row number in eight bits");
    RowIndex<KeyCount, CellCount> index;
    std::array<u16, KeyCount> next{};
    for (const auto& row : rows) {
        const KeyRange keys = keys_of(row);
        for (u32 key = keys.first; key < keys.last; ++key)
            next[key] = static_cast<u16>(next[key] + (fits(row, key) ? 1 : 0));
    }
    for (u32 key = 0; key < KeyCount; ++key) {
        index.first[key + 1] = static_cast<u16>(index.first[key] + next[key]);
        next[key] = index.first[key];
    }
    for (std::size_t number = 0; number < rows.size(); ++number) {
        const KeyRange keys = keys_of(rows[number]);
        for (u32 key = keys.first; key < keys.last; ++key) {
            if (fits(rows[number], key)) index.cells[next[key]++] = static_cast<u8>(number);
        }
    }
    return index;
}

} // namespace orrery::riscv
