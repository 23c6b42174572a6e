// What every instruction does, in plain C++ and straight from the manual: what translations are compared with.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "cpu/riscv/decode.hpp"
#include "cpu/riscv/state.hpp"

namespace orrery::riscv::test {

struct Model {
    State s;
    std::vector<u8> memory; // at memory_base
    u64 memory_base = 0;
    u64 length_bytes = 0; // of the instruction
    std::optional<Fault> fault;
    bool left = false;

    [[nodiscard]] u64 x(u32 number) const { return s.x[number]; }
    void set_x(u32 number, u64 value) {
        if (number != 0) s.x[number] = value;
    }
    [[nodiscard]] u64 f(u32 number) const { return s.f[number]; }
    void set_f(u32 number, u64 value) {
        s.f[number] = value;
        s.mstatus |= mstatus_fs_dirty;
    }
    void raise(u64 code, u64 value) { fault = Fault{code, value}; }
    void raise_illegal(const Instruction& i) { raise(2, i.bits); }
    // Null and a fault if it isn't memory.
    u8* at(u64 address, u64 size_bytes, u64 fault_code);
    // The rounding mode in force.
    [[nodiscard]] u32 rounding(const Instruction& i) const { return i.rm == 7 ? static_cast<u32>(s.frm) : i.rm; }
    void add_flags(u8 flags) {
        s.fflags |= flags;
        s.mstatus |= mstatus_fs_dirty;
    }
};

using Meaning = void (*)(Model&, const Instruction&);
using Meanings = std::map<Op, Meaning>;

void add_integer_meanings(Meanings& meanings);
void add_float_meanings(Meanings& meanings);
void add_system_meanings(Meanings& meanings);
Meanings all_meanings();

// Executes one instruction; after a fault nothing but `fault` has changed.
void execute(const Meanings& meanings, Model& model, const Instruction& instruction);

} // namespace orrery::riscv::test
