// The control and status registers as one table: number, accessibility, how each is read and written, its fields.
// csr.cpp holds the table and the rules common to all; csr_functions.cpp what is particular to one.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "cpu/debug.hpp"
#include "cpu/riscv/state.hpp"

namespace orrery::riscv {

class Hart;

using CsrField = RegisterField;

// A CSR without side effects is `storage` and `writable`; any other has functions. A CSR without `write` ignores writes
// (WARL fields that are constant); one whose number says read-only never gets them.
struct CsrDefinition {
    u32 number = 0;
    u64 State::* storage = nullptr;
    u64 writable = 0; // also, for display, the bits that the functions accept
    u64 (*read)(Hart&, u32 number) = nullptr;
    void (*write)(Hart&, u32 number, u64 value) = nullptr;
    // What csrrs and csrrc combine with, where it isn't what they return.
    u64 (*read_to_modify)(Hart&, u32 number) = nullptr;
    // More than the privilege in the number.
    bool (*accessible)(Hart&, u32 number) = nullptr;
    bool ends_block = false;  // a write may change what is translated next, or let an interrupt in
    bool needs_count = false; // reading it takes the count of retired instructions, or the clock
    std::span<const CsrField> fields{};
};

std::span<const CsrDefinition> csr_definitions(); // sorted by number
const CsrDefinition* find_csr(u32 number);

// The lowest privilege that the number admits, and whether it is read-only (I 9.1, II 2.1).
constexpr Privilege csr_privilege(u32 number) {
    return (number >> 8 & 3) >= 2 ? Privilege::machine : static_cast<Privilege>(number >> 8 & 3);
}
constexpr bool csr_read_only(u32 number) { return (number >> 10 & 3) == 3; }

enum class CsrOperation : u8 { read, write, set, clear };

// A CSR instruction of the hart in its present mode; yields the old value. Empty: the instruction is illegal.
// From inside a helper.
std::optional<u64> access_csr(Hart& hart, u32 number, CsrOperation operation, u64 value);
// The value for a debugger: no check, no effect.
std::optional<u64> peek_csr(Hart& hart, u32 number);
// A debugger's write, by the register's own rules. Nothing happens to one that is read-only or isn't there.
void poke_csr(Hart& hart, u32 number, u64 value);

// For translators: which read helper a CSR takes, and the slot of one that needs no helper at all.
bool csr_needs_count(u32 number);
// Whether the block must end in ir::Leave after this access. `mask`: the operand where it is a constant.
bool csr_ends_block(u32 number, CsrOperation operation, std::optional<u64> mask);
struct CsrSlot {
    u16 slot;
    u64 writable;
};
std::optional<CsrSlot> csr_slot(u32 number);

} // namespace orrery::riscv
