// Paging structures as they lie in guest memory (SDM 3A 4.3–4.6): what the bits of an entry mean at each level of each
// paging mode. Knows neither memory nor CPU.
#pragma once

#include "cpu/frontend.hpp"
#include "cpu/x86/state.hpp"

namespace orrery::x86 {

inline constexpr u32 physical_address_bits = 40; // as CPUID 8000'0008h says

enum class PagingMode : u8 { none, two_levels, pae, four_levels, five_levels };

constexpr PagingMode paging_mode(const State& state) {
    if ((state.cr0 & cr0::pg) == 0) return PagingMode::none;
    if ((state.cr4 & cr4::pae) == 0) return PagingMode::two_levels;
    if ((state.efer & efer::lma) == 0) return PagingMode::pae;
    return (state.cr4 & cr4::la57) != 0 ? PagingMode::five_levels : PagingMode::four_levels;
}

namespace entry {
inline constexpr u64 present = 1 << 0;
inline constexpr u64 writable = 1 << 1;
inline constexpr u64 user = 1 << 2;
inline constexpr u64 accessed = 1 << 5;
inline constexpr u64 dirty = 1 << 6;
inline constexpr u64 large = 1 << 7; // PS
inline constexpr u64 global = 1 << 8;
inline constexpr u64 no_execute = u64{1} << 63;
inline constexpr u64 address = 0x000f'ffff'ffff'f000;
} // namespace entry

// How a paging mode is laid out. Level 0 is the page table.
struct PagingLayout {
    u32 levels = 0;
    u32 index_bits = 9;
    u32 entry_bytes = 8;

    [[nodiscard]] constexpr u32 shift(u32 level) const { return page_shift + level * index_bits; }
    [[nodiscard]] constexpr u64 index(u64 linear, u32 level) const {
        return linear >> shift(level) & ((u64{1} << index_bits) - 1);
    }
};

// PAE paging: below the PDPTEs, which are registers.
constexpr PagingLayout layout_of(PagingMode mode) {
    switch (mode) {
    case PagingMode::none:
        return {};
    case PagingMode::two_levels:
        return {2, 10, 4};
    case PagingMode::pae:
        return {2, 9, 8};
    case PagingMode::four_levels:
        return {4, 9, 8};
    case PagingMode::five_levels:
        return {5, 9, 8};
    }
    return {};
}

constexpr bool canonical(u64 linear, u32 bits) {
    const i64 upper = static_cast<i64>(linear) >> (bits - 1);
    return upper == 0 || upper == -1;
}

// Bits that must be 0 in a present entry (SDM 3A tables 4-4 to 4-20).
u64 reserved_bits(PagingMode mode, u32 level, u64 value, const State& state);
// Of a PDPTE (table 4-8).
u64 reserved_bits_of_pdpte();

// Whether the entry maps a page instead of pointing to a table.
constexpr bool maps_page(PagingMode mode, u32 level, u64 value, const State& state) {
    if (level == 0) return true;
    if ((value & entry::large) == 0) return false;
    if (mode == PagingMode::two_levels) return (state.cr4 & cr4::pse) != 0;
    return level <= 2;
}

// The physical address of the first byte of the page that an entry maps.
u64 page_base(PagingMode mode, u32 level, u64 value);

} // namespace orrery::x86
