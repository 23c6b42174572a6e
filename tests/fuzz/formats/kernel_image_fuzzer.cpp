// libFuzzer's entry: any bytes as a kernel's file, with little guest memory so that limits are met often.
#include <cstdlib>

#include "machine/loader/kernel_image.hpp"
#include "machine/loader/x86_boot.hpp"

using namespace orrery;

namespace {

constexpr u64 limit_bytes = 8 * MiB;

void load_riscv(std::vector<u8> file) {
    const auto image = parse_kernel("input", std::move(file), elf_machine_riscv, limit_bytes);
    if (!image) return;
    u64 total = image->flat.size();
    for (const LoadSegment& segment : image->segments) total += segment.memory_bytes;
    if (total > limit_bytes) std::abort();
}

void start_x86(std::vector<u8> file) {
    X86BootRequest request;
    request.name = "input";
    request.kernel = std::move(file);
    request.modules.push_back({{1, 2, 3}, "", ""});
    request.memory.push_back({0, limit_bytes, MemoryRange::Type::ram});
    const auto plan = plan_x86_boot(std::move(request));
    if (!plan) return;
    for (const LoadSegment& segment : plan->segments)
        if (segment.bytes.size() > segment.memory_bytes || segment.address > limit_bytes ||
            segment.memory_bytes > limit_bytes - segment.address)
            std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    load_riscv({data, data + size});
    start_x86({data, data + size});
    return 0;
}
