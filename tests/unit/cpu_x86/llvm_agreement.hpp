// Whether our decoder and LLVM's disassembler say the same of some bytes, and the cases in which they are known not to.
#pragma once

#include <span>
#include <string>

#include "cpu/x86/instruction.hpp"
#include "tests/unit/cpu_x86/llvm_disassembler.hpp"

namespace orrery::tests {

enum class Verdict : u8 {
    same,
    excused, // a known disagreement
    different,
};

struct Comparison {
    Verdict verdict = Verdict::same;
    std::string why; // which excuse; or both texts
};

class LlvmOracle {
public:
    explicit LlvmOracle(x86::CodeSize code_size);

    // `with_text`: compares mnemonic and operands too, which takes four times as long.
    [[nodiscard]] Comparison compare(std::span<const u8> bytes, bool with_text) const;

private:
    // LLVM's 16-bit mode takes the prefix 66 for no mandatory one, so where the manual does, 32-bit mode is asked.
    [[nodiscard]] const LlvmX86& oracle_for(bool mandatory_prefix) const;

    x86::CodeSize code_size_;
    LlvmX86 llvm_;
    LlvmX86 llvm_32_{x86::CodeSize::bits32};
};

} // namespace orrery::tests
