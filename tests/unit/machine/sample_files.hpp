// Small files of the formats the loader knows, made in memory.
#pragma once

#include <string>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::test {

void put16(std::vector<u8>& bytes, u64 at, u16 value);
void put32(std::vector<u8>& bytes, u64 at, u32 value);
void put64(std::vector<u8>& bytes, u64 at, u64 value);
void put_text(std::vector<u8>& bytes, u64 at, std::string_view text);

// 4 KiB that look random, behind a RISC-V Image header.
std::vector<u8> riscv_image(u64 text_offset = 2 << 20, u64 image_size = 8192);
// One segment of 16 bytes at 0x80200000 (linked for 0xffffffff80000000), entered at its fourth byte.
std::vector<u8> riscv_elf();
std::vector<u8> gzip(const std::vector<u8>& bytes);
std::vector<u8> xz(const std::vector<u8>& bytes);
std::vector<u8> lzma(const std::vector<u8>& bytes);
std::vector<u8> zstd(const std::vector<u8>& bytes);
// An EFI zboot program for the PE machine number around a packed kernel.
std::vector<u8> zboot(const std::vector<u8>& payload, const std::string& packed_by, u16 pe_machine = 0x5064);

// A folder that goes away with everything in it.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    // Writes a file and returns its path.
    std::string file(const std::string& name, const std::vector<u8>& bytes) const;

private:
    std::string path_;
};

} // namespace orrery::test
