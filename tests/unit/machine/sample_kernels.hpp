// Small kernels of the kinds a PC starts by itself, made in memory.
#pragma once

#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::test {

// A bzImage of boot protocol 2.15 with a 64-bit entry: two sectors of set-up code and 4 KiB of kernel, which wants
// 16 MiB of memory at 16 MiB. `code` stands at its 64-bit entry.
std::vector<u8> bzimage(const std::vector<u8>& code = {});
inline constexpr u64 bzimage_setup_bytes = 3 * 512;
inline constexpr u64 bzimage_kernel_bytes = 4096;
inline constexpr u64 bzimage_address = 0x100'0000;
inline constexpr u64 bzimage_memory_bytes = 0x100'0000;

} // namespace orrery::test
