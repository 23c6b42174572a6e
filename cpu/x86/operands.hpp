// The operands of a decoded instruction: which register, which memory, which value, and how large.
#pragma once

#include "cpu/x86/instruction.hpp"

namespace orrery::x86 {

enum class OperandKind : u8 {
    none,
    general,   // `number`, of which the low `size_bytes` count
    high_byte, // bits 8 to 15 of general register `number`: AH, CH, DH, BH
    segment,
    control,
    debug,
    mmx,
    vector,
    x87,                // ST(number)
    memory,             // Instruction::memory and ::displacement
    string_source,      // seg:rSI
    string_destination, // ES:rDI
    immediate,          // `value`
    branch,             // `value`, relative to the next instruction
    far_pointer,        // `value`, and the selector in Instruction::immediate2
};

struct OperandValue {
    OperandKind kind = OperandKind::none;
    u8 number = 0;
    u16 size_bytes = 0; // 0: the instruction's own matter (LEA, FXSAVE, gathers)
    i64 value = 0;
    bool operator==(const OperandValue&) const = default;
};

// Operand 0 to 3 of the row of a valid instruction.
OperandValue operand_of(const Instruction& instruction, std::size_t operand);

} // namespace orrery::x86
