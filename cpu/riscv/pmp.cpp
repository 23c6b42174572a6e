#include "cpu/riscv/pmp.hpp"

#include <algorithm>
#include <bit>

#include "cpu/riscv/csr_bits.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 address_mask = bit(54) - 1; // pmpaddr holds bits 55:2

u8 matching(u8 configuration) { return (configuration >> pmpcfg::a_low) & 3; }

PmpPermission everything() { return {.read = true, .write = true, .execute = true}; }

} // namespace

void Pmp::decode() {
    region_count_ = 0;
    any_locked_ = false;
    for (u32 entry = 0; entry < pmp_entries; ++entry) {
        const u8 configuration = state_.pmpcfg[entry];
        const u64 address = state_.pmpaddr[entry] & address_mask;
        u64 first = address << 2;
        u64 end = first + 4;
        switch (matching(configuration)) {
        case pmpcfg::off:
            continue;
        case pmpcfg::na4:
            break;
        case pmpcfg::tor:
            end = first;
            first = entry == 0 ? 0 : (state_.pmpaddr[entry - 1] & address_mask) << 2;
            break;
        default: {
            const auto ones = static_cast<u32>(std::countr_one(address));
            first = (address & ~(bit(ones + 1) - 1)) << 2;
            end = first + (u64{8} << ones);
        }
        }
        if (first >= end) continue;
        regions_[region_count_++] = {first, end - 1, configuration};
        any_locked_ |= (configuration & pmpcfg::l) != 0;
    }
}

PmpPermission Pmp::permission(GuestPhysical address, Privilege privilege) const {
    const bool machine = privilege == Privilege::machine;
    if (machine && !any_locked_) return everything();
    const u64 page_first = address.value & ~(page_size - 1);
    const u64 page_last = page_first + (page_size - 1);
    bool whole_page = true;
    u64 last = page_last;
    for (u32 i = 0; i < region_count_; ++i) {
        const Region& region = regions_[i];
        if (region.last < page_first || region.first > page_last) continue;
        if (region.first > page_first || region.last < page_last) whole_page = false;
        if (address.value < region.first) last = std::min(last, region.first - 1);
        if (address.value < region.first || address.value > region.last) continue;
        last = std::min(last, region.last);
        const u8 allowed = machine && (region.configuration & pmpcfg::l) == 0 ? u8{0xff} : region.configuration;
        return {(allowed & pmpcfg::r) != 0, (allowed & pmpcfg::w) != 0, (allowed & pmpcfg::x) != 0, whole_page,
                last - address.value + 1};
    }
    return {machine, machine, machine, whole_page, last - address.value + 1};
}

u64 Pmp::read_configuration(u32 first) const {
    u64 value = 0;
    for (u32 i = 0; i < 8; ++i) value |= u64{state_.pmpcfg[first + i]} << (8 * i);
    return value;
}

bool Pmp::write_configuration(u32 first, u64 value) {
    bool changed = false;
    for (u32 i = 0; i < 8; ++i) {
        u8& configuration = state_.pmpcfg[first + i];
        if ((configuration & pmpcfg::l) != 0) continue;
        u8 next = static_cast<u8>(value >> (8 * i)) & 0x9f;
        if ((next & pmpcfg::r) == 0) next = static_cast<u8>(next & ~pmpcfg::w); // W without R is reserved
        changed |= configuration != next;
        configuration = next;
    }
    if (changed) decode();
    return changed;
}

bool Pmp::locked(u32 entry) const {
    if ((state_.pmpcfg[entry] & pmpcfg::l) != 0) return true;
    if (entry + 1 == pmp_entries) return false;
    // A locked TOR entry locks the address register below it too.
    const u8 next = state_.pmpcfg[entry + 1];
    return (next & pmpcfg::l) != 0 && matching(next) == pmpcfg::tor;
}

bool Pmp::write_address(u32 entry, u64 value) {
    value &= address_mask;
    if (locked(entry) || state_.pmpaddr[entry] == value) return false;
    state_.pmpaddr[entry] = value;
    decode();
    return true;
}

} // namespace orrery::riscv
