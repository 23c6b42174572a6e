// From decoded instructions to IR. A BlockTranslation is one block being made; for every operation in translators.def
// there is one function in namespace `translators` that emits it, and translate_<subject>.cpp holds those of a subject.
// A translator must emit everything that may fault before it changes a register: a fault leaves the state unchanged.
#pragma once

#include <optional>

#include "cpu/x86/helpers.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/mode.hpp"
#include "cpu/x86/operands.hpp"
#include "jit/ir/builder.hpp"

namespace orrery::x86 {

// Where an operand is: its address, if it is memory, has been computed and checked.
struct Location {
    OperandKind kind = OperandKind::none;
    u8 number = 0;
    u32 size = 0;                   // bytes
    ir::Value value = ir::no_value; // memory: the linear address; immediate: itself
    [[nodiscard]] bool is_memory() const { return kind == OperandKind::memory; }
};

// A condition in the IR's terms.
struct Test {
    ir::Condition condition = ir::Condition::ne;
    ir::Type type = ir::Type::i64;
    ir::Value a = ir::no_value;
    ir::Value b = ir::no_value;
};

class BlockTranslation {
public:
    BlockTranslation(Mode mode, ir::Builder& builder) : mode_(mode), builder_(builder) {}

    // ---- the instruction in hand
    void begin(const Instruction& instruction, u64 pc);
    [[nodiscard]] const Instruction& instruction() const { return *instruction_; }
    [[nodiscard]] u64 pc() const { return pc_; }
    // Of the next instruction, as RIP, EIP or IP has it.
    [[nodiscard]] u64 next_pc() const { return next_pc_; }
    [[nodiscard]] Mode mode() const { return mode_; }
    [[nodiscard]] ir::Builder& ir() { return builder_; }
    [[nodiscard]] bool is_64() const { return mode_.code == CodeSize::bits64; }
    [[nodiscard]] u32 operand_size() const { return instruction_->operand_size; }

    // ---- registers. Values are zero-extended from `size` bytes; writing four clears the upper half.
    ir::Value gpr(u32 number, u32 size);
    void put_gpr(u32 number, u32 size, ir::Value value);

    // ---- operands (translate_operands.cpp)
    Location place(std::size_t operand);
    ir::Value read(const Location& place);
    ir::Value read(std::size_t operand) { return read(place(operand)); }
    void write(const Location& place, ir::Value value);
    // Of a memory operand, without its segment: what lea yields, not yet cut to the operand's size.
    ir::Value effective_address();
    // From an offset in a segment to a linear address, checked against the segment's limit where there is one.
    ir::Value linear(Segment segment, ir::Value offset, u32 size, bool write);
    ir::Value load(ir::Value address, u32 size);
    void store(ir::Value address, u32 size, ir::Value value);

    // ---- the stack
    void push(ir::Value value, u32 size);
    // The value on top; the caller moves the stack pointer with drop() when nothing can fault any more.
    ir::Value top(u32 size);
    void drop(u32 size);

    // ---- flags
    void set_flags(FlagOperation operation, u32 size, ir::Value result, ir::Value operand,
                   ir::Value first = ir::no_value);
    // All six as an image.
    void set_flag_image(ir::Value image);
    // A helper has set them.
    void forget_flags() { flags_ = {}; }
    Test test(u32 condition);
    ir::Value condition(u32 condition);
    ir::Value carry() { return condition(2); }
    ir::Value flag_image();

    // ---- IR
    ir::Value constant(u64 value) { return builder_.constant(value); }
    ir::Value unary(ir::Op op, ir::Value a, ir::Type type = ir::Type::i64) { return builder_.unary(op, a, type); }
    ir::Value binary(ir::Op op, ir::Value a, ir::Value b, ir::Type type = ir::Type::i64) {
        return builder_.binary(op, a, b, type);
    }
    ir::Value binary(ir::Op op, ir::Value a, u64 immediate, ir::Type type = ir::Type::i64) {
        return builder_.binary(op, a, immediate, type);
    }
    ir::Value zero_extend(ir::Value value, u32 size);
    ir::Value sign_extend(ir::Value value, u32 size);
    ir::Value call(HelperNumber helper, ir::Value a = ir::no_value, ir::Value b = ir::no_value,
                   ir::Value c = ir::no_value);

