// The reference back end: executes a block's IR as it stands. What it does is by definition right, and the other back
// ends are compared with it. Also runs what isn't worth compiling: single steps, the last instructions of a budget.
#pragma once

#include <vector>

#include "jit/ir/ir.hpp"
#include "jit/runtime/compiled_block.hpp"
#include "jit/runtime/context.hpp"

namespace orrery::jit {

class Interpreter {
public:
    explicit Interpreter(const ir::GuestDescription& guest) : guest_(guest) {}

    // Runs `block` once; context.budget must hold its instructions. Ends with context.exit set and, but for Exit::slow
    // with another request than `in_state`, the pc slot at the next instruction.
    void run(Context& context, const CompiledBlock& block);

private:
    // False: a slow path asked to leave.
    bool step(Context& context, const ir::Instruction& instruction, u64& result);
    void finish(Context& context, const ir::Block& block);
    u64& slot(Context& context, u64 index) const;

    const ir::GuestDescription& guest_;
    std::vector<u64> values_;
};

} // namespace orrery::jit
