// One decoded RISC-V instruction and the function that makes it from the bits. The translators switch on `op`; the
// tables behind it are instructions.def and compressed.def. Pure functions, callable from any thread.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::riscv {

// The operations of RV64GC at the RVA22S64 level. A compressed instruction has the operation that it abbreviates.
enum class Op : u16 {
    illegal,
#define INSTRUCTION(op, name, pattern, format, extension, section) op,
#include "cpu/riscv/instructions.def"
#undef INSTRUCTION
};

// What an operation does not use is 0, so that a field can be read without asking the format first.
struct Instruction {
    Op op = Op::illegal;
    u8 length = 4; // in bytes: 2 or 4. What claims to be longer is illegal, with length 4.
    u8 rd = 0;     // register numbers; whether of x or f follows from the operation
    u8 rs1 = 0;
    u8 rs2 = 0;
    u8 rs3 = 0;
    u8 rm = 0; // rounding mode as encoded, 5 and 6 (reserved) and 7 (dynamic) included
    bool acquire = false;
    bool release = false;
    u32 csr = 0;
    u32 bits = 0; // the encoding, zero-extended from 16 bits if compressed: what mtval and stval show
    i64 imm =
        0; // sign-extended and scaled; shift amounts, CSR immediates and fence sets (fm, pred, succ) zero-extended
    constexpr bool operator==(const Instruction&) const = default;
};

// The length in bytes that the first 16 bits of an instruction announce (I 1.5): a fetch needs no more than these to
// know whether the second half, which may lie on another page, is to be read at all.
constexpr u8 instruction_length(u16 first_half) { return (first_half & 3) == 3 ? 4 : 2; }

// The instruction in `bits`; of a compressed one only the low 16 bits count. Anything not in the tables is Op::illegal.
Instruction decode(u32 bits);

} // namespace orrery::riscv
