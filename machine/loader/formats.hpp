// What a file is, told from its first bytes: kernels of every architecture, and what users give in place of one.
#pragma once

#include <span>
#include <string>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

enum class FileFormat : u8 {
    unknown,
    elf,
    packed, // gzip, xz or zstd
    riscv_image,
    arm64_image,
    bzimage, // x86's
    zboot,   // an EFI program that contains a packed kernel
    efi,     // any other EFI program
    uboot_image,
    device_tree, // or a FIT, which has the same form
    cpio,        // what an initial RAM disk is
    qcow2,
    archive,
    foreign_packed, // lz4, lzo or bzip2
};

FileFormat recognise_format(std::span<const u8> start);

// The architecture an EFI program's header names, as an ELF machine; 0 if none.
u16 efi_machine(std::span<const u8> file);

} // namespace orrery
