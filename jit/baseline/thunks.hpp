// The pieces of code that every block shares: the way in, the ways out, and the calls to C++. They lie at the start of
// the code buffer.
#pragma once

#include <array>
#include <vector>

#include "jit/baseline/layout.hpp"

namespace orrery::jit::baseline {

// Addresses are those of the writable mapping, since all references are relative; but for `enter`.
struct Thunks {
    void (*enter)(Context*, const u8* code) = nullptr;

    // Jumped to with the pinned registers and the budget in place. In rax, where it says so, the pc to leave at.
    const u8* exit_budget = nullptr; // pc
    // pc; but for Flow::on rdx = exit_from; exit_link: rcx = address of the displacement
    std::array<const u8*, flows> exit_link{};
    std::array<const u8*, flows> exit_lookup{};
    const u8* exit_leave = nullptr; // pc
    const u8* exit_leave_in_state = nullptr;
    const u8* exit_raise = nullptr; // pc; exit_code and exit_value are set
    const u8* exit_slow = nullptr;

    // Called with rax = address, edx = access, rcx = value; yield rax. They return only if the block goes on.
    const u8* load = nullptr;
    const u8* store = nullptr;
    const u8* store_first = nullptr; // also returns if the block has to be left when its instruction is complete
    const u8* store_last = nullptr;  // also returns then, with the request dropped: the block ends elsewhere anyway
    const u8* amo = nullptr;
    const u8* load_reserved = nullptr;
    const u8* store_conditional = nullptr;

    // For each AddressMemo: with rax = address and rcx = that of the access's last byte, looks into the soft TLB. On a
    // hit fills in the memo, and rax becomes its addend; on a miss returns with the zero flag clear. rcx is lost.
    std::array<const u8*, address_memos> refill_read{};
    std::array<const u8*, address_memos> refill_write{};

    // Helpers: arguments in rax, rdx, rcx, result in rax.
    std::vector<const u8*> helpers;
};

class ThunkEmitter {
public:
    ThunkEmitter(const Layout& layout, const ir::GuestDescription& guest, x64::Assembler& assembler)
        : layout_(layout), guest_(guest), a_(assembler) {}

    // `enter` still has to be moved to the executable mapping.
    Thunks emit();

private:
    void emit_enter();
    void emit_exits(Thunks& thunks);
    const u8* emit_exit(Exit exit, bool has_pc);
    const u8* emit_exit(Exit exit, Flow flow);
    // What becomes of a request to leave behind the guest instruction.
    enum class LeaveBehind : u8 { at_once, later, dropped };
    const u8* emit_slow_path(std::size_t function_offset, LeaveBehind behind);
    const u8* emit_refill(u8 memo, bool write);
    const u8* emit_helper_call(bool writes_slots, bool may_leave);
    const u8* emit_helper(const ir::HelperInfo& helper);
    void store_pinned();
    void load_pinned(bool all);
    void restore_float_control();
    const u8* start();

    const Layout& layout_;
    const ir::GuestDescription& guest_;
    x64::Assembler& a_;
    const u8* exit_with_state_in_registers_ = nullptr;
    const u8* exit_with_state_stored_ = nullptr;
    const u8* exit_slow_stored_ = nullptr;
    std::array<const u8*, 4> helper_calls_{};
};

} // namespace orrery::jit::baseline
