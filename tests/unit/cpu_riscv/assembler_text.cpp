#include "tests/unit/cpu_riscv/assembler_text.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "cpu/riscv/names.hpp"

namespace orrery::tests {

using namespace riscv;

namespace {

std::string x(u8 number) { return std::string(register_name(number)); }
std::string f(u8 number) { return std::string(float_register_name(number)); }

std::string csr_text(u32 number) {
    const std::string name = csr_name(number);
    return name.empty() ? fmt::format("{}", number) : name;
}

std::string fence_set(u32 set) {
    std::string text;
    for (u32 bit = 0; bit < 4; ++bit) {
        if ((set >> (3 - bit) & 1) != 0) text += "iorw"[bit];
    }
    return text.empty() ? "0" : text;
}

// LLVM leaves rne out where the result is exact, so that the mode can't matter.
std::string rounding(const Instruction& i) {
    constexpr std::array names = {"rne", "rtz", "rdn", "rup", "rmm", "invalid", "invalid", "dyn"};
    const bool exact = i.op == Op::fcvt_d_s || i.op == Op::fcvt_d_w || i.op == Op::fcvt_d_wu || i.op == Op::fcvt_s_h ||
                       i.op == Op::fcvt_d_h;
    return exact && i.rm == 0 ? "" : fmt::format(", {}", names[i.rm]);
}

std::string ordering(const Instruction& i) {
    return i.acquire && i.release ? ".aqrl" : i.acquire ? ".aq" : i.release ? ".rl" : "";
}

std::string operands(const Instruction& i, Format format) {
    using enum Format;
    switch (format) {
    case none:
    case fence_i:
    case ignored_registers:
        return "";
    case registers:
        return fmt::format("{}, {}, {}", x(i.rd), x(i.rs1), x(i.rs2));
    case unary:
        return fmt::format("{}, {}", x(i.rd), x(i.rs1));
    case immediate:
    case shift:
    case shift_word:
        return fmt::format("{}, {}, {}", x(i.rd), x(i.rs1), i.imm);
    case load:
        return fmt::format("{}, {}({})", x(i.rd), i.imm, x(i.rs1));
    case store:
        return fmt::format("{}, {}({})", x(i.rs2), i.imm, x(i.rs1));
    case branch:
        return fmt::format("{}, {}, {}", x(i.rs1), x(i.rs2), i.imm);
    case upper:
        return fmt::format("{}, {}", x(i.rd), i.imm >> 12 & 0xfffff);
    case jump:
        return fmt::format("{}, {}", x(i.rd), i.imm);
    case fence: {
        const u32 sets = static_cast<u32>(i.imm);
        return fmt::format("{}, {}", fence_set(sets >> 4 & 15), fence_set(sets & 15));
    }
    case csr:
        return fmt::format("{}, {}, {}", x(i.rd), csr_text(i.csr), x(i.rs1));
    case csr_immediate:
        return fmt::format("{}, {}, {}", x(i.rd), csr_text(i.csr), i.imm);
    case address_space:
        return fmt::format("{}, {}", x(i.rs1), x(i.rs2));
    case cache_block:
        return fmt::format("({})", x(i.rs1));
    case prefetch:
        return fmt::format("{}({})", i.imm, x(i.rs1));
    case load_reserved:
        return fmt::format("{}, ({})", x(i.rd), x(i.rs1));
    case atomic:
        return fmt::format("{}, {}, ({})", x(i.rd), x(i.rs2), x(i.rs1));
    case float_load:
        return fmt::format("{}, {}({})", f(i.rd), i.imm, x(i.rs1));
    case float_store:
        return fmt::format("{}, {}({})", f(i.rs2), i.imm, x(i.rs1));
    case float_fused:
        return fmt::format("{}, {}, {}, {}{}", f(i.rd), f(i.rs1), f(i.rs2), f(i.rs3), rounding(i));
    case float_rounded:
        return fmt::format("{}, {}, {}{}", f(i.rd), f(i.rs1), f(i.rs2), rounding(i));
    case float_registers:
        return fmt::format("{}, {}, {}", f(i.rd), f(i.rs1), f(i.rs2));
    case float_unary_rounded:
        return fmt::format("{}, {}{}", f(i.rd), f(i.rs1), rounding(i));
    case float_compare:
        return fmt::format("{}, {}, {}", x(i.rd), f(i.rs1), f(i.rs2));
    case float_to_integer:
        return fmt::format("{}, {}", x(i.rd), f(i.rs1));
    case float_to_integer_rounded:
        return fmt::format("{}, {}{}", x(i.rd), f(i.rs1), rounding(i));
    case integer_to_float:
        return fmt::format("{}, {}", f(i.rd), x(i.rs1));
    case integer_to_float_rounded:
        return fmt::format("{}, {}{}", f(i.rd), x(i.rs1), rounding(i));
    }
    std::unreachable();
}

std::string compressed_operands(const CompressedRow& row, const Instruction& i) {
    using enum CompressedFormat;
    const bool is_float = row.op == Op::fld || row.op == Op::fsd;
    const std::string rd = is_float ? f(i.rd) : x(i.rd);
    const std::string rs2 = is_float ? f(i.rs2) : x(i.rs2);
    switch (row.format) {
    case none:
        return "";
    case stack_pointer_plus:
        return fmt::format("{}, {}, {}", rd, x(i.rs1), i.imm);
    case load_word:
    case load_dword:
    case load_word_stack:
    case load_dword_stack:
        return fmt::format("{}, {}({})", rd, i.imm, x(i.rs1));
    case store_word:
    case store_dword:
    case store_word_stack:
    case store_dword_stack:
        return fmt::format("{}, {}({})", rs2, i.imm, x(i.rs1));
    case immediate:
        if (row.name == "c.nop") return i.imm == 0 ? "" : fmt::format("{}", i.imm);
        [[fallthrough]];
    case load_immediate:
    case adjust_stack_pointer:
    case shift:
    case shift_short:
    case immediate_short:
        return fmt::format("{}, {}", rd, i.imm);
    case load_upper_immediate:
        if (i.rd == 0) return fmt::format("{}, {}", rd, i.imm >> 12); // LLVM shows a HINT's immediate with its sign
        return fmt::format("{}, {}", rd, i.imm >> 12 & 0xfffff);
    case registers_short:
    case move:
    case registers:
        return fmt::format("{}, {}", rd, rs2);
    case jump:
        return fmt::format("{}", i.imm);
    case branch:
        return fmt::format("{}, {}", x(i.rs1), i.imm);
    case jump_register:
    case call_register:
        return x(i.rs1);
    }
    std::unreachable();
}

u32 immediate_bits(i64 value, ImmediateKind kind) {
    const u32 v = static_cast<u32>(value);
    switch (kind) {
    case ImmediateKind::none:
        return 0;
    case ImmediateKind::i:
        return v << 20;
    case ImmediateKind::s:
        return (v >> 5 & 0x7f) << 25 | (v & 0x1f) << 7;
    case ImmediateKind::b:
        return (v >> 12 & 1) << 31 | (v >> 5 & 0x3f) << 25 | (v >> 1 & 0xf) << 8 | (v >> 11 & 1) << 7;
    case ImmediateKind::u:
        return v & 0xfffff000;
    case ImmediateKind::j:
        return (v >> 20 & 1) << 31 | (v >> 1 & 0x3ff) << 21 | (v >> 11 & 1) << 20 | (v >> 12 & 0xff) << 12;
    case ImmediateKind::shift:
        return (v & 0x3f) << 20;
    case ImmediateKind::shift_word:
        return (v & 0x1f) << 20;
    case ImmediateKind::csr:
        return (v & 0x1f) << 15;
    case ImmediateKind::fence:
        return v << 20;
    case ImmediateKind::prefetch:
        return (v & 0xfe0) << 20;
    }
    std::unreachable();
}

} // namespace

std::string assembler_text(const Instruction& instruction) {
    if (instruction.op == Op::illegal) return "illegal";
    const Format format = row_of(instruction.op).format;
    const std::string text = operands(instruction, format);
    const std::string name = std::string(mnemonic(instruction.op)) + ordering(instruction);
    return text.empty() ? name : name + " " + text;
}

std::string compressed_text(const CompressedRow& row, const Instruction& instruction) {
    const std::string text = compressed_operands(row, instruction);
    return text.empty() ? std::string(row.name) : fmt::format("{} {}", row.name, text);
}

u32 encode(const Instruction& i) {
    const Row& row = row_of(i.op);
    const u32 placed = u32{i.rd} << 7 | u32{i.rs1} << 15 | u32{i.rs2} << 20 | u32{i.rs3} << 27 | u32{i.rm} << 12 |
                       u32{i.acquire} << 26 | u32{i.release} << 25;
    return row.match | placed | i.csr << 20 | immediate_bits(i.imm, row.immediate);
}

u32 all_operand_bits(const Row& row) {
    const u32 csr_bits = row.extension == Extension::zicsr ? 0xfffU << 20 : 0;
    return row.operand_bits | immediate_bits(-1, row.immediate) | csr_bits;
}

} // namespace orrery::tests
