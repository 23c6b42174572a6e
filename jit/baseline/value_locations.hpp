// Where each value of the block being emitted can be read: in a scratch register, in the guest slot it was read from or
// written to (a pinned register or state memory), or in the stack frame. Moves values out of the way as needed; these
// moves never touch the flags.
#pragma once

#include <array>
#include <vector>

#include "jit/baseline/block_analysis.hpp"
#include "jit/baseline/layout.hpp"
#include "jit/ir/ir.hpp"

namespace orrery::jit::baseline {

// A value as an instruction's operand. It stays good for the current IR instruction until a register in it is written.
struct Operand {
    enum class Kind : u8 { immediate, reg, memory };
    Kind kind = Kind::immediate;
    Gpr reg = Gpr::rax;
    u64 value = 0;
    Mem memory = Mem::at(Gpr::rsp);

    [[nodiscard]] bool is_immediate() const { return kind == Kind::immediate; }
    [[nodiscard]] bool is_register() const { return kind == Kind::reg; }
    [[nodiscard]] bool is_register(Gpr other) const { return kind == Kind::reg && reg == other; }
    [[nodiscard]] bool is_memory() const { return kind == Kind::memory; }
};

constexpr Operand register_operand(Gpr reg) { return {.kind = Operand::Kind::reg, .reg = reg}; }

class ValueLocations {
public:
    ValueLocations(const Layout& layout, const BlockAnalysis& facts, x64::Assembler& assembler)
        : layout_(layout), facts_(facts), a_(assembler) {}

    void begin(const ir::Block& block);
    // The next IR instruction (or the terminal) is `index`.
    void at(u16 index) { current_ = index; }
    // Whether the block may be left when the current guest instruction is complete.
    void expect_exit(bool expected) { exit_expected_ = expected; }
    // The instruction is emitted: what it used last is forgotten, its registers are free.
    void finish(const ir::Instruction& instruction);

    [[nodiscard]] Operand locate(ir::Value value) const;
    // Locates it, and keeps its scratch register from being taken for something else in this instruction.
    Operand use(ir::Value value);
    // The same, brought into a register. Immediates go into a temporary.
    Gpr in_register(ir::Value value);
    Gpr in_register(const Operand& operand);

    // The AddressMemo of a slot that it is in.
    [[nodiscard]] u8 memo_of(ir::Value value) const;

    // A free scratch register until the instruction ends.
    Gpr temporary();
    // The same with this very one; its value moves elsewhere, so operands have to be located afterwards.
    void take(Gpr scratch);
    void unlock(Gpr reg) { locked_ &= ~bit(reg); }

    // Where the current instruction's result is to be computed; operands have been located before. It may be the
    // register of an operand that isn't used afterwards.
    Gpr destination();
    // The pinned register that the result goes to at once, if there is one.
    [[nodiscard]] bool has_pinned_destination() const;
    // The result is in this scratch register; moves it on if it belongs in a pinned one. Returns where it is.
    Gpr define_in(Gpr scratch);
    // The same for a register got from destination().
    void define(ir::Value value, Gpr reg);

    void get(ir::Value value, u16 slot);
    void put(ir::Value value, u16 slot);

    // The slot, which isn't pinned, is about to be written by other means.
    void overwrite(u16 slot) { release_slot(slot); }

    // Before a call: what is still needed, and is in scratch registers only, goes to the stack frame; with
    // `slots_change` likewise what is only in slots.
    void save_for_call(bool slots_change);
    // An operand of the call, into a register; arguments that are elsewhere must not be in scratch registers.
    void settle_argument(ir::Value value, Gpr target);
    // After it: scratch registers hold nothing.
    void forget_after_call(bool slots_changed);

    // Bits of the scratch registers with values that are needed after this instruction.
    [[nodiscard]] u32 live_scratch() const;
    // Makes sure that the value can be read without its scratch register, and frees that.
    void move_out(ir::Value value);

    void load(Gpr to, const Operand& from, Size size = Size::qword);

private:
    struct Place {
        u8 reg = no_register; // scratch, or the pinned register it was computed into ahead of its put
        u16 slots[2] = {no_slot, no_slot};
        u16 spill = no_slot;
    };
    static constexpr u32 all_scratch = 7;
    static constexpr u32 bit(Gpr reg) { return is_scratch(reg) ? 1u << x64::number(reg) : 0; }
    [[nodiscard]] bool is_constant(ir::Value value) const { return instructions_[value].op == ir::Op::constant; }
    [[nodiscard]] bool needed_later(ir::Value value) const { return facts_[value].last_use > current_; }
    [[nodiscard]] bool has_home(const Place& place) const {
        return place.spill != no_slot || place.slots[0] != no_slot || place.slots[1] != no_slot;
    }
    [[nodiscard]] Mem spill_memory(u16 spill) const { return Mem::at(Gpr::rsp, spill_bytes + 8 * spill); }
    [[nodiscard]] bool hint_holds() const;

    void spill(ir::Value value);
    void vacate(Gpr scratch);
    u32 free_scratch() const;
    void forget_residence(ir::Value value, u16 slot);
    void reside(ir::Value value, u16 slot);
    void release_slot(u16 slot);
    void release(ir::Value value);
    void release_if_unused(ir::Value value);
    Gpr claim(u16 slot);

    const Layout& layout_;
    const BlockAnalysis& facts_;
    x64::Assembler& a_;
    const ir::Instruction* instructions_ = nullptr;
    u16 current_ = 0;
    bool exit_expected_ = false;
    u32 locked_ = 0;
    std::vector<Place> places_;
    std::array<ir::Value, scratch_registers.size()> scratch_values_{};
    std::array<ir::Value, slot_limit> slot_values_{}; // the value known to be in each slot
    std::vector<u16> free_spills_;
    u16 next_spill_ = 0;
};

} // namespace orrery::jit::baseline
