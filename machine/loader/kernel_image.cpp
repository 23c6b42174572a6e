#include "machine/loader/kernel_image.hpp"

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"
#include "machine/loader/file.hpp"
#include "machine/loader/formats.hpp"
#include "machine/loader/unpack.hpp"

namespace orrery {
namespace {

// Debian packs an Image, which may be a zboot program, which contains a packed Image; nobody goes deeper.
constexpr u32 deepest_packing = 4;

std::unexpected<Error> wrong_machine(std::string_view what, u16 machine, u16 expected) {
    return error("is {} for {}, but this machine is {}; use one built for it", what,
                 machine == 0 ? "an unknown architecture" : elf_machine_name(machine), elf_machine_name(expected));
}

class Parser {
public:
    Parser(u16 machine, u64 limit_bytes, bool accept_unknown)
        : machine_(machine), limit_(limit_bytes), accept_unknown_(accept_unknown) {}

    // Errors complete a sentence that begins with the file's name.
    Result<KernelImage> parse(std::vector<u8> file, u32 depth = 0) {
        const FileFormat format = recognise_format(file);
        switch (format) {
        case FileFormat::elf:
            return parse_elf(file, machine_, limit_);
        case FileFormat::packed:
            return parse_packed(*recognise_packing(file), file, depth);
        case FileFormat::zboot:
            return parse_zboot(file, depth);
        case FileFormat::riscv_image:
            return parse_image(std::move(file), elf_machine_riscv);
        case FileFormat::arm64_image:
            return parse_image(std::move(file), elf_machine_arm64);
        case FileFormat::unknown:
            if (accept_unknown_) return flat(std::move(file));
            [[fallthrough]];
        default:
            return refuse_kernel(file, machine_);
        }
    }

private:
    Result<KernelImage> parse_packed(Packing packing, std::span<const u8> packed, u32 depth) {
        if (depth == deepest_packing) return error("is packed more than {} times over; unpack it", deepest_packing);
        return parse(TRY(unpack(packing, packed, limit_)), depth + 1);
    }

    // Linux, drivers/firmware/efi/libstub/zboot-header.S
    Result<KernelImage> parse_zboot(std::span<const u8> file, u32 depth) {
        const ByteView view(file);
        const u16 machine = efi_machine(file);
        if (machine != machine_) return refuse_kernel(file, machine_);
        const u64 offset = view.word(8);
        const u64 size = view.word(12);
        const std::string_view packed_by = view.text(24, 32);
        const std::span<const u8> payload = view.part(offset, size);
        if (payload.empty())
            return error("is cut short: its kernel lies at offset {} with {} bytes, but the file has only {}; fetch or "
                         "copy it again",
                         offset, size, view.size());
        if (const auto packing = recognise_packing(payload)) return parse_packed(*packing, payload, depth);
        if (packed_by == "lzma") return parse_packed(Packing::lzma, payload, depth);
        return error("contains a kernel packed with {}, which orrery can't unpack; use one packed with gzip, xz, lzma "
                     "or zstd",
                     printable(packed_by));
    }

    Result<KernelImage> parse_image(std::vector<u8> file, u16 machine) {
        if (machine != machine_) return refuse_kernel(file, machine_);
        const ByteView view(file);
        // riscv: boot-image-header.rst; arm64's header has these three in the same places
        const u64 text_offset = view.dword(8);
        const u64 image_size = view.dword(16);
        const bool big_endian = (view.dword(24) & 1) != 0;
        if (big_endian) return error("is a big-endian kernel; this machine runs little-endian ones only");
        if (const u64 whole = size_by_sections(view); whole > file.size())
            return error("is cut short: {} bytes of {}; fetch or copy it again", file.size(), whole);
        if (image_size > limit_ || text_offset > limit_ - image_size)
            return error("needs {} bytes of memory, but the guest has only {}; give it more with --memory",
                         u128{image_size} + text_offset > ~u64{0} ? ~u64{0} : image_size + text_offset, limit_);
        KernelImage image;
        image.text_offset = text_offset;
        image.image_size = std::max<u64>(image_size, file.size());
        image.flat = std::move(file);
        return image;
    }

