#include "tests/unit/cpu_x86/llvm_agreement.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "cpu/x86/decode.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/operands.hpp"
#include "tests/unit/cpu_x86/intel_text.hpp"
#include "tests/unit/cpu_x86/known_disagreements.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

bool is_segment_prefix(u8 byte) { return (byte & 0xe7) == 0x26 || byte == 0x64 || byte == 0x65; }

bool is_legacy_prefix(u8 byte) {
    return is_segment_prefix(byte) || byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

// The prefixes of some bytes, by the rules of SDM 2A, 2.1.1 and 2.2.1: of a group the last one counts, REX only in
// front of the opcode.
struct Prefixes {
    u8 segment = 0;
    u8 repeat = 0;
    bool operand_size = false;
    bool address_size = false;
    bool lock = false;
    u8 rex = 0;
    std::size_t length = 0;
};

Prefixes read_prefixes(std::span<const u8> bytes, bool code_64) {
    Prefixes prefixes;
    for (; prefixes.length < bytes.size(); ++prefixes.length) {
        const u8 byte = bytes[prefixes.length];
        const bool rex = code_64 && (byte & 0xf0) == 0x40;
        if (!rex && !is_legacy_prefix(byte)) break;
        prefixes.rex = rex ? byte : 0;
        if (rex) continue;
        if (is_segment_prefix(byte) && (!code_64 || byte >= 0x64)) prefixes.segment = byte;
        if (byte == 0xf2 || byte == 0xf3) prefixes.repeat = byte;
        prefixes.operand_size = prefixes.operand_size || byte == 0x66;
        prefixes.address_size = prefixes.address_size || byte == 0x67;
        prefixes.lock = prefixes.lock || byte == 0xf0;
    }
    return prefixes;
}

// The same instruction with each prefix that counts once, in one order.
std::vector<u8> with_prefixes(const Prefixes& prefixes, std::span<const u8> bytes) {
    std::vector<u8> result;
    if (prefixes.lock) result.push_back(0xf0);
    if (prefixes.segment != 0) result.push_back(prefixes.segment);
    if (prefixes.address_size) result.push_back(0x67);
    if (prefixes.operand_size) result.push_back(0x66);
    if (prefixes.repeat != 0) result.push_back(prefixes.repeat);
    if (prefixes.rex != 0) result.push_back(prefixes.rex);
    result.insert(result.end(), bytes.begin() + static_cast<std::ptrdiff_t>(prefixes.length), bytes.end());
    return result;
}

bool repeats(const Row& row) { return row.has(trait::rep | trait::repe); }

bool has_operand_size(const Row& row) {
    return std::any_of(row.operands.begin(), row.operands.end(),
                       [](Operand operand) { return operand.type == Type::v; });
}

// LLVM answers a lone prefix where it knows no instruction behind it.
bool is_lone_prefix(const LlvmX86::Answer& answer, std::size_t prefix_bytes) { return answer.length <= prefix_bytes; }

std::string in_hexadecimal(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

Comparison differ(std::string why, std::span<const u8> bytes) {
    return {Verdict::different,
            in_hexadecimal(bytes.first(std::min<std::size_t>(bytes.size(), 15))) + ": " + std::move(why)};
}

Comparison excuse_or_differ(std::string excuse, const std::string& what, std::span<const u8> bytes) {
    if (!excuse.empty()) return {Verdict::excused, std::move(excuse)};
    return differ(what, bytes);
}

// Prefixes that LLVM takes where the manual forbids them: with fewer our decoder has the same instruction.
std::string excuse_by_fewer_prefixes(const Prefixes& prefixes, std::span<const u8> bytes, CodeSize code_size,
                                     const LlvmX86::Answer& theirs) {
    const auto same_with = [&](const Prefixes& fewer) {
        const std::vector<u8> plain = with_prefixes(fewer, bytes);
        const Instruction instruction = decode(plain, code_size, Features::all());
        return instruction.valid() && same_mnemonic(instruction, theirs.text);
    };
    Prefixes fewer = prefixes;
    fewer.lock = false;
    if (prefixes.lock && decode(with_prefixes(fewer, bytes), code_size, Features::all()).valid())
        return "LOCK is #UD but with some destinations in memory (SDM 2, LOCK)";
    fewer.repeat = 0;
    if (prefixes.repeat != 0 && same_with(fewer)) return "F3 and F2 are #UD where the manual says NP (SDM 2A, 3.1.1.1)";
    fewer.operand_size = false;
    if (same_with(fewer)) return "66, F3 and F2 are #UD where the manual says NP (SDM 2A, 3.1.1.1)";
    return "";
}

} // namespace

LlvmOracle::LlvmOracle(CodeSize code_size) : code_size_(code_size), llvm_(code_size) {}

const LlvmX86& LlvmOracle::oracle_for(bool mandatory_prefix) const {
    return mandatory_prefix && code_size_ == CodeSize::bits16 ? llvm_32_ : llvm_;
}

Comparison LlvmOracle::compare(std::span<const u8> bytes, bool with_text) const {
    const Instruction ours = decode(bytes, code_size_, Features::all());
    if (ours.outcome == Outcome::too_long || ours.outcome == Outcome::fetch_fault) return {};
    Prefixes prefixes = read_prefixes(bytes, code_size_ == CodeSize::bits64);
    const bool chosen_by_prefix = ours.valid() && ours.row->prefixes != prefix::any && !ours.vex;
    // LLVM takes F3 and F2 in front of any instruction for something that changes its operand size.
    if (ours.valid() && !chosen_by_prefix && !repeats(*ours.row)) prefixes.repeat = 0;
    // To LLVM, LOCK is an instruction of its own.
    if (ours.valid()) prefixes.lock = false;
    const LlvmX86& llvm = oracle_for(chosen_by_prefix);
    if (&llvm == &llvm_32_) {
        prefixes.address_size = !prefixes.address_size;
        if (has_operand_size(*ours.row)) prefixes.operand_size = !prefixes.operand_size;
    }
    const std::vector<u8> plain = with_prefixes(prefixes, bytes);
    const std::size_t prefix_bytes = plain.size() - (bytes.size() - prefixes.length);

    LlvmX86::Answer answer;
    answer.length = llvm.length(plain);
    if (is_lone_prefix(answer, prefix_bytes)) answer.length = 0;
    const u32 our_length = ours.valid() ? static_cast<u32>(ours.length + plain.size() - bytes.size()) : 0;
    if (answer.length != our_length) {
        answer = llvm.disassemble(plain);
        const std::string what = "ours " + (ours.valid() ? joined(text_of(ours)) : "none") + ", LLVM's " + answer.text;
        if (ours.valid()) return excuse_or_differ(excuse_for_llvm_rejecting(ours), what, plain);
        std::string excuse = excuse_for_llvm_accepting(answer, plain, code_size_);
        if (excuse.empty()) excuse = excuse_by_fewer_prefixes(prefixes, bytes, code_size_, answer);
        return excuse_or_differ(std::move(excuse), what, plain);
    }
    if (!ours.valid() || !with_text) return {};
    answer = llvm.disassemble(plain);
    if (same_text(ours, answer.text)) return {};
    return excuse_or_differ(excuse_for_other_text(ours, answer),
                            "ours " + joined(text_of(ours)) + ", LLVM's " + answer.text, plain);
}

} // namespace orrery::tests
