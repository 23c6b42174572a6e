#include "tests/unit/cpu_x86/intel_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/operands.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

constexpr std::array<std::string_view, 8> word_names = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
constexpr std::array<std::string_view, 8> byte_names = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
constexpr std::array<std::string_view, 4> high_names = {"ah", "ch", "dh", "bh"};
constexpr std::array<std::string_view, 6> segment_names = {"es", "cs", "ss", "ds", "fs", "gs"};

std::string numbered(std::string_view prefix, unsigned number, std::string_view suffix = "") {
    return std::string(prefix) + std::to_string(number) + std::string(suffix);
}

std::string general_name(unsigned number, unsigned size_bytes) {
    if (number >= 8)
        return numbered("r", number, size_bytes == 8 ? "" : size_bytes == 4 ? "d" : size_bytes == 2 ? "w" : "b");
    if (size_bytes == 1) return std::string(byte_names[number]);
    const std::string name(word_names[number]);
    return size_bytes == 2 ? name : (size_bytes == 4 ? "e" : "r") + name;
}

std::string size_text(unsigned size_bytes) {
    switch (size_bytes) {
    case 1:
        return "byte ptr ";
    case 2:
        return "word ptr ";
    case 4:
        return "dword ptr ";
    case 6:
        return "fword ptr ";
    case 8:
        return "qword ptr ";
    case 10:
        return "tbyte ptr ";
    case 16:
        return "xmmword ptr ";
    case 32:
        return "ymmword ptr ";
    default:
        return "";
    }
}

std::string segment_text(const Instruction& instruction) {
    if (!instruction.segment_override) return "";
    return std::string(segment_names[static_cast<std::size_t>(instruction.memory.segment)]) + ":";
}

std::string base_name(const Instruction& instruction) {
    if (instruction.memory.base == instruction_pointer) return instruction.address_size == 8 ? "rip" : "eip";
    return general_name(instruction.memory.base, instruction.address_size);
}

std::string index_name(const Instruction& instruction) {
    const u8 index = instruction.memory.index;
    if (!instruction.row->has(trait::vsib)) return general_name(index, instruction.address_size);
    const std::string name = mnemonic(*instruction.row);
    // Four indices of 64 bits for a vector of 256; 32-bit ones are half as long as the data where that is 64 bits wide.
    const bool dword_index = name.starts_with("vgatherd") || name.starts_with("vpgatherd");
    const bool qword_data = name.ends_with("pd") || (name.ends_with("q"));
    const bool large = instruction.vex_256 && !(dword_index && qword_data);
    return numbered(large ? "ymm" : "xmm", index);
}

std::string address_text(const Instruction& instruction) {
    std::string text;
    if (instruction.memory.base != no_register) text = base_name(instruction);
    if (instruction.memory.index != no_register) {
        const std::string scale =
            instruction.memory.scale != 0 ? numbered("", 1U << instruction.memory.scale, "*") : "";
        text += (text.empty() ? "" : " + ") + scale + index_name(instruction);
    }
    const i64 displacement = instruction.displacement;
    if (text.empty()) return std::to_string(displacement);
    if (displacement == 0) return text;
    return text + (displacement < 0 ? " - " : " + ") + std::to_string(displacement < 0 ? -displacement : displacement);
}

std::string memory_text(const Instruction& instruction, const OperandValue& value) {
    return size_text(value.size_bytes) + segment_text(instruction) + "[" + address_text(instruction) + "]";
}

std::string string_operand(const Instruction& instruction, const OperandValue& value) {
    const bool source = value.kind == OperandKind::string_source;
    return size_text(value.size_bytes) + (source ? segment_text(instruction) : "es:") + "[" +
           general_name(source ? 6 : 7, instruction.address_size) + "]";
}

std::string operand_text(const Instruction& instruction, const OperandValue& value) {
    switch (value.kind) {
    case OperandKind::none:
        return "";
    case OperandKind::general:
        return general_name(value.number, value.size_bytes);
    case OperandKind::high_byte:
        return std::string(high_names[value.number]);
    case OperandKind::segment:
        return std::string(segment_names[value.number]);
    case OperandKind::control:
        return numbered("cr", value.number);
    case OperandKind::debug:
        return numbered("dr", value.number);
    case OperandKind::mmx:
        return numbered("mm", value.number);
    case OperandKind::vector:
        return numbered(value.size_bytes == 32 ? "ymm" : "xmm", value.number);
    case OperandKind::x87:
        return numbered("st(", value.number, ")");
    case OperandKind::memory:
        return memory_text(instruction, value);
    case OperandKind::string_source:
    case OperandKind::string_destination:
        return string_operand(instruction, value);
    case OperandKind::immediate:
    case OperandKind::branch:
        return std::to_string(value.value);
    case OperandKind::far_pointer:
        return std::to_string(instruction.immediate2) + ":" + std::to_string(value.value);
    }
    return "";
}

