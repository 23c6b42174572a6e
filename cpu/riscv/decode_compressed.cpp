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

// `width` bits of `bits` from bit `low`, put at bit `to`: a piece of a scrambled immediate.
constexpr i32 piece(u32 bits, unsigned low, unsigned width, unsigned to) {
    return static_cast<i32>((bits >> low & ((1U << width) - 1)) << to);
}

constexpr i32 sign_extend(i32 value, unsigned width) {
    const i32 sign = 1 << (width - 1);
    return (value ^ sign) - sign;
}

// The immediates of I 16.3 to 16.5, named by what they do.
constexpr i32 imm6_unsigned(u32 b) { return piece(b, 12, 1, 5) | piece(b, 2, 5, 0); }
constexpr i32 imm6(u32 b) { return sign_extend(imm6_unsigned(b), 6); }
constexpr i32 imm_stack_pointer_plus(u32 b) {
    return piece(b, 11, 2, 4) | piece(b, 7, 4, 6) | piece(b, 6, 1, 2) | piece(b, 5, 1, 3);
}
constexpr i32 imm_adjust_stack_pointer(u32 b) {
    return sign_extend(
        piece(b, 12, 1, 9) | piece(b, 6, 1, 4) | piece(b, 5, 1, 6) | piece(b, 3, 2, 7) | piece(b, 2, 1, 5), 10);
}
constexpr i32 imm_word(u32 b) { return piece(b, 10, 3, 3) | piece(b, 6, 1, 2) | piece(b, 5, 1, 6); }
constexpr i32 imm_dword(u32 b) { return piece(b, 10, 3, 3) | piece(b, 5, 2, 6); }
constexpr i32 imm_load_word_stack(u32 b) { return piece(b, 12, 1, 5) | piece(b, 4, 3, 2) | piece(b, 2, 2, 6); }
constexpr i32 imm_load_dword_stack(u32 b) { return piece(b, 12, 1, 5) | piece(b, 5, 2, 3) | piece(b, 2, 3, 6); }
constexpr i32 imm_store_word_stack(u32 b) { return piece(b, 9, 4, 2) | piece(b, 7, 2, 6); }
constexpr i32 imm_store_dword_stack(u32 b) { return piece(b, 10, 3, 3) | piece(b, 7, 3, 6); }
constexpr i32 imm_jump(u32 b) {
    return sign_extend(piece(b, 12, 1, 11) | piece(b, 11, 1, 4) | piece(b, 9, 2, 8) | piece(b, 8, 1, 10) |
                           piece(b, 7, 1, 6) | piece(b, 6, 1, 7) | piece(b, 3, 3, 1) | piece(b, 2, 1, 5),
                       12);
}
constexpr i32 imm_branch(u32 b) {
    return sign_extend(
        piece(b, 12, 1, 8) | piece(b, 10, 2, 3) | piece(b, 5, 2, 6) | piece(b, 3, 2, 1) | piece(b, 2, 1, 5), 9);
}

struct Operands {
    u32 rd = 0;
    u32 rs1 = 0;
    u32 rs2 = 0;
    i32 imm = 0;
};

constexpr u32 stack_pointer = 2;

Operands operands(u32 b, CompressedFormat format) {
    using enum CompressedFormat;
    const u32 wide = b >> 7 & 0x1f;     // rd or rs1 in five bits
    const u32 wide_rs2 = b >> 2 & 0x1f; //
    const u32 upper = 8 + (b >> 7 & 7); // rs1' or rd'
    const u32 lower = 8 + (b >> 2 & 7); // rs2' or rd'
    switch (format) {
    case none:
        return {};
    case stack_pointer_plus:
        return {.rd = lower, .rs1 = stack_pointer, .imm = imm_stack_pointer_plus(b)};
    case load_word:
        return {.rd = lower, .rs1 = upper, .imm = imm_word(b)};
    case load_dword:
        return {.rd = lower, .rs1 = upper, .imm = imm_dword(b)};
    case store_word:
        return {.rs1 = upper, .rs2 = lower, .imm = imm_word(b)};
    case store_dword:
        return {.rs1 = upper, .rs2 = lower, .imm = imm_dword(b)};
    case immediate:
        return {.rd = wide, .rs1 = wide, .imm = imm6(b)};
    case load_immediate:
        return {.rd = wide, .imm = imm6(b)};
    case adjust_stack_pointer:
        return {.rd = wide, .rs1 = wide, .imm = imm_adjust_stack_pointer(b)};
    case load_upper_immediate:
        return {.rd = wide, .imm = imm6(b) * 4096};
    case shift:
        return {.rd = wide, .rs1 = wide, .imm = imm6_unsigned(b)};
    case shift_short:
        return {.rd = upper, .rs1 = upper, .imm = imm6_unsigned(b)};
    case immediate_short:
        return {.rd = upper, .rs1 = upper, .imm = imm6(b)};
    case registers_short:
        return {.rd = upper, .rs1 = upper, .rs2 = lower};
    case jump:
        return {.imm = imm_jump(b)};
    case branch:
        return {.rs1 = upper, .imm = imm_branch(b)};
    case load_word_stack:
        return {.rd = wide, .rs1 = stack_pointer, .imm = imm_load_word_stack(b)};
    case load_dword_stack:
        return {.rd = wide, .rs1 = stack_pointer, .imm = imm_load_dword_stack(b)};
    case store_word_stack:
        return {.rs1 = stack_pointer, .rs2 = wide_rs2, .imm = imm_store_word_stack(b)};
    case store_dword_stack:
        return {.rs1 = stack_pointer, .rs2 = wide_rs2, .imm = imm_store_dword_stack(b)};
    case jump_register:
        return {.rs1 = wide};
    case call_register:
        return {.rd = 1, .rs1 = wide};
    case move:
        return {.rd = wide, .rs2 = wide_rs2};
    case registers:
        return {.rd = wide, .rs1 = wide, .rs2 = wide_rs2};
    }
    std::unreachable();
}

} // namespace

Instruction decode_compressed(u16 bits) {
    const CompressedRow* row = find(bits);
    if (row == nullptr) return {.length = 2, .bits = bits};
    const Operands fields = operands(bits, row->format);
    return {.op = row->op,
            .length = 2,
            .rd = static_cast<u8>(fields.rd),
            .rs1 = static_cast<u8>(fields.rs1),
            .rs2 = static_cast<u8>(fields.rs2),
            .bits = bits,
            .imm = fields.imm};
}

std::span<const CompressedRow> compressed_rows() { return rows; }

} // namespace orrery::riscv
