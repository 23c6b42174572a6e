// The `riscv-virt` board: up to eight RV64GC harts and the memory map, device tree and firmware interfaces of QEMU's
// `virt` machine, so that kernels and firmware made for that one run unchanged.
#pragma once

#include "machine/boards/board.hpp"

namespace orrery {

inline constexpr u32 riscv_virt_most_harts = 8;
inline constexpr u64 riscv_virt_least_memory = 16 * MiB;
inline constexpr u64 riscv_virt_most_memory = 1024 * GiB;

// Builds the machine and resets it; run() is next. Errors name the option or file that is at fault.
Result<std::unique_ptr<Machine>> create_riscv_virt(const BoardOptions& options);

} // namespace orrery