bool is_prefix_word(std::string_view word) {
    constexpr std::array<std::string_view, 16> words = {"lock",   "rep",   "repne",    "addr32",  "addr16", "data16",
                                                        "data32", "rex64", "cs",       "ds",      "es",     "fs",
                                                        "gs",     "ss",    "xacquire", "xrelease"};
    for (const std::string_view prefix : words)
        if (word == prefix) return true;
    return word == "notrack";
}

// ---- what LLVM writes in its own way

void erase_first(std::string& text, std::string_view part) {
    if (const std::size_t at = text.find(part); at != std::string::npos) text.erase(at, part.size());
}

// An index register that isn't one ("eiz", "riz"), a scale of one, segments that mean nothing in 64-bit mode.
void simplify_memory(std::string& operand, bool code_64) {
    for (const std::string_view name : {"riz", "eiz"}) {
        for (const std::string_view scale : {"1*", "2*", "4*", "8*", ""}) {
            const std::string index = std::string(scale) + std::string(name);
            erase_first(operand, " + " + index);
            if (const std::size_t at = operand.find("[" + index + " + "); at != std::string::npos)
                operand.erase(at + 1, index.size() + 3);
            if (const std::size_t at = operand.find("[" + index + " - "); at != std::string::npos)
                operand.replace(at + 1, index.size() + 3, "-");
            if (const std::size_t at = operand.find("[" + index + "]"); at != std::string::npos)
                operand.replace(at + 1, index.size(), "0");
        }
    }
    erase_first(operand, "1*");
    if (!code_64) return;
    for (const std::string_view segment : {"es:[", "cs:[", "ss:[", "ds:["})
        if (const std::size_t at = operand.find(segment); at != std::string::npos) operand.erase(at, 3);
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789-") == std::string_view::npos;
}

u64 number_in(const std::string& text) {
    return text.front() == '-' ? 0 - std::stoull(text.substr(1)) : std::stoull(text);
}

bool same_number(const std::string& a, const std::string& b, unsigned size_bytes) {
    const u64 mask = size_bytes >= 8 ? ~u64{0} : (u64{1} << (size_bytes * 8U)) - 1;
    return ((number_in(a) ^ number_in(b)) & mask) == 0;
}

bool same_memory(std::string ours, std::string theirs, bool code_64) {
    simplify_memory(ours, code_64);
    simplify_memory(theirs, code_64);
    if (ours == theirs) return true;
    // An operand's size is not always written; where it is, it has to be ours.
    const std::size_t bracket = ours.find(" ptr ");
    if (bracket == std::string::npos || theirs.find(" ptr ") != std::string::npos) {
        const std::size_t their_bracket = theirs.find(" ptr ");
        if (bracket != std::string::npos || their_bracket == std::string::npos) return false;
        return ours == theirs.substr(their_bracket + 5);
    }
    return ours.substr(bracket + 5) == theirs;
}

bool same_operand(const Instruction& instruction, std::size_t number, const std::string& theirs) {
    const OperandValue value = operand_of(instruction, number);
    const std::string ours = operand_text(instruction, value);
    if (ours == theirs) return true;
    const bool number_here = value.kind == OperandKind::immediate || value.kind == OperandKind::branch;
    if (number_here && is_number(theirs)) return same_number(ours, theirs, value.size_bytes);
    if (value.kind == OperandKind::x87 && value.number == 0) return theirs == "st";
    // Loads of segment registers from a register are said to be of 32 bits.
    if (value.kind == OperandKind::general && value.size_bytes == 2 && instruction.row->op == Op::mov)
        return theirs == general_name(value.number, 4) || theirs == general_name(value.number, 8);
    return theirs.find('[') != std::string::npos &&
           same_memory(ours, theirs, instruction.code_size == CodeSize::bits64);
}

