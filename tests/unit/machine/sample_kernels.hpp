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

// An ELF file with one segment: 4 KiB at 2 MiB that contain `content`, another 4 KiB that are zero behind them, and
// the entry at `content`'s end.
struct ElfForm {
    bool wide = true;   // 64 bits
    u16 machine = 62;   // x86-64
    u64 note_entry = 0; // what PVH's note names; 0: no note
};
std::vector<u8> elf_program(const ElfForm& form, const std::vector<u8>& content = {});
// The same with five sections: none, one of the segment, 48 bytes of symbols ('s'), the strings "names" and a comment.
std::vector<u8> elf_with_sections(const ElfForm& form, const std::vector<u8>& content);
inline constexpr u64 elf_address = 0x20'0000;
inline constexpr u64 elf_content_offset = 512; // in the file

// Multiboot headers. With addresses, the header lies at `elf_address` of a flat kernel, which is loaded whole, needs
// another 4 KiB and starts 256 bytes behind the header.
std::vector<u8> multiboot1_header(u32 flags, bool addresses);
std::vector<u8> multiboot2_header(const std::vector<u8>& tags); // without their end
std::vector<u8> multiboot2_tag(u16 type, const std::vector<u32>& words, u16 flags = 0);
std::vector<u8> multiboot2_address_tags();
inline constexpr u64 flat_kernel_bytes = 8192;
std::vector<u8> flat_kernel(const std::vector<u8>& header); // the header at its start

} // namespace orrery::test
