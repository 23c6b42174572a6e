#include "jit/passes/dead_code.hpp"

#include <algorithm>

#include "jit/passes/operands.hpp"

namespace orrery::passes {
namespace {

bool has_effect(const ir::Instruction& instruction) {
    return effects(instruction.op) != ir::Effects::pure && instruction.op != ir::Op::get;
}

// Marks, from the end, what is needed. Returns how much is not.
std::size_t mark(ir::Block& block, std::vector<ir::Value>& needed) {
    const auto use = [&](ir::Value& value) { needed[value] = 1; };
    for_each_operand(block.terminal, use);
    std::size_t unneeded = 0;
    for (std::size_t i = block.instructions.size(); i-- > 0;) {
        ir::Instruction& instruction = block.instructions[i];
        if (has_effect(instruction)) needed[i] = 1;
        if (needed[i] != 0)
            for_each_operand(instruction, use);
        else
            ++unneeded;
    }
    return unneeded;
}

// Closes the gaps; every mark becomes its instruction's new place.
void compact(ir::Block& block, std::vector<ir::Value>& place) {
    const auto rename = [&](ir::Value& value) { value = place[value]; };
    ir::Value next = 0;
    for (std::size_t i = 0; i < block.instructions.size(); ++i) {
        if (place[i] == 0) continue;
        ir::Instruction& moved = block.instructions[next];
        moved = block.instructions[i];
        for_each_operand(moved, rename);
        place[i] = next++;
    }
    block.instructions.resize(next);
    for_each_operand(block.terminal, rename);
}

} // namespace

void dead_code(ir::Block& block, std::vector<ir::Value>* origins) {
    std::vector<ir::Value> needed(block.instructions.size());
    const bool some_unneeded = mark(block, needed) != 0;
    if (origins) {
        origins->clear();
        for (std::size_t i = 0; i < needed.size(); ++i)
            if (needed[i] != 0) origins->push_back(static_cast<ir::Value>(i));
    }
    if (some_unneeded) compact(block, needed);
}

} // namespace orrery::passes
