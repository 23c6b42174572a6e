// The device tree that describes a riscv-virt board to its firmware and kernel.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cpu/riscv/configuration.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::riscv_virt {

struct DeviceTreeOptions {
    u32 harts = 1;
    u64 memory_bytes = 0;
    riscv::HartConfiguration hart;
    std::string kernel_arguments;
    u64 initrd_first = 0;
    u64 initrd_end = 0;          // 0: there is none
    std::vector<u8> random_seed; // for the kernel's generator
};

Result<std::vector<u8>> device_tree(const DeviceTreeOptions& options, u32 spare_bytes);

} // namespace orrery::riscv_virt
