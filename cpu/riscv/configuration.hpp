// What a board decides about a hart, and what the device tree says of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::riscv {

struct HartConfiguration {
    u64 hart_id = 0;
    u64 reset_pc = 0x1000;
    u64 timebase_hz = 10'000'000;
    u32 paging_levels = 5;             // the most there are: 3, 4 or 5 (Sv39, Sv48, Sv57)
    bool supervisor_timer = true;      // Sstc
    bool hardware_page_updates = true; // Svadu; without it A and D are left to page-fault handlers (Svade)
};

inline constexpr u64 cache_block_bytes = 64;

// The single letters, then the longer names in the order of the ISA manual's naming chapter.
std::vector<std::string_view> isa_extensions(const HartConfiguration& configuration);
// "rv64imafdc_zicbom_…", for riscv,isa.
std::string isa_string(const HartConfiguration& configuration);
// "riscv,sv57", for mmu-type.
std::string_view mmu_type(const HartConfiguration& configuration);

} // namespace orrery::riscv
