// The decoder against LLVM's disassembler: length, validity, mnemonic and operands.
// ORRERY_X86_DECODE_CASES: how many random byte strings in each mode, instead of 700,000.
#include "tests/unit/cpu_x86/llvm_agreement.hpp"

#include <cstdlib>
#include <map>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/unit/cpu_x86/decoder_cases.hpp"

namespace orrery::tests {
namespace {

using x86::CodeSize;

u64 random_case_count() {
    const char* wanted = std::getenv("ORRERY_X86_DECODE_CASES");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 700'000;
}

// Counts verdicts; keeps the first differences.
class Tally {
public:
    void add(Comparison comparison) {
        ++count_;
        if (comparison.verdict == Verdict::excused) ++excuses_[comparison.why];
        if (comparison.verdict == Verdict::different && ++different_ <= 20) report_ += "\n" + comparison.why;
    }
    void check() const {
        std::string excuses;
        for (const auto& [why, count] : excuses_) excuses += "\n" + std::to_string(count) + " " + why;
        INFO(count_ << " compared, " << different_ << " different:" << report_ << "\nexcused:" << excuses);
        CHECK(different_ == 0);
        REQUIRE(count_ != 0);
    }

private:
    u64 count_ = 0;
    u64 different_ = 0;
    std::string report_;
    std::map<std::string, u64> excuses_;
};

void compare_structured(CodeSize code_size) {
    const LlvmOracle oracle(code_size);
    Tally tally;
    for_each_structured_case(
        code_size, [&](std::span<const u8> bytes) { tally.add(oracle.compare(bytes, code_size == CodeSize::bits64)); });
    tally.check();
}

void compare_random(CodeSize code_size) {
    const LlvmOracle oracle(code_size);
    Tally tally;
    test::Random random{.seed = 20'000 + static_cast<u64>(code_size)};
    const u64 count = random_case_count();
    for (u64 i = 0; i < count; ++i) tally.add(oracle.compare(random_case(random), true));
    tally.check();
}

} // namespace

TEST_CASE("every opcode with every prefix is in 64-bit mode what LLVM takes it for") {
    compare_structured(CodeSize::bits64);
}

TEST_CASE("every opcode with every prefix has in 32-bit mode the length that LLVM gives") {
    compare_structured(CodeSize::bits32);
}

TEST_CASE("every opcode with every prefix has in 16-bit mode the length that LLVM gives") {
    compare_structured(CodeSize::bits16);
}

TEST_CASE("random bytes are in 64-bit mode what LLVM takes them for") { compare_random(CodeSize::bits64); }
TEST_CASE("random bytes are in 32-bit mode what LLVM takes them for") { compare_random(CodeSize::bits32); }
TEST_CASE("random bytes are in 16-bit mode what LLVM takes them for") { compare_random(CodeSize::bits16); }

} // namespace orrery::tests
