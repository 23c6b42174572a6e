#include "jit/passes/dead_puts.hpp"

#include <bitset>

#include "jit/passes/operands.hpp"

namespace orrery::passes {
namespace {

// Slots above are left alone; guests have fewer.
constexpr std::size_t slot_limit = 256;

// Whether the guest instruction that ends before `end` stores. A store may ask to leave behind its guest instruction,
// so what the instruction puts after the store can be seen before the next instruction begins. Loads leave at once or
// not.
bool may_leave_behind(const ir::Block& block, std::size_t end) {
    for (std::size_t i = end; i-- > 0;) {
        const ir::Op op = block.instructions[i].op;
        if (op == ir::Op::insn) return false;
        if (effects(op) == ir::Effects::memory && op != ir::Op::load) return true;
    }
    return false;
}

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
        } else if (instruction.op == ir::Op::insn && may_leave_behind(block, i)) {
            overwritten.reset();
        }
    }
}

} // namespace orrery::passes
