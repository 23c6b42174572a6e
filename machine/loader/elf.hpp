// ELF programs (System V gABI, "Object Files"): the loadable segments, the entry point and notes.
#pragma once

#include <optional>

#include "machine/loader/kernel_image.hpp"

namespace orrery {

bool is_elf(std::span<const u8> file);

// "x86-64", "RISC-V"…, or the number.
std::string elf_machine_name(u16 machine);

// Of 64 bits. Errors complete a sentence that begins with the file's name.
Result<KernelImage> parse_elf(std::span<const u8> file, u16 machine, u64 limit_bytes);
// For an x86 of 32 or 64 bits, which is how PCs' boot protocols have their kernels.
Result<KernelImage> parse_x86_elf(std::span<const u8> file, u64 limit_bytes);

// What the first note of this owner and type holds, of a well-formed ELF file's note segments.
std::optional<std::span<const u8>> find_elf_note(std::span<const u8> file, std::string_view owner, u32 type);

} // namespace orrery
