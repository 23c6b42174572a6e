#include "jit/baseline/block_emitter.hpp"

#include <cstring>

namespace orrery::jit::baseline {

using ir::Op;

BlockEmitter::BlockEmitter(const Layout& layout, const Thunks& thunks, const ir::GuestDescription& guest, bool counting)
    : layout_(layout), thunks_(thunks), guest_(guest), counting_(counting), features_(x64::HostFeatures::probe()),
      cold_memory_(std::make_unique_for_overwrite<u8[]>(cold_capacity_bytes)), hot_(nullptr, nullptr),
      cold_(nullptr, nullptr), locations_(layout, facts_, hot_) {}

void BlockEmitter::emit(const ir::Block& block, u8* begin, u8* end, CompiledBlock& compiled, Listing* listing) {
    block_ = &block;
    hot_ = x64::Assembler(begin, end);
    cold_ = x64::Assembler(cold_memory_.get(), cold_memory_.get() + cold_capacity_bytes);
    hot_to_cold_.clear();
    cold_to_hot_.clear();
    cold_to_thunk_.clear();
    links_.clear();
    hot_sites_.clear();
    cold_sites_.clear();
    guest_instruction_ = ~u32{0};
    last_pc_ = block.key.pc;
    check_leave_ = false;
    facts_.run(block, layout_);
    locations_.begin(block);
    vectors_.forget_all();
    emit_entry(compiled.executions);
    const auto count = static_cast<u16>(block.instructions.size());
    if (listing) {
        emit_instructions_with_marks(count);
    } else {
        for (u16 i = 0; i < count; ++i) emit_instruction(i);
    }
    locations_.at(count);
    emit_terminal();
    if (listing) list_pieces(*listing);
    finish(compiled);
    if (listing) list_names(begin, *listing);
}

void BlockEmitter::emit_instructions_with_marks(u16 count) {
    marks_.assign(1, {0, 0, Listing::entry});
    for (u16 i = 0; i < count; ++i) {
        marks_.push_back({hot_offset(), cold_offset(), i});
        emit_instruction(i);
    }
    marks_.push_back({hot_offset(), cold_offset(), count});
}

void BlockEmitter::emit_entry(u64& executions) {
    if (block_->guest_instructions == 0) return;
    const auto count = static_cast<i32>(block_->guest_instructions);
    hot_.sub(Size::qword, budget_register, count);
    jump_cold(Condition::s);
    cold_.add(Size::qword, budget_register, count);
    cold_.mov(Size::qword, Gpr::rax, block_->key.pc);
    cold_jump(thunks_.exit_budget);
    if (!counting_) return;
    hot_.mov(Size::qword, Gpr::rax, reinterpret_cast<u64>(&executions));
    hot_.add(Size::qword, Mem::at(Gpr::rax), 1);
}

void BlockEmitter::begin_guest_instruction() {
    if (check_leave_) {
        check_leave_ = false;
        locations_.expect_exit(false);
        hot_.cmp(Size::dword, layout_.context(offsetof(Context, leave)), 0);
        hot_.jcc(Condition::ne, thunks_.exit_slow);
    }
    ++guest_instruction_;
}

void BlockEmitter::emit_instruction(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    const ValueFacts& facts = facts_[index];
    if (facts.dead || facts.folded) return;
    locations_.at(index);
    switch (instruction.op) {
    case Op::insn:
        begin_guest_instruction();
        last_pc_ = instruction.imm;
        return;
    case Op::constant:
        return;
    case Op::get:
        locations_.get(index, static_cast<u16>(instruction.imm));
        break;
    case Op::put:
        locations_.put(instruction.a, static_cast<u16>(instruction.imm));
        note_put(instruction);
        break;
    case Op::load:
        emit_load(index);
        break;
    case Op::store:
        emit_store(index);
        break;
    case Op::amo:
        emit_amo(index);
        break;
    case Op::load_reserved:
        emit_slow_access(index, thunks_.load_reserved);
        break;
    case Op::store_conditional:
        emit_slow_access(index, thunks_.store_conditional);
        break;
    case Op::fence:
        emit_fence();
        break;
    case Op::call:
        emit_call(index);
        break;
    default:
        return emit_pure(index);
    }
    locations_.finish(instruction);
}

void BlockEmitter::emit_pure(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    switch (instruction.op) {
    case Op::add:
        emit_sum(index);
        break;
    case Op::sub:
        emit_difference(index);
        break;
    case Op::and_:
        emit_logic(index, x64::Alu::and_);
        break;
    case Op::or_:
        emit_logic(index, x64::Alu::or_);
        break;
    case Op::xor_:
        emit_logic(index, x64::Alu::xor_);
        break;
    case Op::andn:
        emit_and_not(index);
        break;
    case Op::shl:
    case Op::shr:
    case Op::sar:
    case Op::rotl:
    case Op::rotr:
        emit_shift(index);
        break;
    case Op::mul:
        emit_multiply(index);
        break;
    case Op::mulhs:
    case Op::mulhu:
    case Op::mulhsu:
        emit_high_multiply(index);
        break;
    case Op::divs:
    case Op::divu:
    case Op::rems:
    case Op::remu:
        emit_divide(index);
        break;
    case Op::clz:
    case Op::ctz:
        emit_count_zeros(index);
        break;
    case Op::popcount:
        emit_population_count(index);
        break;
    case Op::bswap:
        emit_byte_swap(index);
        break;
    case Op::compare:
        emit_comparison(index);
        break;
    case Op::select:
        emit_select(index);
        break;
    default:
        emit_extension(index);
        break;
    }
    locations_.finish(instruction);
}

void BlockEmitter::jump_cold(Condition condition) {
    hot_.jcc_open(condition);
    hot_to_cold_.push_back({hot_offset(), cold_offset()});
}

void BlockEmitter::jump_back() {
    cold_.jmp_open();
    cold_to_hot_.push_back({cold_offset(), hot_offset()});
}

void BlockEmitter::cold_jump(const u8* thunk) {
    cold_.jmp_open();
    cold_to_thunk_.push_back({cold_offset(), thunk});
}

void BlockEmitter::cold_call(const u8* thunk) {
    cold_.call_open();
    cold_to_thunk_.push_back({cold_offset(), thunk});
}

void BlockEmitter::load(x64::Assembler& a, Gpr to, const Operand& from) {
    switch (from.kind) {
    case Operand::Kind::immediate:
        a.mov(Size::qword, to, from.value);
        return;
    case Operand::Kind::reg:
        if (from.reg != to) a.mov(Size::qword, to, from.reg);
        return;
    case Operand::Kind::memory:
        a.mov(Size::qword, to, from.memory);
        return;
    }
}

void BlockEmitter::finish(CompiledBlock& compiled) {
    const u32 hot_size = hot_offset(), cold_size = cold_offset();
    if (hot_.failed() || cold_.failed() || hot_.remaining() < cold_size) return;
    u8* const code = hot_.begin();
    std::memcpy(code + hot_size, cold_.begin(), cold_size);
    const auto resolve = [&](u32 end, i64 distance) {
        const auto displacement = static_cast<i32>(distance);
        std::memcpy(code + end - 4, &displacement, sizeof displacement);
    };
    for (const Reference& reference : hot_to_cold_)
        resolve(reference.from, i64{hot_size} + reference.to - reference.from);
    for (const Reference& reference : cold_to_hot_)
        resolve(hot_size + reference.from, i64{reference.to} - (hot_size + reference.from));
    for (const ThunkReference& reference : cold_to_thunk_)
        resolve(hot_size + reference.from, reference.to - (code + hot_size + reference.from));
    compiled.links.reserve(links_.size());
    for (const Link& link : links_) {
        const i64 distance = i64{hot_size} + link.stub - (link.displacement + 4);
        resolve(link.displacement + 4, distance);
        compiled.links.push_back({.displacement_offset = link.displacement,
                                  .unlinked_displacement = static_cast<u32>(distance),
                                  .target_pc = link.target_pc});
    }
    compiled.sites.reserve(hot_sites_.size() + cold_sites_.size());
    compiled.sites.assign(hot_sites_.begin(), hot_sites_.end());
    for (const Site& site : cold_sites_) compiled.sites.push_back({site.return_offset + hot_size, site.instruction});
    compiled.code_size = hot_size + cold_size;
}

} // namespace orrery::jit::baseline
