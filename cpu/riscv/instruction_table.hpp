// The rows of instructions.def and compressed.def as data: for the decoder, and for whoever enumerates instructions
// (tests, generators of random code, debuggers).
#pragma once

#include <span>
#include <string_view>

#include "cpu/riscv/decode.hpp"

namespace orrery::riscv {

enum class Extension : u8 {
    i,
    m,
    a,
    f,
    d,
    zicsr,
    zifencei,
    zihintpause,
    privileged,
    svinval,
    zicbom,
    zicbop,
    zicboz,
    zfhmin,
    zba,
    zbb,
    zbs,
};

// Which operands an instruction has, in assembler order, and from which register file.
enum class Format : u8 {
    none,
    registers,                // rd, rs1, rs2
    unary,                    // rd, rs1
    immediate,                // rd, rs1, imm
    shift,                    // rd, rs1, imm 0..63
    shift_word,               // rd, rs1, imm 0..31
    load,                     // rd, imm(rs1)
    store,                    // rs2, imm(rs1)
    branch,                   // rs1, rs2, imm
    upper,                    // rd, imm
    jump,                     // rd, imm
    fence,                    // imm = fm, pred, succ
    fence_i,                  // all fields to be ignored
    ignored_registers,        // rd, rs1 to be ignored
    csr,                      // rd, csr, rs1
    csr_immediate,            // rd, csr, imm 0..31
    address_space,            // rs1, rs2
    cache_block,              // (rs1)
    prefetch,                 // imm(rs1)
    load_reserved,            // rd, (rs1), acquire, release
    atomic,                   // rd, rs2, (rs1), acquire, release
    float_load,               // fd, imm(rs1)
    float_store,              // fs2, imm(rs1)
    float_fused,              // fd, fs1, fs2, fs3, rm
    float_rounded,            // fd, fs1, fs2, rm
    float_registers,          // fd, fs1, fs2
    float_unary_rounded,      // fd, fs1, rm
    float_compare,            // rd, fs1, fs2
    float_to_integer,         // rd, fs1
    float_to_integer_rounded, // rd, fs1, rm
    integer_to_float,         // fd, rs1
    integer_to_float_rounded, // fd, rs1, rm
};

// Where a 32-bit instruction's immediate lies (I 2.3).
enum class ImmediateKind : u8 { none, i, s, b, u, j, shift, shift_word, csr, fence, prefetch };

struct Row {
    u32 mask = 0;         // the bits the pattern fixes …
    u32 match = 0;        // … and their values
    u32 operand_bits = 0; // bits of registers, rounding mode, acquire and release, where each has its usual place
    Op op = Op::illegal;
    Format format = Format::none;
    ImmediateKind immediate = ImmediateKind::none;
    Extension extension = Extension::i;
    std::string_view name;
    std::string_view section;
};

// How a 16-bit encoding gives the operands of its expansion. "short" means registers x8..x15 in three bits.
enum class CompressedFormat : u8 {
    none,
    stack_pointer_plus,   // rd short, rs1 = sp, imm
    load_word,            // rd, rs1 short
    load_dword,           // rd, rs1 short
    store_word,           // rs2, rs1 short
    store_dword,          // rs2, rs1 short
    immediate,            // rd = rs1, imm
    load_immediate,       // rd, rs1 = x0, imm
    adjust_stack_pointer, // rd = rs1 = sp, imm
    load_upper_immediate, // rd, imm
    shift,                // rd = rs1, imm 0..63
    shift_short,          // rd = rs1 short, imm 0..63
    immediate_short,      // rd = rs1 short, imm
    registers_short,      // rd = rs1 short, rs2 short
    jump,                 // rd = x0, imm
    branch,               // rs1 short, rs2 = x0, imm
    load_word_stack,      // rd, rs1 = sp
    load_dword_stack,     // rd, rs1 = sp
    store_word_stack,     // rs2, rs1 = sp
    store_dword_stack,    // rs2, rs1 = sp
    jump_register,        // rd = x0, rs1
    call_register,        // rd = ra, rs1
    move,                 // rd, rs1 = x0, rs2
    registers,            // rd = rs1, rs2
};

struct CompressedRow {
    u16 mask = 0;
    u16 match = 0;
    Op op = Op::illegal;
    CompressedFormat format = CompressedFormat::none;
    std::string_view name;
    std::string_view section;
};

// In the order of the .def files, which is the order of precedence.
std::span<const Row> instruction_rows();
std::span<const CompressedRow> compressed_rows();

// The row of a legal operation.
const Row& row_of(Op op);

// "addi"; "illegal" for Op::illegal.
std::string_view mnemonic(Op op);

} // namespace orrery::riscv
