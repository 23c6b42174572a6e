// Kernels and other programs as files hold them: a flat Image with Linux's header, an ELF file, either packed with
// gzip, xz, lzma or zstd, or wrapped as an EFI zboot program. A board calls this and puts the result into guest memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// e_machine values, which name architectures here (ELF gABI, "Machine").
inline constexpr u16 elf_machine_x86_64 = 62;
inline constexpr u16 elf_machine_arm64 = 183;
inline constexpr u16 elf_machine_riscv = 243;

// Bytes that go to one place; the rest of `memory_bytes` is zero.
struct LoadSegment {
    u64 address = 0; // guest-physical
    std::vector<u8> bytes;
    u64 memory_bytes = 0;
};

struct KernelImage {
    enum class Kind : u8 {
        flat, // position-independent: goes `text_offset` above an aligned base of the board's choice, entered at its
              // start
        elf,  // `segments` say where it goes
    };
    Kind kind = Kind::flat;

    // flat
    std::vector<u8> flat;
    u64 text_offset = 0;
    u64 image_size = 0; // memory it needs from its start, never less than flat.size()

    // elf
    std::vector<LoadSegment> segments;
    u64 entry = 0; // guest-physical
};

// A kernel for the architecture `elf_machine`, 64 bits and little-endian. Neither the file nor what it unpacks to may
// exceed `limit_bytes`, the guest's memory. Every error says what the file is instead, and what to do.
Result<KernelImage> read_kernel(const std::string& path, u16 elf_machine, u64 limit_bytes);

// Why the file is no kernel for the machine: what it is instead, and what to do. Completes a sentence that begins with
// the file's name.
std::unexpected<Error> refuse_kernel(std::span<const u8> file, u16 elf_machine);

// The same as read_kernel() for firmware, where a file of no known format is a flat program with text_offset 0.
Result<KernelImage> read_firmware(const std::string& path, u16 elf_machine, u64 limit_bytes);

// The same for bytes in memory. `name` stands in the errors where the file's path would.
Result<KernelImage> parse_kernel(std::string name, std::vector<u8> file, u16 elf_machine, u64 limit_bytes);

} // namespace orrery