    // ---- the end of the block
    void jump(u64 target, ir::JumpKind kind = ir::JumpKind::plain);
    void jump_if(const Test& test, u64 target);
    void jump_to(ir::Value target, ir::JumpKind kind = ir::JumpKind::plain);
    void raise(Fault fault) { end(ir::Raise{.code = fault.code, .value = fault.value}); }
    // Something was changed that translation relies on, or interrupts are to be looked at.
    void leave() {
        note_trap();
        leave_untrapped();
    }
    // Behind a load of SS no debug exception comes (SDM 3A 6.8.3).
    void leave_untrapped() { end(ir::Leave{.pc = next_pc_}); }
    // A helper has set RIP.
    void leave_with_rip() { end(ir::Leave{.pc = next_pc_, .pc_in_state = true}); }
    // The same behind a transfer that a single step is to stop behind, unlike behind int n (SDM 3B 17.3.1.4).
    void leave_with_rip_trapped() {
        note_trap();
        leave_with_rip();
    }
    // A helper has set RIP and told the engine, so that code goes on there at once.
    void follow_rip();
    void follow_rip_trapped() {
        note_trap();
        follow_rip();
    }
    // Behind a change of the address space: code goes on as far as it is known there.
    void go_on_elsewhere();
    void go_on() { end(ir::Goto{.pc = next_pc_}); }
    void end(ir::Terminal terminal);
    [[nodiscard]] bool ended() const { return ended_; }
    // The next instruction is in the shadow of this one, which has set State::interrupt_shadow if it has one.
    void shadow_next() { shadows_next_ = true; }
    [[nodiscard]] bool shadows_next() const { return shadows_next_; }
    // Whether the block ends here, whatever the instruction.
    [[nodiscard]] bool stops_behind() const { return mode_.trap || mode_.shadow || mode_.resume || stop_requested_; }
    // The block ends behind the instruction, which may have changed what translation relies on.
    void stop_behind() { stop_requested_ = true; }
    // The instruction is done and falls through: what has to be done behind it.
    void finish_instruction();

private:
    struct KnownFlags {
        bool known = false;
        FlagOperation operation = FlagOperation::image;
        u32 size = 0;
        ir::Value result = ir::no_value;
        ir::Value operand = ir::no_value;
        ir::Value first = ir::no_value; // what `operand` was added to or taken from, if it is at hand
    };
    void note_trap();
    void check_alignment(ir::Value address, u32 size);
    std::optional<Test> known_test(u32 condition);
    Test subtraction_test(u32 condition);
    std::optional<Test> image_test(u32 condition);
    ir::Value stack_pointer();
    ir::Value moved_stack_pointer(i64 by);

    const Mode mode_;
    ir::Builder& builder_;
    const Instruction* instruction_ = nullptr;
    u64 pc_ = 0;
    u64 next_pc_ = 0;
    KnownFlags flags_;
    bool stop_requested_ = false;
    bool helper_stores_ = false; // one that the instruction calls
    bool shadows_next_ = false;
    bool ended_ = false;
};

namespace translators {
#define TRANSLATOR(op) void op(BlockTranslation& t);
#include "cpu/x86/translators.def"
#undef TRANSLATOR
} // namespace translators

// For what waits for the x87 unit: true if an exception is pending, which has ended the block.
bool waits_for_x87(BlockTranslation& translation);
// Whether there is a translator for it yet.
bool is_translated(Op op);
// Emits one instruction between begin() and finish_instruction().
void translate_instruction(BlockTranslation& translation);

constexpr u32 log2_of(u32 size) { return size == 8 ? 3 : size == 4 ? 2 : size == 2 ? 1 : 0; }

} // namespace orrery::x86