    static Result<KernelImage> flat(std::vector<u8> file) {
        KernelImage image;
        image.image_size = file.size();
        image.flat = std::move(file);
        return image;
    }

    // An Image with an EFI stub says by its PE sections where it ends; 0 without one.
    static u64 size_by_sections(const ByteView& view) {
        const u64 pe = view.word(0x3c);
        if (!view.holds(0, "MZ") || !view.holds(pe, std::string_view("PE\0\0", 4))) return 0;
        const u64 sections = pe + 24 + view.half(pe + 20); // PE format: COFF header, section table
        u64 end = 0;
        for (u64 i = 0; i < view.half(pe + 6); ++i) {
            const u64 section = sections + i * 40;
            end = std::max(end, u64{view.word(section + 16)} + view.word(section + 20));
        }
        return end;
    }

    static std::string printable(std::string_view text) {
        std::string out = "'";
        for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
        return out + "'";
    }

    u16 machine_;
    u64 limit_;
    bool accept_unknown_;
};

Result<KernelImage> named(Result<KernelImage> image, std::string_view what, std::string_view path) {
    if (image) return image;
    return error("{} '{}' {}", what, path, image.error().message());
}

} // namespace

std::unexpected<Error> refuse_kernel(std::span<const u8> file, u16 elf_machine) {
    switch (recognise_format(file)) {
    case FileFormat::riscv_image:
        return wrong_machine("a kernel", elf_machine_riscv, elf_machine);
    case FileFormat::arm64_image:
        return wrong_machine("a kernel", elf_machine_arm64, elf_machine);
    case FileFormat::bzimage:
        return wrong_machine("a kernel (bzImage)", elf_machine_x86_64, elf_machine);
    case FileFormat::zboot:
        return wrong_machine("an EFI zboot kernel", efi_machine(file), elf_machine);
    case FileFormat::efi:
        if (efi_machine(file) != elf_machine) return wrong_machine("an EFI program", efi_machine(file), elf_machine);
        return error("is an EFI program, not a kernel; start it from EFI firmware (--bios)");
    case FileFormat::uboot_image:
        return error("is wrapped for U-Boot (mkimage); give the kernel that was wrapped");
    case FileFormat::device_tree:
        return error("is a device tree or a FIT image, not a kernel; a device tree goes with --dtb");
    case FileFormat::cpio:
        return error("is an initial RAM disk (cpio), not a kernel; it goes with --initrd");
    case FileFormat::qcow2:
        return error("is a qcow2 disk, not a kernel; `qemu-img convert -O raw` makes a disk for --disk of it");
    case FileFormat::archive:
        return error("is an archive, not a kernel; unpack it and give the kernel in it");
    case FileFormat::foreign_packed:
        return error("is packed with lz4, lzo or bzip2, which orrery can't unpack; unpack it first");
    default:
        return error("is no kernel: neither a Linux Image nor an ELF file, also when unpacked");
    }
}

Result<KernelImage> read_kernel(const std::string& path, u16 elf_machine, u64 limit_bytes) {
    return parse_kernel(path, TRY(read_file(path, limit_bytes, "the kernel")), elf_machine, limit_bytes);
}

Result<KernelImage> read_firmware(const std::string& path, u16 elf_machine, u64 limit_bytes) {
    constexpr std::string_view what = "the firmware";
    return named(Parser(elf_machine, limit_bytes, true).parse(TRY(read_file(path, limit_bytes, what))), what, path);
}

Result<KernelImage> parse_kernel(std::string name, std::vector<u8> file, u16 elf_machine, u64 limit_bytes) {
    return named(Parser(elf_machine, limit_bytes, false).parse(std::move(file)), "the kernel", name);
}

} // namespace orrery
