// How control goes on behind a block that ends in a jump; the same for all back ends.
#pragma once

#include "jit/ir/ir.hpp"
#include "jit/runtime/context.hpp"

namespace orrery::jit {

constexpr Flow flow_of(ir::JumpKind kind) {
    switch (kind) {
    case ir::JumpKind::call:
        return Flow::call;
    case ir::JumpKind::ret:
        return Flow::ret;
    case ir::JumpKind::system: // known already
        return Flow::on;
    case ir::JumpKind::plain:
        break;
    }
    return Flow::jump;
}

// Of a jump to a known pc that is `flow` unless it leads to the next instruction. A call is one even then.
constexpr Flow flow_to(const ir::Block& block, u64 pc, Flow flow) {
    const bool next = pc == block.key.pc + block.guest_bytes;
    return next && (flow == Flow::jump || flow == Flow::branch) ? Flow::on : flow;
}

} // namespace orrery::jit
