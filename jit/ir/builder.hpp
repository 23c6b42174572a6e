// What a frontend builds a block with. Constants are folded and slots forwarded here already, so that the simplest way to
// write a translation is not a slow one.
#pragma once

#include <array>
#include <optional>

#include "jit/ir/ir.hpp"

namespace orrery::ir {

class Builder {
public:
    Builder() = default;

    void begin(BlockKey key);
    // The next guest instruction starts here.
    void insn(u64 pc, u32 length_bytes);
    // Room for one more guest instruction (a frontend ends its block when there is none).
    [[nodiscard]] bool has_room() const { return block_.instructions.size() + 64 < max_instructions; }
    [[nodiscard]] u32 guest_instructions() const { return block_.guest_instructions; }

    Value constant(u64 value);
    Value get(u16 slot);
    void put(u16 slot, Value value);

    Value unary(Op op, Value a, Type type = Type::i64);
    Value binary(Op op, Value a, Value b, Type type = Type::i64);
    Value binary(Op op, Value a, u64 immediate, Type type = Type::i64) { return binary(op, a, constant(immediate), type); }
    Value compare(Condition condition, Value a, Value b, Type type = Type::i64);
    Value select(Value condition, Value if_nonzero, Value if_zero);

    Value load(MemoryAccess access, Value address, i64 offset);
    void store(MemoryAccess access, Value address, i64 offset, Value value);
    Value amo(MemoryAccess access, Value address, Value value);
    Value load_reserved(MemoryAccess access, Value address);
    Value store_conditional(MemoryAccess access, Value address, Value value);
    void fence();
    // Unused arguments are no_value. `writes_slots`: forget what is known of the slots.
    Value call(u16 helper, bool writes_slots, Value a = no_value, Value b = no_value, Value c = no_value);

    // A Raise belongs to the last insn(); there must be one, of length 0 if its bytes could not be fetched.
    void end(Terminal terminal);

    [[nodiscard]] std::optional<u64> constant_of(Value value) const;
    Block take() { return std::move(block_); }

private:
    static constexpr std::size_t slot_limit = 128;
    Value append(Instruction instruction);
    void forget_slots() { known_.fill(no_value); }

    Block block_;
    std::array<Value, slot_limit> known_{}; // the value a slot holds now, where it is known
};

} // namespace orrery::ir
