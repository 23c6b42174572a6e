#include "machine/loader/formats.hpp"

#include <algorithm>
#include <array>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"
#include "machine/loader/unpack.hpp"

namespace orrery {
namespace {

struct Mark {
    u64 offset;
    std::string_view text;
    FileFormat format;
};

// In order: an Image or bzImage with an EFI stub is an EFI program too.
constexpr std::array marks{
    Mark{0x38, "RSC\x05", FileFormat::riscv_image}, // Linux, Documentation/arch/riscv/boot-image-header.rst
    Mark{0x38, "ARM\x64", FileFormat::arm64_image}, // Documentation/arch/arm64/booting.rst
    Mark{0x202, "HdrS", FileFormat::bzimage},       // Documentation/arch/x86/boot.rst
    Mark{0, "\x27\x05\x19\x56", FileFormat::uboot_image},
    Mark{0, "\xd0\x0d\xfe\xed", FileFormat::device_tree},
    Mark{0, "070701", FileFormat::cpio},
    Mark{0, "070702", FileFormat::cpio},
    Mark{0, "QFI\xfb", FileFormat::qcow2},
    Mark{0, "!<arch>\n", FileFormat::archive},
    Mark{0, "PK\x03\x04", FileFormat::archive},
    Mark{257, "ustar", FileFormat::archive},
    Mark{0, "\x04\x22\x4d\x18", FileFormat::foreign_packed},
    Mark{0, "\x02\x21\x4c\x18", FileFormat::foreign_packed},
    Mark{0, "\x89LZO", FileFormat::foreign_packed},
    Mark{0, "BZh", FileFormat::foreign_packed},
};

} // namespace

FileFormat recognise_format(std::span<const u8> start) {
    const ByteView view(start);
    if (is_elf(start)) return FileFormat::elf;
    if (recognise_packing(start)) return FileFormat::packed;
    if (view.holds(0, "MZ") && view.holds(4, "zimg")) return FileFormat::zboot;
    const auto mark = std::ranges::find_if(marks, [&](const Mark& m) { return view.holds(m.offset, m.text); });
    if (mark != marks.end()) return mark->format;
    const u64 pe = view.word(0x3c); // PE format, "MS-DOS stub"
    if (view.holds(0, "MZ") && view.holds(pe, std::string_view("PE\0\0", 4))) return FileFormat::efi;
    return FileFormat::unknown;
}

u16 efi_machine(std::span<const u8> file) {
    const ByteView view(file);
    switch (view.half(u64{view.word(0x3c)} + 4)) { // PE format, "Machine types"
    case 0x5064:
        return elf_machine_riscv;
    case 0x8664:
        return elf_machine_x86_64;
    case 0xaa64:
        return elf_machine_arm64;
    case 0x14c:
        return 3;
    case 0x1c0:
    case 0x1c2:
        return 40;
    case 0x6264:
        return 258;
    default:
        return 0;
    }
}

} // namespace orrery
