#include "cpu/x86/paging.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 bits(u32 last, u32 first) { return (~u64{0} >> (63 - last)) & (~u64{0} << first); }

constexpr u64 beyond_physical = bits(51, physical_address_bits);

} // namespace

u64 reserved_bits(PagingMode mode, u32 level, u64 value, const State& state) {
    const bool page = maps_page(mode, level, value, state);
    // PSE-36: bits 20:13 are bits 39:32 of the address, so that only bit 21 is reserved (table 4-4).
    if (mode == PagingMode::two_levels) return level == 1 && page ? bits(21, 21) : 0;
    u64 reserved = beyond_physical;
    if (mode == PagingMode::pae) reserved |= bits(62, 52);
    if ((state.efer & efer::nxe) == 0) reserved |= entry::no_execute;
    if (level > 0 && page) reserved |= bits(level * 9 + page_shift - 1, 13);
    // Nothing maps pages of 512 GiB.
    if (level > 2) reserved |= entry::large;
    return reserved;
}

u64 reserved_bits_of_pdpte() { return bits(63, physical_address_bits) | bits(8, 5) | bits(2, 1); }

u64 page_base(PagingMode mode, u32 level, u64 value) {
    if (mode == PagingMode::two_levels && level == 1)
        return (value & 0xffc0'0000) | (value & bits(20, 13)) << (32 - 13);
    const PagingLayout layout = layout_of(mode);
    return value & entry::address & (~u64{0} << layout.shift(level));
}

} // namespace orrery::x86
