// Orrery's own RISC-V firmware (SBI 2.0, M-mode), built from this folder and embedded in the program. The board copies
// it to RAM at every reset, and its reset ROM enters it by the FW_DYNAMIC protocol that README.md describes.
#pragma once

#include "machine/fabric/types.hpp"

#include <span>

namespace orrery::bios {

// Where the image is loaded and entered: the start of RAM.
inline constexpr GuestPhysical riscv_firmware_address{0x8000'0000};

// What the firmware uses from there on (code, data and stacks), and keeps the next stage out of.
inline constexpr u64 riscv_firmware_reserved_bytes = 128 * KiB;

// How far the device tree may grow, behind its end, when the firmware reserves its memory there.
inline constexpr u64 riscv_firmware_device_tree_growth_bytes = 1 * KiB;

// The code that the test finisher gets when the firmware cannot run on this machine, and when it fails itself.
inline constexpr u32 riscv_firmware_platform_failure = 101;
inline constexpr u32 riscv_firmware_trap_failure = 102;

// The raw image; it lives as long as the program.
std::span<const u8> riscv_firmware();

} // namespace orrery::bios
