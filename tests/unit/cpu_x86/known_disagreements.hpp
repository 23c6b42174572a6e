// Where LLVM's disassembler is known to say something else than the manual, each with its reason.
#pragma once

#include <string>

#include "cpu/x86/instruction.hpp"
#include "tests/unit/cpu_x86/llvm_disassembler.hpp"

namespace orrery::tests {

// One sentence on why LLVM has no such instruction, or one of another length; empty: none is known.
std::string excuse_for_llvm_rejecting(const x86::Instruction& ours);
// Why LLVM has an instruction where we have none. `bytes` as LLVM got them.
std::string excuse_for_llvm_accepting(const LlvmX86::Answer& llvm, std::span<const u8> bytes, x86::CodeSize code_size);
// Why the same encoding has another name or other operands.
std::string excuse_for_other_text(const x86::Instruction& ours, const LlvmX86::Answer& llvm);

} // namespace orrery::tests
