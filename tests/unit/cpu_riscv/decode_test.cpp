// The decoder against LLVM's: every row, every 16-bit encoding, millions of 32-bit words.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cpu/riscv/decode.hpp"
#include "cpu/riscv/instruction_table.hpp"
#include "cpu/riscv/names.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/assembler_text.hpp"
#include "tests/unit/cpu_riscv/llvm_disassembler.hpp"

using namespace orrery;
using namespace orrery::riscv;
using namespace orrery::tests;

namespace {

// The first few differences, so that a broken row doesn't print a million lines.
class Differences {
public:
    void add(u32 bits, const std::string& ours, const std::string& llvms) {
        if (++count_ <= 40) lines_.push_back(fmt::format("{:08x}  ours: {:<40} LLVM's: {}", bits, ours, llvms));
    }
    std::string report() const {
        return count_ == 0 ? "" : fmt::format("{} differences\n{}", count_, fmt::join(lines_, "\n"));
    }

private:
    u64 count_ = 0;
    std::vector<std::string> lines_;
};

std::string or_illegal(const LlvmRiscv::Answer& answer) { return answer.length == 0 ? "illegal" : answer.text; }

// ---- Encodings that LLVM's disassembler judges differently, by intent

// Fields of FENCE and FENCE.I that have no meaning yet; "base implementations shall ignore these fields" (I 2.7, I 3),
// but LLVM refuses what it could not print back.
bool has_ignored_fence_fields(const Instruction& i) {
    constexpr u32 rd_and_rs1 = 0x1fU << 7 | 0x1fU << 15;
    if (i.op == Op::fence) return (i.bits & rd_and_rs1) != 0 || (i.imm >> 8) != 0;
    if (i.op == Op::fence_tso) return (i.bits & rd_and_rs1) != 0;
    return i.op == Op::fence_i && i.bits != 0x0000100f;
}

// Reserved rounding modes: whether they are illegal is settled at execution, as for a reserved mode in frm.
bool has_reserved_rounding_mode(const Instruction& i) { return i.rm == 5 || i.rm == 6; }

// LLVM has names for the two that programs use as "certainly illegal". 16 zeros are defined to be (I 16.5);
// csrrw zero, cycle, zero is an instruction that traps, because cycle is read-only.
bool is_zero_half(u32 bits) { return (bits & 0xffff) == 0; }
bool is_unimp(u32 bits) { return bits == 0xc0001073; }

// C.LUI with an immediate of 0 is reserved (I 16.5), but LLVM 19 disassembles it; its assembler refuses it.
bool is_reserved_load_upper(u32 bits) { return (bits & 0xf07f) == 0x6001; }

// HINVAL.VVMA and HINVAL.GVMA: LLVM takes them with Svinval, but they need the hypervisor extension as well (II 7).
bool is_hypervisor_invalidation(u32 bits) { return (bits & 0xbe007fff) == 0x26000073; }

// CSRs of extensions that this guest has not: LLVM has names for them, we numbers.
bool has_unnamed_csr(const Instruction& i) {
    return i.op != Op::illegal && row_of(i.op).extension == Extension::zicsr && csr_name(i.csr).empty();
}

bool legality_differs_by_intent(const Instruction& i) {
    return has_ignored_fence_fields(i) || has_reserved_rounding_mode(i) || is_unimp(i.bits) ||
           is_hypervisor_invalidation(i.bits);
}

bool text_differs_by_intent(const Instruction& i) { return legality_differs_by_intent(i) || has_unnamed_csr(i); }

// PAUSE is an alias to LLVM; without aliases it prints FENCE.
std::string text_by(const LlvmRiscv& llvm, const Instruction& i) {
    return or_illegal(i.op == Op::pause ? llvm.with_aliases(i.bits) : llvm.plain(i.bits));
}

// C.SLLI, C.SRLI and C.SRAI by 0 are HINTs here (I 16.5); LLVM names them as RV128 does, where they shift by 64.
std::string without_rv128_names(std::string text) {
    const auto place = text.find("64 ");
    if (!text.starts_with("c.s") || place == std::string::npos) return text;
    return text.replace(place, 2, "") + ", 0";
}

// What a HINT must expand to: it changes nothing but the pc.
bool has_no_effect(const Instruction& i) {
    const bool is_shift = i.op == Op::slli || i.op == Op::srli || i.op == Op::srai;
    const bool writes_only_rd = is_shift || i.op == Op::addi || i.op == Op::lui || i.op == Op::add;
    const bool keeps_rd = (is_shift || i.op == Op::addi) && i.imm == 0 && i.rd == i.rs1;
    return writes_only_rd && (i.rd == 0 || keeps_rd);
}

// C.MV is add rd, x0, rs2 to the manual (I 16.5) and addi rd, rs2, 0 to LLVM.
Instruction like_llvm(Instruction i) {
    if (i.op == Op::add && i.rs1 == 0) return {.op = Op::addi, .length = 2, .rd = i.rd, .rs1 = i.rs2, .bits = i.bits};
    return i;
}

// The first compressed row whose pattern has these bits, by a plain search.
const CompressedRow* row_that_fits(u32 bits) {
    for (const CompressedRow& row : compressed_rows()) {
        if ((bits & row.mask) == row.match) return &row;
    }
    return nullptr;
}

// Random operand bits, with the values that matter more often than chance would have them.
class RandomBits {
public:
    u32 next() {
        const u32 bits = static_cast<u32>(engine_());
        switch (engine_() % 8) {
        case 0:
            return bits & static_cast<u32>(engine_()) & static_cast<u32>(engine_());
        case 1:
            return bits | static_cast<u32>(engine_()) | static_cast<u32>(engine_());
        case 2:
            return engine_() % 2 == 0 ? 0U : ~0U;
        default:
            return bits;
        }
    }
    u32 below(u32 bound) { return static_cast<u32>(engine_() % bound); }

private:
    std::mt19937_64 engine_{1};
};

} // namespace

