// libFuzzer's entry: any bytes as a kernel's file, with little guest memory so that limits are met often.
#include <cstdlib>

#include "machine/loader/kernel_image.hpp"

using namespace orrery;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    constexpr u64 limit_bytes = 1 * MiB;
    const auto image = parse_kernel("input", {data, data + size}, elf_machine_riscv, limit_bytes);
    if (!image) return 0;
    u64 total = image->flat.size();
    for (const LoadSegment& segment : image->segments) total += segment.memory_bytes;
    if (total > limit_bytes) std::abort();
    return 0;
}
