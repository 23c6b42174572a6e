// Random x86 instructions, made from the rows of the opcode tables: for tests that compare engines, or an engine with
// the host's processor.
#pragma once

#include <optional>
#include <vector>

#include "cpu/x86/instruction.hpp"
#include "tests/support/random.hpp"

namespace orrery::test {

// What generated instructions may do. The defaults allow everything that the tables have.
struct X86Constraints {
    x86::CodeSize code_size = x86::CodeSize::bits64;
    x86::Features features = x86::Features::all();
    // Nothing privileged, nothing that reads or loads segment or system registers, no port, no interrupt, nothing whose
    // result differs from run to run.
    bool user_mode_only = false;
    bool control_flow = true;
    // Memory by other ways than ModRM: stack, strings, addresses in the instruction, XLAT, MASKMOV, bit offsets in a
    // register, gathers.
    bool implicit_memory = true;
    bool memory = true;
    // If set, ModRM's address is this register plus a displacement of 0 to `window_bytes` - 1, and no instruction has
    // it as an explicit operand. Operands may reach 64 bytes beyond, what FXSAVE and XSAVE store further.
    std::optional<u8> memory_base;
    u32 window_bytes = 4096;
    bool aligned_often = false; // every second displacement is a multiple of 16
    // The general registers that encoded operands may name, as a mask, with at least one of 0 to 3 that isn't the memory
    // base. What an instruction uses besides (CL, rAX of MUL) isn't asked.
    u16 general_registers = 0xffff;
    bool prefixes_without_effect = false; // a DS override
};

// Whether the row has an instruction that fulfils the constraints.
bool may_generate(const x86::Row& row, const X86Constraints& constraints);

// An instruction of the row, which must be one that may be generated.
std::vector<u8> generate(const x86::Row& row, const X86Constraints& constraints, Random& random);

// All rows that may be generated.
std::vector<const x86::Row*> generatable_rows(const X86Constraints& constraints);

// One of any of them, each row as likely as another.
std::vector<u8> random_instruction(const X86Constraints& constraints, Random& random);

} // namespace orrery::test
