// The `riscv-virt` board: up to eight RV64GC harts and the memory map, device tree and firmware interfaces of QEMU's
// `virt` machine, so that kernels and firmware made for that one run unchanged.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accel/dbt/code_inspector.hpp"
#include "accel/dbt/translator.hpp"
#include "devices/host/file_disk.hpp"
#include "devices/host/slirp_network.hpp"
#include "devices/host/terminal.hpp"
#include "machine/machine.hpp"

namespace orrery {

inline constexpr u32 riscv_virt_most_harts = 8;
inline constexpr u64 riscv_virt_least_memory = 16 * MiB;
inline constexpr u64 riscv_virt_most_memory = 1024 * GiB;

enum class VirtioTransportKind : u8 { pci, mmio };

struct RiscvVirtOptions {
    dbt::Engine engine = dbt::Engine::baseline;
    u32 harts = 1;
    u64 memory_bytes = 1 * GiB;
    // Firmware: a file, none (the kernel is entered in M-mode at its own address), or our own.
    std::optional<std::string> bios;
    bool bios_none = false;
    std::optional<std::string> kernel;
    std::optional<std::string> initrd;
    std::optional<std::string> device_tree;
    std::string kernel_arguments;
    std::vector<FileDiskOptions> disks;
    NetworkOptions network;
    // Where disks, network, console and entropy source are found: on the PCI bus or in the virtio-mmio slots.
    VirtioTransportKind virtio = VirtioTransportKind::pci;
    // Where a virtio console leads, as for `serial`; there is none without it.
    std::optional<std::string> virtio_console;
    // What the two flash banks hold: firmware and its variables. Writes stay in memory.
    std::vector<std::string> flash;
    std::string serial = "stdio";
    Terminal::Escape escape;
    bool deterministic = false;
    u64 seed = 1; // of all that is random in deterministic mode
    u64 timeout_ns = never_ns;
    bool stop_when_stuck = false;  // see MachineOptions
    bool record_transfers = false; // see Cpu::record_all_transfers()
    // Unless null: attached to the first hart.
    dbt::CodeInspector* inspector = nullptr;
    // Whether the translator counts how often its blocks are executed.
    bool count_executions = false;
};

// Builds the machine and resets it; run() is next. Errors name the option or file that is at fault.
Result<std::unique_ptr<Machine>> create_riscv_virt(const RiscvVirtOptions& options);

} // namespace orrery
