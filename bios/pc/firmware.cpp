#include "bios/pc/firmware.hpp"

// The assembler takes the image in as it stands; CMake passes its path and rebuilds this file when it changes.
__asm__(".pushsection .rodata.orrery_pc_firmware, \"a\"\n"
        ".balign 16\n"
        "orrery_pc_firmware_begin:\n"
        ".incbin \"" ORRERY_PC_FIRMWARE "\"\n"
        "orrery_pc_firmware_end:\n"
        ".popsection\n");

extern "C" {
[[gnu::visibility("hidden")]] extern const orrery::u8 orrery_pc_firmware_begin[];
[[gnu::visibility("hidden")]] extern const orrery::u8 orrery_pc_firmware_end[];
}

namespace orrery::bios {

std::span<const u8> pc_firmware() { return {orrery_pc_firmware_begin, orrery_pc_firmware_end}; }

} // namespace orrery::bios
