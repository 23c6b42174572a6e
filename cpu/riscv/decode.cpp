#include "cpu/riscv/decode.hpp"

#include <array>
#include <utility>

#include "cpu/riscv/bit_pattern.hpp"
#include "cpu/riscv/decode_compressed.hpp"
#include "cpu/riscv/instruction_table.hpp"

namespace orrery::riscv {
namespace {

constexpr u32 bits_rd = 0x1fU << 7;
constexpr u32 bits_rs1 = 0x1fU << 15;
constexpr u32 bits_rs2 = 0x1fU << 20;
constexpr u32 bits_rs3 = 0x1fU << 27;
constexpr u32 bits_rm = 7U << 12;
constexpr u32 bits_acquire = 1U << 26;
constexpr u32 bits_release = 1U << 25;

constexpr u32 operand_bits(Format format) {
    using enum Format;
    switch (format) {
    case none:
    case fence:
    case fence_i:
    case ignored_registers:
        return 0;
    case registers:
    case float_registers:
    case float_compare:
        return bits_rd | bits_rs1 | bits_rs2;
    case unary:
    case immediate:
    case shift:
    case shift_word:
    case load:
    case csr:
    case float_load:
    case float_to_integer:
    case integer_to_float:
        return bits_rd | bits_rs1;
    case store:
    case branch:
    case address_space:
    case float_store:
        return bits_rs1 | bits_rs2;
    case upper:
    case jump:
    case csr_immediate:
        return bits_rd;
    case cache_block:
    case prefetch:
        return bits_rs1;
    case load_reserved:
        return bits_rd | bits_rs1 | bits_acquire | bits_release;
    case atomic:
        return bits_rd | bits_rs1 | bits_rs2 | bits_acquire | bits_release;
    case float_fused:
        return bits_rd | bits_rs1 | bits_rs2 | bits_rs3 | bits_rm;
    case float_rounded:
        return bits_rd | bits_rs1 | bits_rs2 | bits_rm;
    case float_unary_rounded:
    case float_to_integer_rounded:
    case integer_to_float_rounded:
        return bits_rd | bits_rs1 | bits_rm;
    }
    std::unreachable();
}

constexpr ImmediateKind immediate_kind(Format format) {
    using enum Format;
    switch (format) {
    case immediate:
    case load:
    case float_load:
        return ImmediateKind::i;
    case store:
    case float_store:
        return ImmediateKind::s;
    case branch:
        return ImmediateKind::b;
    case upper:
        return ImmediateKind::u;
    case jump:
        return ImmediateKind::j;
    case shift:
        return ImmediateKind::shift;
    case shift_word:
        return ImmediateKind::shift_word;
    case csr_immediate:
        return ImmediateKind::csr;
    case fence:
        return ImmediateKind::fence;
    case prefetch:
        return ImmediateKind::prefetch;
    default:
        return ImmediateKind::none;
    }
}

constexpr Row make_row(Op op, std::string_view name, std::string_view pattern_text, Format format, Extension extension,
                       std::string_view section) {
    const BitPattern pattern = parse_bit_pattern(pattern_text, 32);
    return {.mask = pattern.mask,
            .match = pattern.match,
            .operand_bits = operand_bits(format),
            .op = op,
            .format = format,
            .immediate = immediate_kind(format),
            .extension = extension,
            .name = name,
            .section = section};
}

constexpr auto rows = std::to_array<Row>({
#define INSTRUCTION(op, name, pattern, format, extension, section)                                                     \
    make_row(Op::op, name, pattern, Format::format, Extension::extension, section),
#include "cpu/riscv/instructions.def"
#undef INSTRUCTION
});

// Which bits, besides the major opcode, tell the rows of an opcode apart best.
struct Discriminator {
    u8 shift = 12; // funct3
    u8 width = 3;
    u16 first_key = 0;
};

constexpr u32 opcode_amo = 0x0b;
constexpr u32 opcode_op_fp = 0x14;
constexpr u32 major_opcode(u32 bits) { return bits >> 2 & 0x1f; }

constexpr std::array<Discriminator, 32> make_discriminators() {
    std::array<Discriminator, 32> result{};
    result[opcode_amo] = {.shift = 27, .width = 5};
    result[opcode_op_fp] = {.shift = 25, .width = 7}; // funct3 is the rounding mode there
    u32 key = 0;
    for (Discriminator& discriminator : result) {
        discriminator.first_key = static_cast<u16>(key);
        key += 1U << discriminator.width;
    }
    return result;
}

constexpr std::array<Discriminator, 32> discriminators = make_discriminators();
constexpr std::size_t key_count = discriminators[31].first_key + (std::size_t{1} << discriminators[31].width);

constexpr u32 key_of(u32 bits) {
    const Discriminator& discriminator = discriminators[major_opcode(bits)];
    return discriminator.first_key + (bits >> discriminator.shift & ((1U << discriminator.width) - 1));
}

constexpr KeyRange keys_of(const Row& row) {
    const Discriminator& discriminator = discriminators[major_opcode(row.match)];
    return {discriminator.first_key, discriminator.first_key + (1U << discriminator.width)};
}

constexpr bool fits(const Row& row, u32 key) {
    const Discriminator& discriminator = discriminators[major_opcode(row.match)];
    const u32 value = (key - discriminator.first_key) << discriminator.shift;
    const u32 key_mask = ((1U << discriminator.width) - 1) << discriminator.shift;
    return ((value ^ row.match) & row.mask & key_mask) == 0;
}

constexpr std::size_t cell_count = count_cells(rows, keys_of, fits);
constexpr auto row_index = make_row_index<key_count, cell_count>(rows, keys_of, fits);

const Row* find(u32 bits) {
    const u32 key = key_of(bits);
    for (u32 cell = row_index.first[key]; cell != row_index.first[key + 1]; ++cell) {
        const Row& row = rows[row_index.cells[cell]];
        if ((bits & row.mask) == row.match) return &row;
    }
    return nullptr;
}

constexpr u32 field(u32 bits, unsigned low, unsigned width) { return bits >> low & ((1U << width) - 1); }
constexpr u8 field8(u32 bits, unsigned low, unsigned width) { return static_cast<u8>(field(bits, low, width)); }

// I 2.3: every signed immediate has its sign in bit 31. All kinds are computed and one chosen, because a branch on the
// kind would be mispredicted more often than not.
i64 immediate(u32 bits, ImmediateKind kind) {
    const i32 word = static_cast<i32>(bits);
    const i32 i = word >> 20;
    const i32 s = (i & ~0x1f) | static_cast<i32>(field(bits, 7, 5));
    const i32 b = (s & ~0x801) | static_cast<i32>(field(bits, 7, 1) << 11);
    const i32 u = word & ~0xfff;
    const i32 j = (i & ~0xff801) | static_cast<i32>(field(bits, 12, 8) << 12 | field(bits, 20, 1) << 11);
    std::array<i32, 11> values{};
    const auto set = [&values](ImmediateKind which, i32 value) { values[static_cast<std::size_t>(which)] = value; };
    set(ImmediateKind::i, i);
    set(ImmediateKind::s, s);
    set(ImmediateKind::b, b);
    set(ImmediateKind::u, u);
    set(ImmediateKind::j, j);
    set(ImmediateKind::shift, i & 0x3f);
    set(ImmediateKind::shift_word, i & 0x1f);
    set(ImmediateKind::csr, static_cast<i32>(field(bits, 15, 5)));
    set(ImmediateKind::fence, i & 0xfff);
    set(ImmediateKind::prefetch, i & ~0x1f);
    return values[static_cast<std::size_t>(kind)];
}

} // namespace

Instruction decode(u32 bits) {
    if (instruction_length(static_cast<u16>(bits)) == 2) return decode_compressed(static_cast<u16>(bits));
    const Row* row = find(bits);
    if (row == nullptr) return {.bits = bits};
    const u32 operands = bits & row->operand_bits;
    const bool has_csr = row->extension == Extension::zicsr;
    return {.op = row->op,
            .length = 4,
            .rd = field8(operands, 7, 5),
            .rs1 = field8(operands, 15, 5),
            .rs2 = field8(operands, 20, 5),
            .rs3 = field8(operands, 27, 5),
            .rm = field8(operands, 12, 3),
            .acquire = (operands & bits_acquire) != 0,
            .release = (operands & bits_release) != 0,
            .csr = has_csr ? bits >> 20 : 0,
            .bits = bits,
            .imm = immediate(bits, row->immediate)};
}

std::span<const Row> instruction_rows() { return rows; }

const Row& row_of(Op op) { return rows[static_cast<std::size_t>(op) - 1]; }

std::string_view mnemonic(Op op) { return op == Op::illegal ? std::string_view("illegal") : row_of(op).name; }

} // namespace orrery::riscv
