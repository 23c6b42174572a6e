// Our own reading of a decoded instruction, in the form LLVM prints without aliases; and the way back to bits.
#pragma once

#include <string>

#include "cpu/riscv/decode.hpp"
#include "cpu/riscv/instruction_table.hpp"

namespace orrery::tests {

// "addi a0, a1, 5": mnemonic and operands by the row's format. Compressed instructions read as their expansion.
std::string assembler_text(const riscv::Instruction& instruction);

// The 16-bit row's own mnemonic with the operands it shows: "c.li a0, 5".
std::string compressed_text(const riscv::CompressedRow& row, const riscv::Instruction& instruction);

// The 32-bit encoding of the operation with these operands; bits that an encoding ignores are 0.
u32 encode(const riscv::Instruction& instruction);

// The bits of a 32-bit word that hold operands in this format, immediates included.
u32 all_operand_bits(const riscv::Row& row);

} // namespace orrery::tests
