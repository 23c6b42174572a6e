// The record of what was emitted for what.
#include "jit/baseline/block_emitter.hpp"

#include <fmt/format.h>

namespace orrery::jit::baseline {
namespace {

constexpr std::array<std::string_view, 16> register_names{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                          "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

} // namespace

void BlockEmitter::list_pieces(Listing& listing) const {
    const u32 hot_size = hot_offset();
    const auto end_of = [&](std::size_t i) {
        return i + 1 < marks_.size() ? marks_[i + 1] : Mark{hot_size, cold_offset(), 0};
    };
    for (const bool cold : {false, true}) {
        for (std::size_t i = 0; i < marks_.size(); ++i) {
            const Mark end = end_of(i);
            const u32 begin = cold ? marks_[i].cold : marks_[i].hot;
            const u32 size = (cold ? end.cold : end.hot) - begin;
            if (size != 0) listing.pieces.push_back({begin + (cold ? hot_size : 0), size, marks_[i].instruction, cold});
        }
    }
}

void BlockEmitter::list_names(const u8* code, Listing& listing) const {
    const auto place = [&](const u8* address, std::string name) {
        listing.places.push_back({address - code, std::move(name)});
    };
    place(thunks_.exit_budget, "exit_budget");
    place(thunks_.exit_link, "exit_link");
    place(thunks_.exit_lookup, "exit_lookup");
    place(thunks_.exit_leave, "exit_leave");
    place(thunks_.exit_leave_in_state, "exit_leave_in_state");
    place(thunks_.exit_raise, "exit_raise");
    place(thunks_.exit_slow, "exit_slow");
    place(thunks_.load, "slow_load");
    place(thunks_.store, "slow_store");
    place(thunks_.store_first, "slow_store_first");
    place(thunks_.amo, "slow_amo");
    place(thunks_.load_reserved, "slow_load_reserved");
    place(thunks_.store_conditional, "slow_store_conditional");
    for (std::size_t i = 0; i < address_memos; ++i) {
        const std::string_view slot = i < guest_.hot_slots.size() ? guest_.slots[guest_.hot_slots[i]].name : "?";
        place(thunks_.refill_read[i], fmt::format("refill_read_{}", slot));
        place(thunks_.refill_write[i], fmt::format("refill_write_{}", slot));
    }
    for (std::size_t i = 0; i < thunks_.helpers.size(); ++i)
        place(thunks_.helpers[i], fmt::format("helper_{}", guest_.helpers[i].name));
    for (const u16 slot : layout_.pinned_slots())
        listing.registers.push_back(
            {register_names[x64::number(layout_.pinned_register(slot))], guest_.slots[slot].name});
}

} // namespace orrery::jit::baseline
