#include "app/explain/decoded_x86.hpp"

#include <array>

#include <fmt/format.h>

#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/operands.hpp"

namespace orrery::app {
namespace {

using x86::Instruction;
using x86::OperandKind;
using x86::OperandValue;

constexpr std::array<std::string_view, 16> names64{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr std::array<std::string_view, 8> names16{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
constexpr std::array<std::string_view, 8> names8{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
constexpr std::array<std::string_view, 6> segment_names{"es", "cs", "ss", "ds", "fs", "gs"};

std::string general_name(u8 number, u32 size_bytes) {
    if (number >= names64.size()) return "?";
    if (number >= 8) {
        const std::string_view suffix = size_bytes == 1 ? "b" : size_bytes == 2 ? "w" : size_bytes == 4 ? "d" : "";
        return fmt::format("{}{}", names64[number], suffix);
    }
    if (size_bytes == 1) return std::string(names8[number]);
    if (size_bytes == 2) return std::string(names16[number]);
    return size_bytes == 4 ? fmt::format("e{}", names16[number]) : std::string(names64[number]);
}

std::string memory_words(const Instruction& instruction, u64 pc) {
    const x86::MemoryAddress& memory = instruction.memory;
    std::string text;
    const auto add = [&](const std::string& term) { text += (text.empty() ? "" : " + ") + term; };
    if (memory.base == x86::instruction_pointer)
        return fmt::format("[rip + {:#x}], {:#x}", instruction.displacement,
                           pc + instruction.length + static_cast<u64>(instruction.displacement));
    if (memory.base != x86::no_register) add(general_name(memory.base, instruction.address_size));
    if (memory.index != x86::no_register)
        add(fmt::format("{}{}", general_name(memory.index, instruction.address_size),
                        memory.scale == 0 ? "" : fmt::format(" * {}", 1U << memory.scale)));
    if (text.empty())
        return fmt::format("{}:[{:#x}]", segment_names[static_cast<u32>(memory.segment)],
                           static_cast<u64>(instruction.displacement));
    if (instruction.displacement != 0)
        text += fmt::format(" {} {:#x}", instruction.displacement < 0 ? '-' : '+',
                            instruction.displacement < 0 ? -instruction.displacement : instruction.displacement);
    return fmt::format("{}:[{}]", segment_names[static_cast<u32>(memory.segment)], text);
}

std::string operand_words(const Instruction& instruction, const OperandValue& operand, u64 pc) {
    const auto numbered = [&](std::string_view prefix) { return fmt::format("{}{}", prefix, operand.number); };
    switch (operand.kind) {
    case OperandKind::none:
        return {};
    case OperandKind::general:
        return general_name(operand.number, operand.size_bytes);
    case OperandKind::high_byte:
        return fmt::format("{}h", "acdb"[operand.number & 3]);
    case OperandKind::segment:
        return operand.number < segment_names.size() ? std::string(segment_names[operand.number]) : "?";
    case OperandKind::control:
        return numbered("cr");
    case OperandKind::debug:
        return numbered("dr");
    case OperandKind::mmx:
        return numbered("mm");
    case OperandKind::vector:
        return numbered(operand.size_bytes == 32 ? "ymm" : "xmm");
    case OperandKind::x87:
        return fmt::format("st({})", operand.number);
    case OperandKind::memory:
        return operand.size_bytes == 0 ? memory_words(instruction, pc)
                                       : fmt::format("{}, {} bytes", memory_words(instruction, pc), operand.size_bytes);
    case OperandKind::string_source:
        return fmt::format("{}:[{}], {} bytes", segment_names[static_cast<u32>(instruction.memory.segment)],
                           general_name(6, instruction.address_size), operand.size_bytes);
    case OperandKind::string_destination:
        return fmt::format("es:[{}], {} bytes", general_name(7, instruction.address_size), operand.size_bytes);
    case OperandKind::immediate:
        return operand.value < 0 ? fmt::format("-{:#x}", -static_cast<u64>(operand.value))
                                 : fmt::format("{:#x}", operand.value);
    case OperandKind::branch:
        return fmt::format("{:#x}", pc + instruction.length + static_cast<u64>(operand.value));
    case OperandKind::far_pointer:
        return fmt::format("{:#x}:{:#x}", instruction.immediate2, static_cast<u64>(operand.value));
    }
    return {};
}

// "REX.W, opcode 8b, ModRM 45, …": which bytes are what, as far as they say something by themselves.
std::string encoding_words(const Instruction& instruction, std::span<const u8> bytes) {
    std::string all;
    for (const u8 byte : bytes) all += fmt::format("{:02x} ", byte);
    if (instruction.rex != 0 && !instruction.vex) {
        all +=
            fmt::format("REX.{}{}{}{} ", (instruction.rex & 8) != 0 ? "W" : "", (instruction.rex & 4) != 0 ? "R" : "",
                        (instruction.rex & 2) != 0 ? "X" : "", (instruction.rex & 1) != 0 ? "B" : "");
    }
    if (instruction.row->has_modrm)
        all += fmt::format("ModRM mod {:02b} reg {:03b} rm {:03b} ", instruction.modrm >> 6, instruction.modrm >> 3 & 7,
                           instruction.modrm & 7);
    const bool has_sib = instruction.has_memory && instruction.address_size != 2 && (instruction.modrm & 7) == 4;
    if (has_sib)
        all += fmt::format("SIB scale {} index {:03b} base {:03b} ", 1U << (instruction.sib >> 6),
                           instruction.sib >> 3 & 7, instruction.sib & 7);
    all.pop_back();
    return all;
}

} // namespace

DecodedInstruction decode_x86_for_reader(std::span<const u8> bytes, x86::CodeSize code_size, x86::Features features,
                                         u64 pc) {
    DecodedInstruction decoded;
    const Instruction instruction = x86::decode(bytes, code_size, features);
    if (!instruction.valid()) {
        decoded.name = "illegal";
        decoded.extension = "no instruction of this CPU model in this mode";
        decoded.manual = "#UD";
        for (const u8 byte : bytes) decoded.encoding += fmt::format("{:02x} ", byte);
        return decoded;
    }
    const x86::Row& row = *instruction.row;
    decoded.name = x86::mnemonic(instruction);
    decoded.extension = fmt::format("row \"{}\"", row.notation);
    const std::string described = x86::describe(row);
    const std::size_t manual = described.rfind("SDM");
    decoded.manual = manual == std::string::npos ? described : described.substr(manual);
    decoded.encoding = encoding_words(instruction, bytes.first(instruction.length));
    for (std::size_t i = 0; i < row.operands.size(); ++i) {
        const OperandValue operand = x86::operand_of(instruction, i);
        if (operand.kind == OperandKind::none) break;
        decoded.fields.push_back({x86::operand_name(row.operands[i]), operand_words(instruction, operand, pc)});
    }
    return decoded;
}

} // namespace orrery::app