TEST_CASE("random encodings of every 32-bit row read as LLVM reads them") {
    const LlvmRiscv llvm;
    RandomBits random;
    Differences differences;
    std::map<Op, u64> compared;
    for (const Row& row : instruction_rows()) {
        for (int repeat = 0; repeat < 2000; ++repeat) {
            const u32 bits = row.match | (random.next() & ~row.mask);
            const Instruction instruction = decode(bits);
            REQUIRE(instruction.op <= row.op); // an earlier row may have cut this word out, a later one may not
            if (text_differs_by_intent(instruction)) continue;
            ++compared[instruction.op];
            const std::string ours = assembler_text(instruction);
            const std::string llvms = text_by(llvm, instruction);
            if (ours != llvms) differences.add(bits, ours, llvms);
        }
    }
    CHECK(differences.report() == "");
    for (const Row& row : instruction_rows()) {
        INFO("row " << row.name);
        CHECK(compared[row.op] > 0);
    }
}

TEST_CASE("32-bit words, random and nearly right, are instructions to us where they are to LLVM") {
    const LlvmRiscv llvm;
    RandomBits random;
    Differences differences;
    const auto rows = instruction_rows();
    u64 legal = 0;
    for (u32 repeat = 0; repeat < 6'000'000; ++repeat) {
        u32 bits = random.next() | 3;
        if (repeat % 2 == 1) { // a row's encoding with one of its fixed bits flipped
            const Row& row = rows[random.below(static_cast<u32>(rows.size()))];
            bits = (row.match | (bits & ~row.mask)) ^ ((1U << random.below(32)) & row.mask);
        }
        if ((bits & 3) != 3) continue;
        const Instruction instruction = decode(bits);
        if (legality_differs_by_intent(instruction)) continue;
        legal += instruction.op != Op::illegal ? 1 : 0;
        if ((instruction.op != Op::illegal) == (llvm.length(bits) == 4)) continue;
        differences.add(bits, assembler_text(instruction), or_illegal(llvm.plain(bits)));
    }
    CHECK(differences.report() == "");
    CHECK(legal > 1'000'000);
}

TEST_CASE("all 16-bit encodings read as LLVM reads them") {
    const LlvmRiscv llvm;
    Differences differences;
    std::map<std::string_view, u64> reached;
    for (u32 bits = 0; bits < 0x10000; ++bits) {
        if ((bits & 3) == 3) continue;
        const CompressedRow* row = row_that_fits(bits);
        if (row != nullptr) ++reached[row->name];
        const bool legal = row != nullptr && row->op != Op::illegal;
        const std::string ours = legal ? compressed_text(*row, decode(bits)) : "illegal";
        const std::string llvms = without_rv128_names(or_illegal(llvm.plain(bits)));
        if (ours != llvms && !is_zero_half(bits) && !is_reserved_load_upper(bits)) differences.add(bits, ours, llvms);
    }
    CHECK(differences.report() == "");
    for (const CompressedRow& row : compressed_rows()) {
        INFO("row " << row.name);
        CHECK(reached[row.name] > 0);
    }
}

