// What passes ask of an operation most often, in a form that compiles to a look-up; and the values that an instruction
// or terminal uses, to read or replace.
#pragma once

#include <array>

#include "jit/ir/ir.hpp"

namespace orrery::passes {

inline ir::Effects effects(ir::Op op) {
    static constexpr std::array<ir::Effects, ir::op_count> table{
#define ORRERY_IR_OPCODE(name, operands, result, immediate, effects) ir::Effects::effects,
#include "jit/ir/opcodes.def"
#undef ORRERY_IR_OPCODE
    };
    return table[static_cast<std::size_t>(op)];
}

inline u8 operand_count(ir::Op op) {
    static constexpr std::array<u8, ir::op_count> table{
#define ORRERY_IR_OPCODE(name, operands, result, immediate, effects) operands,
#include "jit/ir/opcodes.def"
#undef ORRERY_IR_OPCODE
    };
    return table[static_cast<std::size_t>(op)];
}

template <typename F> void for_each_operand(ir::Instruction& instruction, F&& f) {
    if (instruction.a != ir::no_value) f(instruction.a);
    if (instruction.b != ir::no_value) f(instruction.b);
    if (instruction.c != ir::no_value) f(instruction.c);
}

template <typename F> void for_each_operand(ir::Terminal& terminal, F&& f) {
    if (auto* branch = std::get_if<ir::Branch>(&terminal)) {
        f(branch->a);
        f(branch->b);
    } else if (auto* indirect = std::get_if<ir::Indirect>(&terminal)) {
        f(indirect->pc);
    }
}

} // namespace orrery::passes
