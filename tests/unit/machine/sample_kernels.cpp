#include "tests/unit/machine/sample_kernels.hpp"

#include <algorithm>

#include "tests/unit/machine/sample_files.hpp"

namespace orrery::test {

std::vector<u8> bzimage(const std::vector<u8>& code) {
    std::vector<u8> file(bzimage_setup_bytes + bzimage_kernel_bytes);
    for (u64 i = bzimage_setup_bytes; i < file.size(); ++i) file[i] = static_cast<u8>(i * 7);
    std::ranges::copy(code, file.begin() + bzimage_setup_bytes + 0x200);
    file[0x1f1] = 2;
    put32(file, 0x1f4, bzimage_kernel_bytes / 16);
    put16(file, 0x1fe, 0xaa55);
    file[0x200] = 0xeb;
    file[0x201] = 0x6a;
    put_text(file, 0x202, "HdrS");
    put16(file, 0x206, 0x20f);
    file[0x211] = 1;
    put32(file, 0x214, 0x10'0000);
    put32(file, 0x22c, 0x7fff'ffff);
    put32(file, 0x230, 0x20'0000);
    file[0x234] = 1;
    put16(file, 0x236, 3);
    put32(file, 0x238, 2047);
    put64(file, 0x258, bzimage_address);
    put32(file, 0x260, bzimage_memory_bytes);
    return file;
}

} // namespace orrery::test
