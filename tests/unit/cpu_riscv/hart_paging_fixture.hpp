// A hart in supervisor mode with page tables that tests fill.
#pragma once

#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv::test {

struct PagingFixture : HartFixture {
    static constexpr u64 ram = 0x8000'0000;
    static constexpr u64 root = ram + 0x1000;
    static constexpr u64 v = 1, r = 2, w = 4, x = 8, u = 16, g = 32, a = 64, d = 128;
    static constexpr u64 rwx_ad = v | r | w | x | a | d;

    static constexpr u64 leaf(u64 physical, u64 flags) { return physical >> 12 << 10 | flags; }

    explicit PagingFixture(const HartConfiguration& configuration = {}) : HartFixture(configuration) {
        open_pmp();
        set_privilege(Privilege::supervisor);
        use(satp::sv39);
    }
    void use(u64 mode, u64 asid = 0) {
        registers.satp = mode << satp::mode_low | asid << satp::asid_low | root >> page_shift;
    }
    // Puts `entry` at `level` on the way to `virtual_address`; the tables above it lie one after another from the root.
    u64 map(u64 virtual_address, u64 entry, u32 level = 0) {
        const u32 levels = static_cast<u32>(registers.satp >> satp::mode_low) - 5;
        u64 table = root;
        for (u32 i = levels; i-- > 0; table += page_size) {
            const u64 place = table + (virtual_address >> (12 + 9 * i) & 511) * 8;
            word(place) = i == level ? entry : leaf(table + page_size, v);
            if (i == level) return place;
        }
        return 0;
    }
};

} // namespace orrery::riscv::test
