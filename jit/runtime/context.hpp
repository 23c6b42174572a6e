// What translated code and the interpreter share with C++ while they run: one Context per vCPU, addressed by translated
// code through one host register at the constant offsets given here. The guest's state struct follows it in memory at
// the same distance for every vCPU of a machine, so translated code is shared by all of them.
#pragma once

#include <array>
#include <cstddef>

#include "machine/fabric/types.hpp"

namespace orrery::jit {

// ---- soft TLB
// An access of `size` bytes at `va` hits when ((va + size - 1) & ~4095) | data_tag equals the entry's tag for the
// access, the entry being tlb[tlb_index(va, tlb_salt)]; the host address is then va + addend. An access that crosses a
// page never hits. A tag's low twelve bits are the translation context (address space and privilege), so that switching
// address spaces flushes nothing. No entry has the context tlb_uncached_tag.
struct TlbEntry {
    u64 read_tag;
    u64 write_tag;
    u64 addend;
    u64 physical; // of the page; for the engine, not for translated code
};
inline constexpr std::size_t tlb_entries = 2048;
// `salt_bytes`: Context::tlb_salt, a multiple of the size of an entry. Pages that several views of memory use, such as
// the kernel's own while it may and may not access the user's, have an entry for each.
constexpr std::size_t tlb_index(u64 address, u32 salt_bytes) {
    return ((address >> 12) ^ (salt_bytes / sizeof(TlbEntry))) % tlb_entries;
}
inline constexpr u64 tlb_invalid = ~u64{0};
inline constexpr u64 tlb_uncached_tag = 4094; // 4095 would make some page's tag tlb_invalid
inline constexpr std::size_t mmu_indexes = 4;

// Where a base register pointed last: an access through it whose first byte is less than `read_bytes` (or
// `write_bytes`) behind `start` goes to va + addend at once; the rest asks the TLB, which then fills this in anew.
// Never more than a page less seven bytes, so that any access that begins there ends in it; 0: none. Belongs to the
// selected data tag. There is one for each of the guest's hottest slots.
struct AddressMemo {
    u64 start = 0;
    u64 addend = 0;
    u64 read_bytes = 0;
    u64 write_bytes = 0;
};
inline constexpr std::size_t address_memos = 32;
inline constexpr u64 memo_bytes = 4096 - 7;

// ---- jumps to other pages and computed jumps
// The entry for a guest pc is jumps[(pc >> 1) % jump_entries]; it hits when it holds that pc and Context::jump_tag,
// which stands for the address space, the privilege and the mode that code is translated for. Tag 0 never hits. The
// code is at Context::code_base + code_offset.
struct JumpEntry {
    u64 pc;
    u32 tag;
    u32 code_offset;
};
// So many that what a system call or a signal passes through seldom meets in one entry.
inline constexpr std::size_t jump_entries = 16384;
// A block that begins this close to the end of its page may consist of an instruction that crosses it. Such a block is
// never linked to, only reached through the jump table, so that it can be forgotten when the page behind changes.
inline constexpr u64 crossing_bytes = 16;

// ---- how a run of translated code ends
enum class Exit : u32 {
    budget, // the next block needs more instructions than the budget holds; none of it was executed
    link,   // a chainable jump whose target isn't linked yet: `exit_link` identifies it
    lookup, // the jump table knows no block for the pc
    leave,  // the block ended in ir::Leave
    raise,  // the block ended in ir::Raise: exit_code and exit_value
    slow,   // a slow path asked to leave in the middle of a block, see LeaveRequest
};

// Where a block that ended with Exit::link or Exit::lookup goes on: behind its last instruction, or elsewhere because
// of it. That instruction's address is then in `exit_from`.
enum class Flow : u32 { on, jump, branch, call, ret };
inline constexpr std::size_t flows = 5;

// What a slow path (a helper, a TLB miss) wants of the code that called it.
enum class LeaveRequest : u32 {
    none,
    after,    // stores only: leave behind the current guest instruction, which completes and retires
    raise,    // the current guest instruction doesn't complete: fault_code and fault_value say why; pc stays on it
    in_state, // the current instruction retires and the helper has set the state's pc
};

struct Context;

// Called by translated code where the soft TLB has no answer. `access` is an ir::MemoryAccess, packed. They may set
// Context::leave; what they return is then ignored unless the request is `after`.
struct SlowPaths {
    u64 (*load)(Context*, u64 address, u32 access);
    void (*store)(Context*, u64 address, u32 access, u64 value);
    u64 (*amo)(Context*, u64 address, u32 access, u64 value);
    u64 (*load_reserved)(Context*, u64 address, u32 access);
    u64 (*store_conditional)(Context*, u64 address, u32 access, u64 value);
};

struct CompiledBlock;

struct alignas(64) Context {
    // Instructions that may still retire. In a host register while translated code runs; a block subtracts all of its
    // instructions when it is entered.
    i64 budget = 0;
    std::array<u64, mmu_indexes> data_tag{tlb_uncached_tag, tlb_uncached_tag, tlb_uncached_tag, tlb_uncached_tag};
    u64 code_base = 0;
    u32 tlb_salt = 0;
    u32 jump_tag = 0;
    LeaveRequest leave = LeaveRequest::none;
    Exit exit = Exit::lookup;
    Flow exit_flow = Flow::on;
    u64 exit_from = 0;
    u64 exit_link = 0; // Exit::link: the host address of the jump's displacement
    u64 exit_code = 0;
    u64 exit_value = 0;
    u64 fault_code = 0;
    u64 fault_value = 0;
    // Where the last slow path was called from: a host return address in translated code, or 0 when the interpreter
    // runs; then block and instruction say it.
    u64 return_address = 0;
    const CompiledBlock* interpreted_block = nullptr;
    u32 interpreted_instruction = 0;
    u64 host_stack = 0; // of the entry thunk
    // Not 0 while the host's MXCSR is the guest's, whose slot then lacks the flags raised since. C++ never sees that.
    u32 float_live = 0;
    u32 host_float_control = 0x1f80; // the MXCSR that C++ runs with
    SlowPaths slow{};
    void* state = nullptr;  // the guest's state struct, for the interpreter
    void* self = nullptr;   // first argument of helpers: the guest's frontend
    void* engine = nullptr; // the engine's own object for this vCPU

    std::array<AddressMemo, address_memos> memos{};
    std::array<TlbEntry, tlb_entries> tlb;
    std::array<JumpEntry, jump_entries> jumps;
};

} // namespace orrery::jit
