// Page-table entries (II 4.4.1, Svnapot, Svpbmt): their fields, which encodings are reserved, what they permit. For
// whoever walks the tables, to translate or to explain.
#pragma once

#include "cpu/riscv/csr_bits.hpp"
#include "cpu/riscv/state.hpp"

namespace orrery::riscv {

namespace pte {
inline constexpr u64 v = bit(0), r = bit(1), w = bit(2), x = bit(3), u = bit(4), g = bit(5), a = bit(6), d = bit(7);
inline constexpr u64 reserved = u64{0x7f} << 54;
inline constexpr u32 pbmt_low = 61;
inline constexpr u64 pbmt = u64{3} << pbmt_low, n = bit(63);
constexpr u64 ppn(u64 entry) { return field(entry, 10, 44); }
constexpr bool is_leaf(u64 entry) { return (entry & (r | x)) != 0; }
} // namespace pte

inline constexpr u64 napot_pages = 16; // 64 KiB, the only size
inline constexpr u32 physical_address_bits = 56;

constexpr u32 levels_of(u64 mode) { return static_cast<u32>(mode - satp::sv39) + 3; }

// All bits above the highest translated one must equal it (II 4.4.1, 4.5.1, 4.6.1).
constexpr bool canonical(u64 address, u32 levels) {
    const u32 unused = 64 - (page_shift + 9 * levels);
    return static_cast<u64>(static_cast<i64>(address << unused) >> unused) == address;
}

constexpr u64 table_entry_address(u64 table, GuestVirtual address, u32 level) {
    return table + field(address.value, page_shift + 9 * level, 9) * sizeof(u64);
}

// Why an entry makes every access fault.
enum class EntryDefect : u8 {
    none,
    not_valid,
    writable_not_readable,
    reserved_bits,
    pointer_bits,
    memory_type,
    misaligned,
    contiguous,
};

constexpr EntryDefect defect_of(u64 entry, u32 level, u64 menvcfg) {
    if ((entry & pte::v) == 0) return EntryDefect::not_valid;
    if ((entry & (pte::r | pte::w)) == pte::w) return EntryDefect::writable_not_readable;
    if ((entry & pte::reserved) != 0) return EntryDefect::reserved_bits;
    if (!pte::is_leaf(entry)) {
        const bool has_leaf_bits = (entry & (pte::d | pte::a | pte::u | pte::n | pte::pbmt)) != 0;
        return has_leaf_bits ? EntryDefect::pointer_bits : EntryDefect::none;
    }
    const u64 memory_type = field(entry, pte::pbmt_low, 2);
    if (memory_type == 3 || (memory_type != 0 && (menvcfg & envcfg::pbmte) == 0)) return EntryDefect::memory_type;
    const u64 ppn = pte::ppn(entry);
    if ((ppn & (bit(9 * level) - 1)) != 0) return EntryDefect::misaligned; // superpage
    const bool odd_size = (entry & pte::n) != 0 && (level != 0 || ppn % napot_pages != napot_pages / 2);
    return odd_size ? EntryDefect::contiguous : EntryDefect::none;
}

// Why a leaf forbids an access, A and D aside.
enum class Forbidden : u8 {
    no,
    supervisor_page,
    user_page,
    user_page_without_sum,
    not_r,
    not_r_without_mxr,
    not_w,
    not_x
};

constexpr Forbidden forbidden(u64 entry, MemoryAction action, Privilege privilege, u64 mstatus) {
    const bool user_page = (entry & pte::u) != 0;
    if (privilege == Privilege::user && !user_page) return Forbidden::supervisor_page;
    if (privilege == Privilege::supervisor && user_page) {
        if (action == MemoryAction::execute) return Forbidden::user_page;
        if ((mstatus & mstatus::sum) == 0) return Forbidden::user_page_without_sum;
    }
    switch (action) {
    case MemoryAction::execute:
        return (entry & pte::x) != 0 ? Forbidden::no : Forbidden::not_x;
    case MemoryAction::write:
        return (entry & pte::w) != 0 ? Forbidden::no : Forbidden::not_w;
    case MemoryAction::read:
        break;
    }
    if ((entry & pte::r) != 0) return Forbidden::no;
    if ((entry & pte::x) == 0) return Forbidden::not_r;
    return (mstatus & mstatus::mxr) != 0 ? Forbidden::no : Forbidden::not_r_without_mxr;
}

// What the leaf must have set before the access (II 4.3.1).
constexpr u64 accessed_and_dirty(MemoryAction action) { return pte::a | (action == MemoryAction::write ? pte::d : 0); }

// Where a leaf puts an address, and how much around it.
struct Reach {
    GuestPhysical address;
    u64 size_bytes = 0;
};
constexpr Reach reach_of(u64 entry, u32 level, GuestVirtual address) {
    u64 ppn = pte::ppn(entry);
    u64 size = page_size << (9 * level);
    if ((entry & pte::n) != 0) {
        ppn &= ~(napot_pages - 1);
        size = page_size * napot_pages;
    }
    return {{ppn << page_shift | (address.value & (size - 1))}, size};
}

} // namespace orrery::riscv