TEST_CASE("all 16-bit encodings expand as LLVM expands them") {
    const LlvmRiscv llvm;
    Differences differences;
    u64 legal = 0;
    for (u32 bits = 0; bits < 0x10000; ++bits) {
        const Instruction instruction = decode(bits);
        if ((bits & 3) == 3 || instruction.op == Op::illegal) continue;
        ++legal;
        const std::string llvms = llvm.with_aliases(bits).text;
        if (llvms.starts_with("c.") && has_no_effect(instruction)) continue; // LLVM doesn't expand HINTs
        const std::string ours = llvm.with_aliases(encode(like_llvm(instruction))).text;
        if (ours != llvms) differences.add(bits, ours, llvms);
    }
    CHECK(differences.report() == "");
    CHECK(legal > 40'000);
}

TEST_CASE("the free bits of a row are exactly the operands of its format") {
    for (const Row& row : instruction_rows()) {
        INFO("row " << row.name);
        u32 ignored = 0; // see has_ignored_fence_fields
        if (row.op == Op::fence || row.op == Op::fence_tso) ignored = 0x1fU << 7 | 0x1fU << 15;
        if (row.op == Op::fence_i) ignored = ~row.mask;
        CHECK((all_operand_bits(row) | ignored) == ~row.mask);
        CHECK((all_operand_bits(row) & ignored) == 0);
    }
}

TEST_CASE("a decoded instruction encodes to the word that it came from") {
    RandomBits random;
    for (const Row& row : instruction_rows()) {
        for (int repeat = 0; repeat < 200; ++repeat) {
            const u32 bits = row.match | (random.next() & all_operand_bits(row));
            const Instruction instruction = decode(bits);
            REQUIRE(encode(instruction) == bits);
            REQUIRE(decode(encode(instruction)) == instruction);
        }
    }
}

TEST_CASE("the first half of an instruction tells its length, legal or not") {
    RandomBits random;
    for (u32 half = 0; half < 0x10000; ++half) {
        const Instruction instruction = decode(half | random.next() << 16);
        REQUIRE(instruction.length == ((half & 3) == 3 ? 4 : 2));
        REQUIRE(instruction.length == instruction_length(static_cast<u16>(half)));
    }
}

TEST_CASE("a compressed instruction does not depend on the half word after it") {
    RandomBits random;
    for (u32 half = 0; half < 0x10000; ++half) {
        if ((half & 3) != 3) REQUIRE(decode(half | random.next() << 16) == decode(half));
    }
}

TEST_CASE("encodings longer than 32 bits, all zeros and all ones are illegal") {
    RandomBits random;
    for (int repeat = 0; repeat < 100'000; ++repeat) {
        const u32 bits = random.next() | 0x1f;
        REQUIRE(decode(bits) == Instruction{.op = Op::illegal, .length = 4, .bits = bits});
    }
    REQUIRE(decode(0) == Instruction{.op = Op::illegal, .length = 2, .bits = 0});
    REQUIRE(decode(~0U) == Instruction{.op = Op::illegal, .length = 4, .bits = ~0U});
}

TEST_CASE("fields without a meaning in FENCE and FENCE.I are ignored") {
    REQUIRE(decode(0x0ff0000f).op == Op::fence);
    REQUIRE(decode(0x8330000f).op == Op::fence_tso);
    REQUIRE(decode(0x8338878f).op == Op::fence_tso);
    REQUIRE(decode(0x8ff0000f).op == Op::fence); // a reserved fm is a full fence
    REQUIRE(decode(0x0ff8878f) == Instruction{.op = Op::fence, .bits = 0x0ff8878f, .imm = 0x0ff});
    REQUIRE(decode(0xfff8978f) == Instruction{.op = Op::fence_i, .bits = 0xfff8978f});
    REQUIRE(decode(0x0100000f).op == Op::pause);
}

TEST_CASE("a reserved rounding mode is kept for the translator to judge") {
    const Instruction instruction = decode(0x00b55553); // fadd.s fa0, fa0, fa1 with mode 5
    REQUIRE(instruction.op == Op::fadd_s);
    REQUIRE(instruction.rm == 5);
}
