// The record of what was emitted for what.
#include "jit/baseline/block_emitter.hpp"

#include <algorithm>

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
    for (const u8* exit_link : thunks_.exit_link) place(exit_link, "exit_link");
    for (const u8* exit_lookup : thunks_.exit_lookup) place(exit_lookup, "exit_lookup");
    place(thunks_.exit_leave, "exit_leave");
    place(thunks_.exit_leave_in_state, "exit_leave_in_state");
    place(thunks_.exit_raise, "exit_raise");
    place(thunks_.exit_slow, "exit_slow");
    place(thunks_.load, "slow_load");
    place(thunks_.store, "slow_store");
    place(thunks_.store_first, "slow_store_first");
    place(thunks_.store_last, "slow_store_last");
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
    list_memory(listing);
}

void BlockEmitter::list_memory(Listing& listing) const {
    const auto add = [&](std::size_t offset_in_context, std::string name, i64 count = 1, std::size_t step = 8) {
        const i64 first = layout_.displacement(offset_in_context);
        listing.memory.push_back(
            {first, first + count * static_cast<i64>(step), static_cast<i64>(step), std::move(name)});
    };
    add(offsetof(Context, budget), "budget");
    add(offsetof(Context, data_tag), "data_tag", mmu_indexes);
    add(offsetof(Context, code_base), "code_base");
    add(offsetof(Context, tlb_salt), "tlb_salt", 1, 4);
    add(offsetof(Context, jump_tag), "jump_tag", 1, 4);
    add(offsetof(Context, float_live), "float_live", 1, 4);
    add(offsetof(Context, host_float_control), "host_float_control", 1, 4);
    add(offsetof(Context, leave), "leave");
    add(offsetof(Context, exit_code), "exit_code");
    add(offsetof(Context, exit_value), "exit_value");
    for (std::size_t i = 0; i < std::min(address_memos, guest_.hot_slots.size()); ++i) {
        const std::size_t memo = offsetof(Context, memos) + i * sizeof(AddressMemo);
        const std::string_view slot = guest_.slots[guest_.hot_slots[i]].name;
        add(memo + offsetof(AddressMemo, start), fmt::format("memo of {}: start", slot));
        add(memo + offsetof(AddressMemo, addend), fmt::format("memo of {}: addend", slot));
        add(memo + offsetof(AddressMemo, read_bytes), fmt::format("memo of {}: readable", slot));
        add(memo + offsetof(AddressMemo, write_bytes), fmt::format("memo of {}: writable", slot));
    }
    const auto tlb = [&](std::size_t member, std::string name) {
        add(offsetof(Context, tlb) + member, std::move(name), tlb_entries, sizeof(TlbEntry));
    };
    tlb(offsetof(TlbEntry, read_tag), "TLB: read tag");
    tlb(offsetof(TlbEntry, write_tag), "TLB: write tag");
    tlb(offsetof(TlbEntry, addend), "TLB: addend");
    const auto jump = [&](std::size_t member, std::string name) {
        add(offsetof(Context, jumps) + member, std::move(name), jump_entries, sizeof(JumpEntry));
    };
    jump(offsetof(JumpEntry, pc), "jump table: pc");
    jump(offsetof(JumpEntry, tag), "jump table: tag");
    jump(offsetof(JumpEntry, code_offset), "jump table: code");
    for (const ir::Slot& slot : guest_.slots) {
        const i64 first = i64{slot.offset_bytes} - base_in_state_bytes;
        listing.memory.push_back({first, first + 8, 8, std::string(slot.name)});
    }
}

} // namespace orrery::jit::baseline
