// From decoded instructions to IR. A BlockTranslation is one block being made; for every row of instructions.def there
// is one function in namespace `translators` that emits it, and translate_<chapter>.cpp holds those of a chapter of the
// manual. A translator must emit everything that may fault before it changes a register: a fault leaves the state
// unchanged.
#pragma once

#include "cpu/riscv/csr_bits.hpp"
#include "cpu/riscv/decode.hpp"
#include "cpu/riscv/helpers.hpp"
#include "cpu/riscv/state.hpp"
#include "jit/ir/builder.hpp"

namespace orrery::riscv {

class BlockTranslation {
public:
    BlockTranslation(Mode mode, ir::Builder& builder) : mode_(mode), builder_(builder) {}

    // ---- the instruction in hand
    void begin_instruction(u64 pc, u32 length_bytes);
    [[nodiscard]] u64 pc() const { return pc_; }
    [[nodiscard]] u64 next_pc() const { return next_pc_; }
    [[nodiscard]] Mode mode() const { return mode_; }
    [[nodiscard]] ir::Builder& ir() { return builder_; }

    // ---- registers: x0 reads as 0 and swallows what is written
    ir::Value x(u32 number);
    void put_x(u32 number, ir::Value value);
    ir::Value f(u32 number) { return builder_.get(slot::f(number)); }
    void put_f(u32 number, ir::Value value);
    // Must follow the last access that may fault, in every instruction that may write fflags or an f register; put_f()
    // does it too.
    void mark_float_state_dirty();

    // ---- IR
    ir::Value constant(u64 value) { return builder_.constant(value); }
    ir::Value unary(ir::Op op, ir::Value a, ir::Type type = ir::Type::i64) { return builder_.unary(op, a, type); }
    ir::Value binary(ir::Op op, ir::Value a, ir::Value b, ir::Type type = ir::Type::i64) {
        return builder_.binary(op, a, b, type);
    }
    ir::Value binary(ir::Op op, ir::Value a, u64 immediate, ir::Type type = ir::Type::i64) {
        return builder_.binary(op, a, immediate, type);
    }
    ir::Value sext32(ir::Value a) { return builder_.unary(ir::Op::sext32, a); }
    ir::Value call(HelperNumber helper, ir::Value a = ir::no_value, ir::Value b = ir::no_value,
                   ir::Value c = ir::no_value);

    // ---- the end of the block
    void end(ir::Terminal terminal);
    void end_in_leave() { end(ir::Leave{.pc = next_pc_}); }
    // Behind what may have changed the code that follows. (A store needs no such end: it leaves the block if it has.)
    void end_before_changed_code() { end(ir::Goto{.pc = next_pc_}); }
    void raise(Exception cause, u64 value) { end(ir::Raise{.code = static_cast<u64>(cause), .value = value}); }
    void raise_illegal(const Instruction& instruction) { raise(Exception::illegal_instruction, instruction.bits); }
    [[nodiscard]] bool ended() const { return ended_; }

private:
    const Mode mode_;
    ir::Builder& builder_;
    u64 pc_ = 0;
    u64 next_pc_ = 0;
    bool float_state_dirty_ = false; // the block has already set mstatus.FS
    bool ended_ = false;
};

namespace translators {
void illegal(BlockTranslation& t, const Instruction& i);
#define INSTRUCTION(op, name, pattern, format, extension, section) void op(BlockTranslation& t, const Instruction& i);
#include "cpu/riscv/instructions.def"
#undef INSTRUCTION
} // namespace translators

// Emits one instruction between begin_instruction() and the next.
void translate_instruction(BlockTranslation& translation, const Instruction& instruction);

} // namespace orrery::riscv
