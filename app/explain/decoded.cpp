#include "app/explain/decoded.hpp"

#include <array>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "cpu/riscv/instruction_table.hpp"
#include "cpu/riscv/names.hpp"

namespace orrery::app {
namespace {

using riscv::Extension;
using riscv::Format;
using riscv::Instruction;

// The operands of a format. Of floating-point registers: fd, fs1, fs2, fs3; target: an immediate relative to the pc.
std::string_view operands(Format format) {
    using enum Format;
    switch (format) {
    case none:
    case fence_i:
    case ignored_registers:
        return "";
    case registers:
        return "rd rs1 rs2";
    case unary:
        return "rd rs1";
    case immediate:
    case shift:
    case shift_word:
        return "rd rs1 imm";
    case load:
        return "rd imm rs1";
    case store:
        return "rs2 imm rs1";
    case branch:
        return "rs1 rs2 target";
    case upper:
        return "rd upper";
    case jump:
        return "rd target";
    case fence:
        return "sets";
    case csr:
        return "rd csr rs1";
    case csr_immediate:
        return "rd csr imm";
    case address_space:
        return "rs1 rs2";
    case cache_block:
        return "rs1";
    case prefetch:
        return "imm rs1";
    case load_reserved:
        return "rd rs1 order";
    case atomic:
        return "rd rs2 rs1 order";
    case float_load:
        return "fd imm rs1";
    case float_store:
        return "fs2 imm rs1";
    case float_fused:
        return "fd fs1 fs2 fs3 rm";
    case float_rounded:
        return "fd fs1 fs2 rm";
    case float_registers:
        return "fd fs1 fs2";
    case float_unary_rounded:
        return "fd fs1 rm";
    case float_compare:
        return "rd fs1 fs2";
    case float_to_integer:
        return "rd fs1";
    case float_to_integer_rounded:
        return "rd fs1 rm";
    case integer_to_float:
        return "fd rs1";
    case integer_to_float_rounded:
        return "fd rs1 rm";
    }
    return "";
}

std::string x(u32 number) { return fmt::format("{} (x{})", riscv::register_name(number), number); }
std::string f(u32 number) { return fmt::format("{} (f{})", riscv::float_register_name(number), number); }

std::string fence_sets(u32 sets) {
    std::string text;
    for (u32 bit = 0; bit < 8; ++bit) {
        if (bit == 4) text += " before ";
        if ((sets >> (7 - bit) & 1) != 0) text += "iorw"[bit % 4];
    }
    return text;
}

std::string ordering(const Instruction& i) {
    if (i.acquire && i.release) return "acquire, release";
    return i.acquire ? "acquire" : i.release ? "release" : "none";
}

std::string value(std::string_view operand, const Instruction& i, u64 pc) {
    constexpr std::array rounding{"nearest even",       "towards zero", "down",     "up",
                                  "nearest, ties away", "reserved",     "reserved", "dynamic"};
    if (operand == "rd") return x(i.rd);
    if (operand == "rs1") return x(i.rs1);
    if (operand == "rs2") return x(i.rs2);
    if (operand == "fd") return f(i.rd);
    if (operand == "fs1") return f(i.rs1);
    if (operand == "fs2") return f(i.rs2);
    if (operand == "fs3") return f(i.rs3);
    if (operand == "imm") return fmt::format("{}", i.imm);
    if (operand == "upper") return fmt::format("{:#x}", static_cast<u64>(i.imm));
    if (operand == "target") return fmt::format("pc {:+} = {:#x}", i.imm, pc + static_cast<u64>(i.imm));
    if (operand == "csr") return fmt::format("{} ({:#x})", riscv::csr_name(i.csr), i.csr);
    if (operand == "rm") return rounding[i.rm & 7];
    if (operand == "sets") return fence_sets(static_cast<u32>(i.imm));
    return ordering(i);
}

std::string extension_name(Extension extension) {
    switch (extension) {
    case Extension::i:
        return "RV64I";
    case Extension::m:
        return "M";
    case Extension::a:
        return "A";
    case Extension::f:
        return "F";
    case Extension::d:
        return "D";
    case Extension::zicsr:
        return "Zicsr";
    case Extension::zifencei:
        return "Zifencei";
    case Extension::zihintpause:
        return "Zihintpause";
    case Extension::privileged:
        return "privileged";
    case Extension::svinval:
        return "Svinval";
    case Extension::zicbom:
        return "Zicbom";
    case Extension::zicbop:
        return "Zicbop";
    case Extension::zicboz:
        return "Zicboz";
    case Extension::zfhmin:
        return "Zfhmin";
    case Extension::zba:
        return "Zba";
    case Extension::zbb:
        return "Zbb";
    case Extension::zbs:
        return "Zbs";
    }
    return "?";
}

std::string manual(std::string_view section) {
    if (section.starts_with("II ")) return fmt::format("Volume II (20211203), section {}", section.substr(3));
    if (section.starts_with("I ")) return fmt::format("Volume I (20191213), section {}", section.substr(2));
    return fmt::format("the specification of {}", section);
}

// The bits from the left, apart where the widths say.
std::string binary(u32 bits, u32 size, std::initializer_list<u32> widths) {
    std::string text;
    for (const u32 width : widths) {
        if (!text.empty()) text += ' ';
        for (u32 i = 0; i < width; ++i) text += (bits >> --size & 1) != 0 ? '1' : '0';
    }
    return text;
}

} // namespace

DecodedInstruction decode_for_reader(u32 bits, u64 pc) {
    const Instruction instruction = riscv::decode(bits);
    DecodedInstruction decoded;
    const bool compressed = instruction.length == 2;
    decoded.encoding = compressed ? binary(bits, 16, {3, 11, 2}) : binary(bits, 32, {7, 5, 5, 3, 5, 7});
    decoded.name = riscv::mnemonic(instruction.op);
    if (instruction.op == riscv::Op::illegal) {
        decoded.extension = "no extension that this hart has";
        decoded.manual = manual("II 3.1.15");
        return decoded;
    }
    const riscv::Row& row = riscv::row_of(instruction.op);
    decoded.extension = extension_name(row.extension);
    decoded.manual = manual(row.section);
    if (compressed) {
        decoded.expands_to = std::exchange(decoded.name, "");
        for (const riscv::CompressedRow& candidate : riscv::compressed_rows()) {
            if ((bits & candidate.mask) != candidate.match) continue;
            decoded.name = candidate.name;
            decoded.extension = "C, for " + decoded.extension;
            decoded.manual = manual(candidate.section);
            break;
        }
    }
    for (std::string_view rest = operands(row.format); !rest.empty();) {
        const std::string_view operand = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), operand.size() + 1));
        decoded.fields.push_back({std::string(operand), value(operand, instruction, pc)});
    }
    return decoded;
}

} // namespace orrery::app
