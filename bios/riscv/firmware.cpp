#include "bios/riscv/firmware.hpp"

// The assembler takes the image in as it stands; CMake passes its path and rebuilds this file when it changes.
__asm__(".pushsection .rodata.orrery_riscv_firmware, \"a\"\n"
        ".balign 16\n"
        "orrery_riscv_firmware_begin:\n"
        ".incbin \"" ORRERY_RISCV_FIRMWARE "\"\n"
        "orrery_riscv_firmware_end:\n"
        ".popsection\n");

extern "C" {
[[gnu::visibility("hidden")]] extern const orrery::u8 orrery_riscv_firmware_begin[];
[[gnu::visibility("hidden")]] extern const orrery::u8 orrery_riscv_firmware_end[];
}

namespace orrery::bios {

std::span<const u8> riscv_firmware() { return {orrery_riscv_firmware_begin, orrery_riscv_firmware_end}; }

} // namespace orrery::bios
