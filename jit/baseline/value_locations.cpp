#include "jit/baseline/value_locations.hpp"

#include <bit>

#include "machine/fabric/result.hpp"

namespace orrery::jit::baseline {

using ir::no_value;
using ir::Op;

void ValueLocations::begin(const ir::Block& block) {
    instructions_ = block.instructions.data();
    current_ = 0;
    locked_ = 0;
    exit_expected_ = false;
    places_.assign(block.instructions.size(), {});
    scratch_values_.fill(no_value);
    std::fill_n(slot_values_.begin(), layout_.slot_count(), no_value);
    free_spills_.clear();
    next_spill_ = 0;
}

void ValueLocations::load(Gpr to, const Operand& from, Size size) {
    switch (from.kind) {
    case Operand::Kind::immediate:
        a_.mov(Size::qword, to, size == Size::dword ? static_cast<u32>(from.value) : from.value);
        return;
    case Operand::Kind::reg:
        if (from.reg != to || size == Size::dword) a_.mov(size, to, from.reg);
        return;
    case Operand::Kind::memory:
        a_.mov(size, to, from.memory);
        return;
    }
}

Operand ValueLocations::locate(ir::Value value) const {
    if (is_constant(value)) return {.value = instructions_[value].imm};
    const Place& place = places_[value];
    if (place.reg != no_register) return register_operand(static_cast<Gpr>(place.reg));
    for (const u16 slot : place.slots)
        if (slot != no_slot && layout_.pinned(slot)) return register_operand(layout_.pinned_register(slot));
    Operand operand{.kind = Operand::Kind::memory};
    if (place.slots[0] != no_slot)
        operand.memory = layout_.slot(place.slots[0]);
    else if (place.slots[1] != no_slot)
        operand.memory = layout_.slot(place.slots[1]);
    else {
        ORRERY_ASSERT(place.spill != no_slot, "a value that is used has a place");
        operand.memory = spill_memory(place.spill);
    }
    return operand;
}

Operand ValueLocations::use(ir::Value value) {
    const Operand operand = locate(value);
    if (operand.is_register()) locked_ |= bit(operand.reg);
    return operand;
}

Gpr ValueLocations::in_register(const Operand& operand) {
    if (operand.is_register()) return operand.reg;
    const Gpr reg = temporary();
    load(reg, operand);
    return reg;
}

Gpr ValueLocations::in_register(ir::Value value) {
    const Operand operand = use(value);
    if (operand.is_register()) return operand.reg;
    const Gpr reg = in_register(operand);
    if (!operand.is_immediate()) {
        places_[value].reg = static_cast<u8>(reg);
        scratch_values_[x64::number(reg)] = value;
    }
    return reg;
}

u8 ValueLocations::memo_of(ir::Value value) const {
    for (const u16 slot : places_[value].slots)
        if (slot != no_slot && layout_.memo(slot) != no_memo) return layout_.memo(slot);
    return no_memo;
}

void ValueLocations::spill(ir::Value value) {
    Place& place = places_[value];
    if (place.spill != no_slot) return;
    if (free_spills_.empty()) {
        ORRERY_ASSERT(next_spill_ < spill_slots, "a block is too short to keep so many values");
        place.spill = next_spill_++;
    } else {
        place.spill = free_spills_.back();
        free_spills_.pop_back();
    }
    a_.mov(Size::qword, spill_memory(place.spill), static_cast<Gpr>(place.reg));
}

// A register that holds nothing that is still needed, but for locked ones.
u32 ValueLocations::free_scratch() const {
    u32 free = 0;
    for (u32 i = 0; i < scratch_values_.size(); ++i)
        if (scratch_values_[i] == no_value) free |= 1u << i;
    return free & ~locked_;
}

void ValueLocations::vacate(Gpr scratch) {
    ir::Value& value = scratch_values_[x64::number(scratch)];
    if (value == no_value) return;
    Place& place = places_[value];
    const bool needed = facts_[value].last_use >= current_;
    if (needed && !has_home(place)) {
        if (const u32 free = free_scratch() & ~bit(scratch); free != 0) {
            const auto other = static_cast<Gpr>(std::countr_zero(free));
            a_.mov(Size::qword, other, scratch);
            place.reg = static_cast<u8>(other);
            scratch_values_[x64::number(other)] = std::exchange(value, no_value);
            return;
        }
        spill(value);
    }
    place.reg = no_register;
    value = no_value;
}

Gpr ValueLocations::temporary() {
    u32 candidates = free_scratch();
    if (candidates == 0) {
        // The one whose value is needed last, or has another place.
        u32 best = ~u32{0}, best_distance = 0;
        for (u32 i = 0; i < scratch_values_.size(); ++i) {
            if (locked_ & 1u << i) continue;
            const ir::Value value = scratch_values_[i];
            const u32 distance = facts_[value].last_use + (has_home(places_[value]) ? 0x10000u : 0u);
            if (best == ~u32{0} || distance > best_distance) best = i, best_distance = distance;
        }
        ORRERY_ASSERT(best != ~u32{0}, "no instruction needs more than the scratch registers");
        vacate(static_cast<Gpr>(best));
        candidates = 1u << best;
    }
    const auto reg = static_cast<Gpr>(std::countr_zero(candidates));
    locked_ |= bit(reg);
    return reg;
}

void ValueLocations::take(Gpr scratch) {
    locked_ |= bit(scratch);
    vacate(scratch);
}

// Whether the result may be computed into the register of the slot that it is put into later: nothing looks at the
// slot, or writes it, before.
bool ValueLocations::hint_holds() const {
    const ValueFacts& facts = facts_[current_];
    if (facts.hint_slot == no_slot || facts.hint_at - current_ > hint_reach) return false;
    for (u16 i = static_cast<u16>(current_ + 1); i < facts.hint_at; ++i) {
        const ir::Instruction& between = instructions_[i];
        if (may_leave(between) || (exit_expected_ && between.op == Op::insn)) return false;
        const bool touches = (between.op == Op::get || between.op == Op::put) && between.imm == facts.hint_slot;
        if (touches && !facts_[i].dead) return false;
    }
    return true;
}

bool ValueLocations::has_pinned_destination() const { return hint_holds(); }

void ValueLocations::forget_residence(ir::Value value, u16 slot) {
    Place& place = places_[value];
    for (u16& held : place.slots)
        if (held == slot) held = no_slot;
    slot_values_[slot] = no_value;
}

void ValueLocations::reside(ir::Value value, u16 slot) {
    Place& place = places_[value];
    slot_values_[slot] = value;
    for (u16& held : place.slots) {
        if (held == no_slot) {
            held = slot;
            return;
        }
    }
    const std::size_t replaced = layout_.pinned(place.slots[0]) ? 1 : 0;
    slot_values_[place.slots[replaced]] = no_value;
    place.slots[replaced] = slot;
}

// The slot is about to be written: a value that only lives there, and is needed later, is copied.
void ValueLocations::release_slot(u16 slot) {
    const ir::Value value = slot_values_[slot];
    if (value == no_value) return;
    forget_residence(value, slot);
    Place& place = places_[value];
    if (!needed_later(value) || has_home(place) || place.reg != no_register) return;
    const Operand operand = layout_.pinned(slot) ? register_operand(layout_.pinned_register(slot))
                                                 : Operand{.kind = Operand::Kind::memory, .memory = layout_.slot(slot)};
    if (operand.is_register() && free_scratch() == 0) {
        place.reg = static_cast<u8>(operand.reg);
        spill(value);
        place.reg = no_register;
        return;
    }
    const u32 locked_before = locked_;
    const Gpr reg = temporary();
    locked_ = locked_before;
    load(reg, operand);
    place.reg = static_cast<u8>(reg);
    scratch_values_[x64::number(reg)] = value;
}

Gpr ValueLocations::claim(u16 slot) {
    release_slot(slot);
    return layout_.pinned_register(slot);
}

Gpr ValueLocations::destination() {
    if (hint_holds()) return claim(facts_[current_].hint_slot);
    if (const u32 free = free_scratch(); free != 0) {
        const auto reg = static_cast<Gpr>(std::countr_zero(free));
        locked_ |= bit(reg);
        return reg;
    }
    for (u32 i = 0; i < scratch_values_.size(); ++i) {
        const ir::Value value = scratch_values_[i];
        if (value != no_value && !needed_later(value)) return static_cast<Gpr>(i);
    }
    if (locked_ != all_scratch) return temporary();
    u32 victim = ~u32{0};
    for (u32 i = 0; i < scratch_values_.size(); ++i) {
        const ir::Value value = scratch_values_[i];
        if (value == no_value) continue;
        if (victim == ~u32{0} || facts_[value].last_use > facts_[scratch_values_[victim]].last_use) victim = i;
    }
    ORRERY_ASSERT(victim != ~u32{0}, "temporaries leave a register for the result");
    if (!has_home(places_[scratch_values_[victim]])) spill(scratch_values_[victim]);
    return static_cast<Gpr>(victim);
}

void ValueLocations::define(ir::Value value, Gpr reg) {
    if (is_scratch(reg)) {
        ir::Value& holds = scratch_values_[x64::number(reg)];
        if (holds != no_value) places_[holds].reg = no_register;
        holds = value;
    }
    places_[value].reg = static_cast<u8>(reg);
}

Gpr ValueLocations::define_in(Gpr scratch) {
    Gpr reg = scratch;
    if (hint_holds()) {
        locked_ |= bit(scratch);
        reg = claim(facts_[current_].hint_slot);
        a_.mov(Size::qword, reg, scratch);
    }
    define(current_, reg);
    return reg;
}

void ValueLocations::release(ir::Value value) {
    Place& place = places_[value];
    if (place.reg != no_register) {
        const u8 reg = std::exchange(place.reg, no_register);
        if (is_scratch(static_cast<Gpr>(reg))) scratch_values_[reg] = no_value;
    }
    if (place.spill != no_slot) free_spills_.push_back(std::exchange(place.spill, no_slot));
}

void ValueLocations::release_if_unused(ir::Value value) {
    if (facts_[value].last_use <= current_) release(value);
}

void ValueLocations::finish(const ir::Instruction& instruction) {
    locked_ = 0;
    for (const ir::Value value : {instruction.a, instruction.b, instruction.c}) {
        if (value == no_value) continue;
        if (facts_[value].folded) {
            release_if_unused(instructions_[value].a);
            release_if_unused(instructions_[value].b);
        } else {
            release_if_unused(value);
        }
    }
    if (facts_[current_].last_use == 0) release(current_);
}

void ValueLocations::get(ir::Value value, u16 slot) {
    const ir::Value before = slot_values_[slot];
    if (before != no_value && needed_later(before)) {
        // Another value is the one known to be there; this one becomes a copy of it.
        const Operand operand = use(before);
        const Gpr reg = temporary();
        load(reg, operand);
        define(value, reg);
        return;
    }
    if (before != no_value) forget_residence(before, slot);
    reside(value, slot);
}

void ValueLocations::put(ir::Value value, u16 slot) {
    if (slot_values_[slot] == value) return;
    const Operand operand = use(value);
    if (layout_.pinned(slot)) {
        const Gpr reg = layout_.pinned_register(slot);
        release_slot(slot);
        if (operand.is_register(reg))
            places_[value].reg = no_register;
        else if (operand.is_immediate() && operand.value == 0)
            a_.xor_(Size::dword, reg, reg);
        else
            load(reg, operand);
    } else {
        const i64 immediate = static_cast<i64>(operand.value);
        const bool direct = operand.is_immediate() && immediate == static_cast<i32>(immediate);
        const Gpr reg = direct ? Gpr::rax : in_register(value);
        release_slot(slot);
        if (direct)
            a_.mov(Size::qword, layout_.slot(slot), static_cast<i32>(immediate));
        else
            a_.mov(Size::qword, layout_.slot(slot), reg);
    }
    if (operand.is_immediate()) return;
    reside(value, slot);
    if (layout_.pinned(slot) && places_[value].reg != no_register) {
        const u8 reg = std::exchange(places_[value].reg, no_register);
        if (is_scratch(static_cast<Gpr>(reg))) scratch_values_[reg] = no_value;
    }
}

u32 ValueLocations::live_scratch() const {
    u32 live = 0;
    for (u32 i = 0; i < scratch_values_.size(); ++i)
        if (scratch_values_[i] != no_value && needed_later(scratch_values_[i])) live |= 1u << i;
    return live;
}

void ValueLocations::move_out(ir::Value value) {
    Place& place = places_[value];
    if (place.reg == no_register || !is_scratch(static_cast<Gpr>(place.reg))) return;
    if (!has_home(place)) spill(value);
    const u8 reg = std::exchange(place.reg, no_register);
    scratch_values_[reg] = no_value;
    locked_ &= ~(1u << reg);
}

void ValueLocations::save_for_call(bool slots_change) {
    for (const ir::Value value : scratch_values_)
        if (value != no_value && needed_later(value) && !has_home(places_[value])) spill(value);
    if (!slots_change) return;
    for (u16 slot = 0; slot < layout_.slot_count(); ++slot) {
        const ir::Value value = slot_values_[slot];
        if (value == no_value || !needed_later(value) || places_[value].spill != no_slot) continue;
        const u8 before = places_[value].reg;
        const u32 locked_before = locked_;
        places_[value].reg = static_cast<u8>(in_register(value));
        spill(value);
        locked_ = locked_before;
        if (!is_scratch(static_cast<Gpr>(places_[value].reg))) places_[value].reg = before;
    }
}

void ValueLocations::settle_argument(ir::Value value, Gpr target) {
    if (const Operand operand = locate(value);
        operand.is_register() && is_scratch(operand.reg) && operand.reg != target)
        move_out(value);
}

void ValueLocations::forget_after_call(bool slots_changed) {
    for (ir::Value& value : scratch_values_) {
        if (value != no_value) places_[value].reg = no_register;
        value = no_value;
    }
    if (!slots_changed) return;
    for (u16 slot = 0; slot < layout_.slot_count(); ++slot)
        if (slot_values_[slot] != no_value) forget_residence(slot_values_[slot], slot);
}

} // namespace orrery::jit::baseline
