// Orrery's own PC BIOS with its VGA BIOS, built from this folder and embedded in the program. The board maps the image
// so that it ends at 4 GiB, and what C0000h to FFFFFh read while it isn't RAM is the same image (ShadowMap's ROM).
#pragma once

#include "machine/fabric/types.hpp"

#include <span>

namespace orrery::bios {

inline constexpr u64 pc_firmware_size_bytes = 256 * KiB;

// The image; it lives as long as the program.
std::span<const u8> pc_firmware();

} // namespace orrery::bios
