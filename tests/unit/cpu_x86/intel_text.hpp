// Our decoder's view of an instruction in the words of LLVM's Intel syntax, to be compared with what LLVM prints; and
// what LLVM prints, taken apart.
#pragma once

#include <string>
#include <vector>

#include "cpu/x86/instruction.hpp"

namespace orrery::tests {

struct InstructionText {
    std::string mnemonic;
    std::vector<std::string> operands;
    bool operator==(const InstructionText&) const = default;
};

InstructionText text_of(const x86::Instruction& instruction);

// "lock add dword ptr [rax], 5" → "add", {"dword ptr [rax]", "5"}; what only repeats a prefix is left out.
InstructionText parse_llvm_text(const std::string& text);

std::string joined(const InstructionText& text);

// Whether LLVM's text names and says what we decoded, up to the signs of immediates and what is known to be only
// written otherwise.
bool same_mnemonic(const x86::Instruction& instruction, const std::string& llvm_text);
bool same_text(const x86::Instruction& instruction, const std::string& llvm_text);

} // namespace orrery::tests