// What the size of operands or addresses adds to the name.
std::string sized_name(const Instruction& instruction, const std::string& name) {
    constexpr std::string_view letters = " bw d   q";
    const u8 size = instruction.operand_size;
    const char letter = letters[operand_of(instruction, 0).size_bytes <= 8 ? operand_of(instruction, 0).size_bytes : 0];
    switch (instruction.row->op) {
    case Op::movs:
    case Op::stos:
    case Op::lods:
    case Op::scas:
    case Op::cmps:
    case Op::ins:
        return name + letter;
    case Op::outs:
        return name + letters[operand_of(instruction, 1).size_bytes];
    case Op::cbw:
        return size == 2 ? "cbw" : size == 4 ? "cwde" : "cdqe";
    case Op::cwd:
        return size == 2 ? "cwd" : size == 4 ? "cdq" : "cqo";
    case Op::iret:
    case Op::pushf:
    case Op::popf:
        return size == 2 ? name : name + (size == 4 ? "d" : "q");
    case Op::pusha:
    case Op::popa:
        return name + (size == 2 ? "w" : "l");
    case Op::jrcxz:
        return instruction.address_size == 2 ? "jcxz" : instruction.address_size == 4 ? "jecxz" : "jrcxz";
    case Op::ret_far:
        return size == 8 ? "retfq" : "retf";
    case Op::call_far:
        return "lcall";
    case Op::jmp_far:
        return "ljmp";
    case Op::movd:
    case Op::pinsrd:
    case Op::pextrd:
        return instruction.rex_w() ? name.substr(0, name.size() - 1) + "q" : name;
    case Op::sgdt:
    case Op::sidt:
    case Op::lgdt:
    case Op::lidt:
        return size == 8 ? name : name + (size == 2 ? "w" : "d");
    case Op::fxsave:
    case Op::fxrstor:
    case Op::xsave:
    case Op::xrstor:
    case Op::xsaveopt:
    case Op::xsavec:
    case Op::xsaves:
    case Op::xrstors:
        return instruction.rex_w() ? name + "64" : name;
    case Op::sysret:
    case Op::sysexit:
        return instruction.rex_w() ? name + "q" : name;
    case Op::fwait:
        return "wait";
    case Op::fcomip:
        return "fcompi";
    case Op::fucomip:
        return "fucompi";
    case Op::xlat:
        return "xlatb";
    default:
        return name;
    }
}

bool same_name(const Instruction& instruction, const std::string& theirs) {
    const std::string ours = mnemonic(instruction);
    if (theirs == ours || theirs == sized_name(instruction, ours)) return true;
    const Op op = instruction.row->op;
    if (op == Op::mov) return theirs == "movabs";
    if (op == Op::call_far || op == Op::jmp_far) return theirs == ours.substr(0, ours.find(' '));
    // "cmpltps" and the like: the predicate is an immediate byte to us.
    const std::size_t stem = ours.size() - 2;
    return instruction.row->immediates == Immediates::byte && theirs.starts_with(ours.substr(0, stem)) &&
           theirs.ends_with(ours.substr(stem)) && ours.find("cmp") < 2 && ours.find("pcmp") == std::string::npos;
}

} // namespace

bool same_mnemonic(const Instruction& instruction, const std::string& llvm_text) {
    return same_name(instruction, parse_llvm_text(llvm_text).mnemonic);
}

bool same_text(const Instruction& instruction, const std::string& llvm_text) {
    InstructionText theirs = parse_llvm_text(llvm_text);
    // The order of an exchange means nothing.
    if (instruction.row->op == Op::xchg && theirs.operands.size() == 2 &&
        !same_operand(instruction, 0, theirs.operands[0]))
        std::swap(theirs.operands[0], theirs.operands[1]);
    if (instruction.row->immediates == Immediates::far_pointer && theirs.operands.size() == 2)
        return same_name(instruction, theirs.mnemonic) &&
               same_number(std::to_string(instruction.immediate2), theirs.operands[0], 2) &&
               same_number(std::to_string(instruction.immediate), theirs.operands[1], instruction.operand_size);
    if (!same_name(instruction, theirs.mnemonic)) return false;
    std::size_t count = 0;
    while (count < 4 && instruction.row->operands[count]) ++count;
    // Only one of two fixed operands may be missing, or the predicate in a name, or a shift count of one.
    if (theirs.operands.size() > count || theirs.operands.size() + 1 < count) return false;
    std::size_t skipped = 0;
    for (std::size_t number = 0; number < count; ++number) {
        if (number - skipped < theirs.operands.size() &&
            same_operand(instruction, number, theirs.operands[number - skipped]))
            continue;
        if (skipped++ != 0 || theirs.operands.size() == count) return false;
    }
    return true;
}

InstructionText text_of(const Instruction& instruction) {
    InstructionText text{.mnemonic = mnemonic(instruction), .operands = {}};
    for (std::size_t i = 0; i < instruction.row->operands.size(); ++i) {
        const OperandValue value = operand_of(instruction, i);
        if (value.kind != OperandKind::none) text.operands.push_back(operand_text(instruction, value));
    }
    return text;
}

InstructionText parse_llvm_text(const std::string& text) {
    InstructionText result;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
        result.mnemonic = text.substr(at, end - at);
        at = std::min(text.find_first_not_of(" \n", end), text.size());
        if (!is_prefix_word(result.mnemonic)) break;
    }
    while (at < text.size()) {
        const std::size_t end = std::min(text.find(", ", at), text.size());
        result.operands.push_back(text.substr(at, end - at));
        at = std::min(end + 2, text.size());
    }
    return result;
}

std::string joined(const InstructionText& text) {
    std::string result = text.mnemonic;
    const char* separator = " ";
    for (const std::string& operand : text.operands) {
        result += separator + operand;
        separator = ", ";
    }
    return result;
}

} // namespace orrery::tests
