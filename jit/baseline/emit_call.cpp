// Calls of C++ from the block's own path.
#include "jit/baseline/block_emitter.hpp"

namespace orrery::jit::baseline {

using ir::no_value;

void BlockEmitter::add_site(std::vector<Site>& sites, u32 offset) { sites.push_back({offset, guest_instruction_}); }

void BlockEmitter::define_result_of_call(u16 index) {
    if (facts_[index].last_use == 0) return;
    locations_.take(Gpr::rax);
    locations_.define_in(Gpr::rax);
}

void BlockEmitter::emit_call(u16 index) {
    const ir::Instruction& instruction = block_->instructions[index];
    if (const auto vector = host_vector(index)) return emit_host_vector(index, *vector);
    const ir::HelperInfo& helper = guest_.helpers[instruction.imm];
    locations_.save_for_call(helper.writes_slots);
    const std::pair<ir::Value, Gpr> arguments[] = {
        {instruction.a, Gpr::rax}, {instruction.b, Gpr::rdx}, {instruction.c, Gpr::rcx}};
    for (const auto& [value, target] : arguments)
        if (value != no_value) locations_.settle_argument(value, target);
    for (const auto& [value, target] : arguments) {
        if (value != no_value)
            locations_.load(target, locations_.locate(value));
        else
            hot_.xor_(Size::dword, target, target);
    }
    hot_.call(thunks_.helpers[instruction.imm]);
    add_site(hot_sites_, hot_offset());
    locations_.forget_after_call(helper.writes_slots);
    vectors_.forget_all();
    define_result_of_call(index);
}

} // namespace orrery::jit::baseline
