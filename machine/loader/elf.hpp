// ELF programs (System V gABI, "Object Files"): the loadable segments and the entry point.
#pragma once

#include "machine/loader/kernel_image.hpp"

namespace orrery {

bool is_elf(std::span<const u8> file);

// "x86-64", "RISC-V"…, or the number.
std::string elf_machine_name(u16 machine);

// Errors complete a sentence that begins with the file's name.
Result<KernelImage> parse_elf(std::span<const u8> file, u16 machine, u64 limit_bytes);

} // namespace orrery
