// The boards `pc` and `q35`: one to eight x86-64 CPUs and a PC's chipset of 1997 or of 2007, with the memory maps,
// ports and firmware interfaces of QEMU's machines of these names, so that firmware and kernels made for those run
// unchanged.
#pragma once

#include "machine/boards/board.hpp"

namespace orrery {

inline constexpr u32 pc_most_cpus = 8;
inline constexpr u64 pc_least_memory = 4 * MiB;
inline constexpr u64 pc_most_memory = 512 * GiB; // CPUs have 40 address bits, and PCI needs some of the space

// Build the machine and reset it; run() is next. Errors name the option or file that is at fault.
Result<std::unique_ptr<Machine>> create_pc(const BoardOptions& options);
Result<std::unique_ptr<Machine>> create_q35(const BoardOptions& options);

} // namespace orrery
