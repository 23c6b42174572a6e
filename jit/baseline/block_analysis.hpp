// What a backward pass over a block finds out before code is emitted: last uses, what needn't be computed, and for
// which guest register a value is meant.
#pragma once

#include <optional>
#include <vector>

#include "jit/baseline/layout.hpp"
#include "jit/ir/ir.hpp"

namespace orrery::jit::baseline {

// A value is meant for a register only if the put is no further away, since everything between is looked at.
inline constexpr u16 hint_reach = 16;

struct ValueFacts {
    u16 last_use = 0; // index of an instruction, that of the terminal is the number of instructions; 0: never used
    u16 hint_slot = no_slot; // the pinned slot it ends up in, by the put at `hint_at`
    u16 hint_at = 0;
    u8 uses = 0; // up to 255
    bool dead = false;
    bool folded = false; // its only user does it on the way
};

class BlockAnalysis {
public:
    void run(const ir::Block& block, const Layout& layout);

    [[nodiscard]] const ValueFacts& operator[](std::size_t index) const { return facts_[index]; }

private:
    void use_terminal(const ir::Terminal& terminal, u16 at);
    void use(ir::Value value, u16 at);
    void visit(u16 index);
    void visit_put(u16 index);
    void visit_pure(u16 index);
    [[nodiscard]] bool follows_store(u16 index) const;
    [[nodiscard]] bool can_fold(u16 index) const;
    [[nodiscard]] bool is_constant(ir::Value value) const {
        return value != ir::no_value && block_->instructions[value].op == ir::Op::constant;
    }

    const ir::Block* block_ = nullptr;
    const Layout* layout_ = nullptr;
    std::vector<ValueFacts> facts_;
    // A slot that is written again before anything can look at it holds the current epoch.
    std::array<u64, slot_limit> overwritten_{};
    u64 epoch_ = 1;
};

// Whether an instruction may leave the block, so that the state has to be in place.
inline bool may_leave(const ir::Instruction& instruction) {
    using ir::Op;
    constexpr u64 those = u64{1} << static_cast<u8>(Op::load) | u64{1} << static_cast<u8>(Op::store) |
                          u64{1} << static_cast<u8>(Op::amo) | u64{1} << static_cast<u8>(Op::load_reserved) |
                          u64{1} << static_cast<u8>(Op::store_conditional) | u64{1} << static_cast<u8>(Op::call);
    static_assert(ir::op_count <= 64);
    return (those >> static_cast<u8>(instruction.op) & 1) != 0;
}

} // namespace orrery::jit::baseline
