// The reference back end: executes a block's IR as it stands. What it does is by definition right, and the other back
// ends are compared with it. Also runs what isn't worth compiling: single steps, the last instructions of a budget.
#pragma once

#include <vector>

#include "jit/ir/ir.hpp"
#include "jit/runtime/compiled_block.hpp"
#include "jit/runtime/context.hpp"

namespace orrery::jit {

// Sees a block being executed.
class BlockObserver {
public:
    virtual ~BlockObserver() = default;
    // The block's instruction number `instruction` is about to be executed.
    virtual void begins(u32 instruction) = 0;
    // It has made this access.
    virtual void accessed(u64 address, u64 size_bytes, bool write, u64 value) = 0;
};

class Interpreter {
public:
    explicit Interpreter(const ir::GuestDescription& guest) : guest_(guest) {}

    // Runs `block` once; context.budget must hold its instructions. Ends with context.exit set and, but for Exit::slow
    // with another request than `in_state`, the pc slot at the next instruction.
    void run(Context& context, const CompiledBlock& block) { run<false>(context, block, nullptr); }
    void run(Context& context, const CompiledBlock& block, BlockObserver& observer) {
        run<true>(context, block, &observer);
    }

private:
    template <bool observed> void run(Context& context, const CompiledBlock& block, BlockObserver* observer);
    void tell(const ir::Instruction& instruction, u64 result, BlockObserver& observer) const;
    // False: a slow path asked to leave.
    bool step(Context& context, const ir::Instruction& instruction, u64& result);
    void finish(Context& context, const ir::Block& block);
    u64& slot(Context& context, u64 index) const;

    const ir::GuestDescription& guest_;
    std::vector<u64> values_;
};

} // namespace orrery::jit
