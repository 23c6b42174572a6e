#include "cpu/riscv/decode_compressed.hpp"

#include <array>
#include <utility>

#include "cpu/riscv/bit_pattern.hpp"
#include "cpu/riscv/instruction_table.hpp"

namespace orrery::riscv {
namespace {

constexpr CompressedRow make_row(std::string_view name, std::string_view pattern_text, CompressedFormat format, Op op,
                                 std::string_view section) {
    const BitPattern pattern = parse_bit_pattern(pattern_text, 16);
    return {.mask = static_cast<u16>(pattern.mask),
            .match = static_cast<u16>(pattern.match),
            .op = op,
            .format = format,
            .name = name,
            .section = section};
}

constexpr auto rows = std::to_array<CompressedRow>({
#define COMPRESSED(name, pattern, format, op, section)                                                                 \
    make_row(name, pattern, CompressedFormat::format, Op::op, section),
#include "cpu/riscv/compressed.def"
#undef COMPRESSED
});

// Quadrant and funct3, which every row fixes.
constexpr u32 key_of(u32 bits) { return (bits & 3) << 3 | bits >> 13; }
constexpr KeyRange keys_of(const CompressedRow& row) { return {key_of(row.match), key_of(row.match) + 1}; }
constexpr bool fits(const CompressedRow&, u32) { return true; }
constexpr std::size_t key_count = 32;
constexpr auto row_index = make_row_index<key_count, rows.size()>(rows, keys_of, fits);

const CompressedRow* find(u16 bits) {
    const u32 key = key_of(bits);
    for (u32 cell = row_index.first[key]; cell != row_index.first[key + 1]; ++cell) {
        const CompressedRow& row = rows[row_index.cells[cell]];
        if ((bits & row.mask) == row.match) return &row;
    }
    return nullptr;
}

// A piece of a scrambled immediate: `width` bits of the encoding from bit `low`, put at bit `to`.
struct Piece {
    u8 low = 0;
    u8 width = 0;
    u8 to = 0;
};

// Where a register number comes from.
enum class Source : u8 { zero, ra, sp, rd, rs2, rs1_short, rs2_short };

// What a format says about its operands; data rather than a switch, because a decoder's branches can't be predicted.
struct Layout {
    Source rd = Source::zero;
    Source rs1 = Source::zero;
    Source rs2 = Source::zero;
    u8 immediate_width = 32; // 32: zero-extended
    std::array<Piece, 8> immediate{};
};

using Pieces = std::array<Piece, 8>;

constexpr Pieces imm6 = {{{12, 1, 5}, {2, 5, 0}}};
constexpr Pieces imm_upper = {{{12, 1, 17}, {2, 5, 12}}};
constexpr Pieces imm_stack_pointer_plus = {{{11, 2, 4}, {7, 4, 6}, {6, 1, 2}, {5, 1, 3}}};
constexpr Pieces imm_adjust_stack_pointer = {{{12, 1, 9}, {6, 1, 4}, {5, 1, 6}, {3, 2, 7}, {2, 1, 5}}};
constexpr Pieces imm_word = {{{10, 3, 3}, {6, 1, 2}, {5, 1, 6}}};
constexpr Pieces imm_dword = {{{10, 3, 3}, {5, 2, 6}}};
constexpr Pieces imm_load_word_stack = {{{12, 1, 5}, {4, 3, 2}, {2, 2, 6}}};
constexpr Pieces imm_load_dword_stack = {{{12, 1, 5}, {5, 2, 3}, {2, 3, 6}}};
constexpr Pieces imm_store_word_stack = {{{9, 4, 2}, {7, 2, 6}}};
constexpr Pieces imm_store_dword_stack = {{{10, 3, 3}, {7, 3, 6}}};
constexpr Pieces imm_branch = {{{12, 1, 8}, {10, 2, 3}, {5, 2, 6}, {3, 2, 1}, {2, 1, 5}}};
constexpr Pieces imm_jump = {
    {{12, 1, 11}, {11, 1, 4}, {9, 2, 8}, {8, 1, 10}, {7, 1, 6}, {6, 1, 7}, {3, 3, 1}, {2, 1, 5}}};

// I 16.2 to 16.5.
constexpr Layout layout_of(CompressedFormat format) {
    using enum CompressedFormat;
    using enum Source;
    switch (format) {
    case none:
        return {};
    case stack_pointer_plus:
        return {.rd = rs2_short, .rs1 = sp, .immediate = imm_stack_pointer_plus};
    case load_word:
        return {.rd = rs2_short, .rs1 = rs1_short, .immediate = imm_word};
    case load_dword:
        return {.rd = rs2_short, .rs1 = rs1_short, .immediate = imm_dword};
    case store_word:
        return {.rs1 = rs1_short, .rs2 = rs2_short, .immediate = imm_word};
    case store_dword:
        return {.rs1 = rs1_short, .rs2 = rs2_short, .immediate = imm_dword};
    case CompressedFormat::immediate:
        return {.rd = rd, .rs1 = rd, .immediate_width = 6, .immediate = imm6};
    case load_immediate:
        return {.rd = rd, .immediate_width = 6, .immediate = imm6};
    case adjust_stack_pointer:
        return {.rd = sp, .rs1 = sp, .immediate_width = 10, .immediate = imm_adjust_stack_pointer};
    case load_upper_immediate:
        return {.rd = rd, .immediate_width = 18, .immediate = imm_upper};
    case shift:
        return {.rd = rd, .rs1 = rd, .immediate = imm6};
    case shift_short:
        return {.rd = rs1_short, .rs1 = rs1_short, .immediate = imm6};
    case immediate_short:
        return {.rd = rs1_short, .rs1 = rs1_short, .immediate_width = 6, .immediate = imm6};
    case registers_short:
        return {.rd = rs1_short, .rs1 = rs1_short, .rs2 = rs2_short};
    case jump:
        return {.immediate_width = 12, .immediate = imm_jump};
    case branch:
        return {.rs1 = rs1_short, .immediate_width = 9, .immediate = imm_branch};
    case load_word_stack:
        return {.rd = rd, .rs1 = sp, .immediate = imm_load_word_stack};
    case load_dword_stack:
        return {.rd = rd, .rs1 = sp, .immediate = imm_load_dword_stack};
    case store_word_stack:
        return {.rs1 = sp, .rs2 = rs2, .immediate = imm_store_word_stack};
    case store_dword_stack:
        return {.rs1 = sp, .rs2 = rs2, .immediate = imm_store_dword_stack};
    case jump_register:
        return {.rs1 = rd};
    case call_register:
        return {.rd = ra, .rs1 = rd};
    case move:
        return {.rd = rd, .rs2 = rs2};
    case registers:
        return {.rd = rd, .rs1 = rd, .rs2 = rs2};
    }
    std::unreachable();
}

constexpr auto layouts = [] {
    std::array<Layout, static_cast<std::size_t>(CompressedFormat::registers) + 1> result;
    for (std::size_t format = 0; format < result.size(); ++format) {
        result[format] = layout_of(static_cast<CompressedFormat>(format));
    }
    return result;
}();

constexpr i32 scatter(u32 bits, const Layout& layout) {
    u32 value = 0;
    for (const Piece& piece : layout.immediate) {
        value |= (bits >> piece.low & ((1U << piece.width) - 1)) << piece.to;
    }
    const unsigned unused = 32U - layout.immediate_width;
    return static_cast<i32>(value << unused) >> unused;
}

// An immediate is the OR of what bits 12..7 and what bits 6..2 give to it, whatever the format. The sign is in bit 12.
struct ImmediateParts {
    std::array<i32, 64> high{};
    std::array<i32, 32> low{};
};

constexpr auto immediate_parts = [] {
    std::array<ImmediateParts, layouts.size()> result{};
    for (std::size_t format = 0; format < result.size(); ++format) {
        for (u32 high = 0; high < 64; ++high) result[format].high[high] = scatter(high << 7, layouts[format]);
        for (u32 low = 0; low < 32; ++low) result[format].low[low] = scatter(low << 2, layouts[format]);
    }
    return result;
}();

i64 immediate(u32 bits, CompressedFormat format) {
    const ImmediateParts& parts = immediate_parts[static_cast<std::size_t>(format)];
    return parts.high[bits >> 7 & 63] | parts.low[bits >> 2 & 31];
}

} // namespace

Instruction decode_compressed(u16 bits) {
    const CompressedRow* row = find(bits);
    if (row == nullptr) return {.length = 2, .bits = bits};
    const Layout& layout = layouts[static_cast<std::size_t>(row->format)];
    // Indexed by Source.
    const std::array<u8, 7> numbers = {0,
                                       1,
                                       2,
                                       static_cast<u8>(bits >> 7 & 0x1f),
                                       static_cast<u8>(bits >> 2 & 0x1f),
                                       static_cast<u8>(8 + (bits >> 7 & 7)),
                                       static_cast<u8>(8 + (bits >> 2 & 7))};
    return {.op = row->op,
            .length = 2,
            .rd = numbers[static_cast<std::size_t>(layout.rd)],
            .rs1 = numbers[static_cast<std::size_t>(layout.rs1)],
            .rs2 = numbers[static_cast<std::size_t>(layout.rs2)],
            .bits = bits,
            .imm = immediate(bits, row->format)};
}

std::span<const CompressedRow> compressed_rows() { return rows; }

} // namespace orrery::riscv
