#include "jit/passes/dead_puts.hpp"

#include <bitset>

#include "jit/passes/operands.hpp"

namespace orrery::passes {
namespace {

// Slots above are left alone; guests have fewer.
constexpr std::size_t slot_limit = 256;

} // namespace

void dead_puts(ir::Block& block) {
    std::bitset<slot_limit> overwritten; // before anything that could see it, by what stands below
    for (std::size_t i = block.instructions.size(); i-- > 0;) {
        ir::Instruction& instruction = block.instructions[i];
        if (instruction.op == ir::Op::put && instruction.imm < slot_limit) {
            if (overwritten[instruction.imm])
                instruction = {.op = ir::Op::constant};
            else
                overwritten.set(instruction.imm);
        } else if (instruction.op == ir::Op::get && instruction.imm < slot_limit) {
            overwritten.reset(instruction.imm);
        } else if (effects(instruction.op) == ir::Effects::memory) {
            overwritten.reset();
        }
    }
}

} // namespace orrery::passes
