#include "machine/loader/image_content.hpp"

#include <algorithm>
#include <array>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/file.hpp"
#include "machine/loader/formats.hpp"

namespace orrery {
namespace {

constexpr u64 start_bytes = 128 * KiB; // as far as the marks below lie

struct Mark {
    u64 offset;
    std::string_view text;
};

// ISO 9660. An image that can be a disk as well, such as a hybrid ISO, is a CD.
constexpr Mark cd_mark{0x8001, "CD001"};

constexpr std::array disk_marks{
    Mark{510, "\x55\xaa"},           // a partition table (MBR) or a boot sector
    Mark{512, "EFI PART"},           // GPT
    Mark{0x438, "\x53\xef"},         // ext2, ext3, ext4
    Mark{0, "XFSB"},                 // XFS
    Mark{0x10040, "_BHRfS_M"},       // Btrfs
    Mark{0, "hsqs"},                 // SquashFS
    Mark{0x400, "\x10\x20\xf5\xf2"}, // F2FS
};

bool is_disk(std::span<const u8> start) {
    const ByteView view(start);
    if (std::ranges::any_of(disk_marks, [&](const Mark& mark) { return view.holds(mark.offset, mark.text); }))
        return true;
    // A new disk, all zero where a file system would begin.
    return std::ranges::all_of(start, [](u8 byte) { return byte == 0; });
}

} // namespace

Result<ImageContent> recognise_image(const std::string& path) {
    const std::vector<u8> start = TRY(read_file_start(path, start_bytes, "the image"));
    const FileFormat format = recognise_format(start);
    // A file system may begin with a boot sector that is also an EFI program's "MZ", so disks come first there.
    if (format == FileFormat::unknown || format == FileFormat::efi) {
        if (ByteView(start).holds(cd_mark.offset, cd_mark.text)) return ImageContent::cdrom;
        if (is_disk(start)) return ImageContent::disk;
        if (format == FileFormat::unknown)
            return error("the image '{}' is neither a kernel nor a disk that orrery knows; say which it is with "
                         "--kernel or --disk",
                         path);
    }
    return ImageContent::kernel;
}

} // namespace orrery
