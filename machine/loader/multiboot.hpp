// Kernels that a multiboot loader such as GRUB starts: ELF files, or flat ones whose header says where they go
// (Multiboot Specification 0.6.96 and Multiboot2 Specification 2.0, here "MB1" and "MB2").
#pragma once

#include "machine/loader/x86_boot.hpp"

namespace orrery {

bool has_multiboot1_header(std::span<const u8> file);
bool has_multiboot2_header(std::span<const u8> file);

// Errors complete a sentence that begins with the file's name.
Result<X86BootPlan> plan_multiboot1(X86BootRequest request, u64 limit_bytes);
Result<X86BootPlan> plan_multiboot2(X86BootRequest request, u64 limit_bytes);

// ---- for both versions
namespace multiboot {

inline constexpr std::string_view loader_name = "Orrery";

// MB1 3.1.3, MB2 3.1.5: where a program that need not be ELF goes.
struct AddressFields {
    u32 header = 0; // where the header itself lies in memory
    u32 load = 0;   // what the file's part that is loaded begins with
    u32 load_end = 0;
    u32 bss_end = 0;
};
// The kernel's segments without their entry point. `header_offset` is the header's place in the file.
Result<LoadSegment> flat_segment(std::span<const u8> file, u64 header_offset, const AddressFields& addresses,
                                 u64 limit_bytes);

// What kernel or module finds as its command line: the name of its file comes first, as with QEMU and GRUB Legacy (GRUB
// 2 leaves it out). Xen, for one, drops the first word of every loader but GRUB 2.
std::string command_line(std::string_view file, std::string_view arguments);
// For the modules of a request.
void name_modules(std::vector<X86BootModule>& modules);

// An ELF file's section headers, in which the sections of symbols have the addresses that they were given. None: the
// file has no sections, or isn't ELF.
struct ElfSections {
    std::vector<u8> headers;
    u32 count = 0;
    u32 entry_bytes = 0;
    u32 names = 0; // the section with their names
};
Result<ElfSections> place_elf_sections(X86BootPlan& plan, MemoryLayout& layout, std::span<const u8> file);

// Memory below 640 KiB, and above 1 MiB up to the first gap, in KiB (MB1 3.3, MB2 3.6.3).
u32 lower_kib(std::span<const MemoryRange> memory);
u32 upper_kib(std::span<const MemoryRange> memory);

// The text screen of a PC as a frame buffer.
inline constexpr u64 text_screen_address = 0xb'8000;
inline constexpr u32 text_screen_columns = 80, text_screen_lines = 25;
inline constexpr u8 text_screen_type = 2;

} // namespace multiboot
} // namespace orrery
