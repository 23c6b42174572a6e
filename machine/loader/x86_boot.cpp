#include "machine/loader/x86_boot.hpp"

#include <cstring>

#include "machine/loader/formats.hpp"
#include "machine/loader/linux_x86.hpp"
#include "machine/loader/unpack.hpp"

namespace orrery {
namespace x86_boot {
namespace {

// SDM 3A figure 3-8: flat segments of 4 GiB, present, accessed, at privilege level 0.
constexpr u64 code32_descriptor = 0x00cf'9b00'0000'ffff;
constexpr u64 code64_descriptor = 0x00af'9b00'0000'ffff;
constexpr u64 data_descriptor = 0x00cf'9300'0000'ffff;
// A busy 32-bit task-state segment of 104 bytes at 0, which no one uses but the protocols ask for (SDM 3A 7.2.2).
constexpr u64 task_descriptor = 0x0000'8b00'0000'0067;

// SDM 3A 4.5.4
constexpr u64 entry_present = 1 << 0;
constexpr u64 entry_writable = 1 << 1;
constexpr u64 entry_large = 1 << 7;
constexpr u64 large_page_bytes = 2 * MiB;
constexpr u64 entries_per_table = 512;

Status prepare_descriptors(X86BootPlan& plan, MemoryLayout& layout, u64 code) {
    X86Entry& entry = plan.entry;
    entry.gdt = {0, 0, code, data_descriptor, task_descriptor, 0};
    std::vector<u8> bytes(sizeof entry.gdt);
    std::memcpy(bytes.data(), entry.gdt.data(), bytes.size());
    entry.gdt_address = TRY(place(plan, layout, std::move(bytes), 16, "its descriptor table"));
    return {};
}

// One table of each of the upper levels, and one with 2 MiB pages for each GiB.
std::vector<u8> identity_map(u64 address) {
    constexpr u64 gibs = four_gib / GiB;
    std::vector<u64> entries((2 + gibs) * entries_per_table);
    constexpr u64 table = entry_present | entry_writable;
    entries[0] = (address + page_bytes) | table;
    for (u64 gib = 0; gib < gibs; ++gib) entries[entries_per_table + gib] = (address + (2 + gib) * page_bytes) | table;
    for (u64 page = 0; page < four_gib / large_page_bytes; ++page)
        entries[2 * entries_per_table + page] = page * large_page_bytes | table | entry_large;
    std::vector<u8> bytes(entries.size() * sizeof entries[0]);
    std::memcpy(bytes.data(), entries.data(), bytes.size());
    return bytes;
}

} // namespace

Result<u64> place(X86BootPlan& plan, MemoryLayout& layout, std::vector<u8> bytes, u64 alignment,
                  std::string_view what) {
    const u64 size = bytes.size();
    const auto address = layout.claim_lowest(size, alignment, low_memory_floor, four_gib);
    if (!address)
        return error("leaves no room for {}: {} bytes below 4 GiB are needed; give the guest more with --memory", what,
                     size);
    plan.segments.push_back({*address, std::move(bytes), size});
    return *address;
}

Status prepare_protected_mode(X86BootPlan& plan, MemoryLayout& layout) {
    plan.entry.long_mode = false;
    return prepare_descriptors(plan, layout, code32_descriptor);
}

Status prepare_long_mode(X86BootPlan& plan, MemoryLayout& layout) {
    plan.entry.long_mode = true;
    TRY_STATUS(prepare_descriptors(plan, layout, code64_descriptor));
    const u64 size = identity_map(0).size();
    plan.entry.cr3 = TRY(place(plan, layout, std::vector<u8>(size), page_bytes, "its page tables"));
    plan.segments.back().bytes = identity_map(plan.entry.cr3);
    return {};
}

} // namespace x86_boot

namespace {

constexpr u32 deepest_packing = 4;

u64 memory_bytes(const X86BootRequest& request) {
    u64 total = 0;
    for (const MemoryRange& range : request.memory)
        if (range.type == MemoryRange::Type::ram) total += range.size_bytes;
    return total;
}

Result<X86BootPlan> plan_unpacked(X86BootRequest request, u64 limit_bytes, u32 depth) {
    if (const auto packing = recognise_packing(request.kernel)) {
        if (depth == deepest_packing) return error("is packed more than {} times over; unpack it", deepest_packing);
        request.kernel = TRY(unpack(*packing, request.kernel, limit_bytes));
        return plan_unpacked(std::move(request), limit_bytes, depth + 1);
    }
    if (recognise_format(request.kernel) == FileFormat::bzimage) return plan_linux_x86(std::move(request));
    return error("is no kernel that a PC starts by itself: it is not a Linux bzImage; to start it from a disk, leave "
                 "out --kernel");
}

} // namespace

Result<X86BootPlan> plan_x86_boot(X86BootRequest request) {
    const std::string name = request.name;
    const u64 limit_bytes = memory_bytes(request);
    auto plan = plan_unpacked(std::move(request), limit_bytes, 0);
    if (!plan) return error("the kernel '{}' {}", name, plan.error().message());
    return plan;
}

} // namespace orrery
