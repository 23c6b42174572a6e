#include "machine/loader/x86_boot.hpp"

#include <algorithm>
#include <cstring>

#include "machine/loader/elf.hpp"
#include "machine/loader/formats.hpp"
#include "machine/loader/linux_x86.hpp"
#include "machine/loader/multiboot.hpp"
#include "machine/loader/pvh.hpp"
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

Result<u64> place_text(X86BootPlan& plan, MemoryLayout& layout, std::string_view text) {
    std::vector<u8> bytes(text.begin(), text.end());
    bytes.push_back(0);
    return place(plan, layout, std::move(bytes), 16, "its command line");
}

Status place_segments(X86BootPlan& plan, MemoryLayout& layout, std::vector<LoadSegment> segments) {
    for (LoadSegment& segment : segments) {
        if (!layout.claim(segment.address, segment.memory_bytes))
            return error("needs {} bytes of memory at {:#x}, where the guest has none or the kernel has something "
                         "else; give it more with --memory",
                         segment.memory_bytes, segment.address);
        plan.segments.push_back(std::move(segment));
    }
    return {};
}

Status check_entry(const X86BootPlan& plan) {
    const u64 entry = plan.entry.rip;
    const auto within = [&](const LoadSegment& segment) {
        return entry >= segment.address && entry - segment.address < segment.memory_bytes;
    };
    if (entry < four_gib && std::ranges::any_of(plan.segments, within)) return {};
    return error("starts at {:#x}, outside all it loads below 4 GiB; build it anew", entry);
}

Result<std::vector<PlacedModule>> place_modules(X86BootPlan& plan, MemoryLayout& layout,
                                                std::vector<X86BootModule> modules) {
    u64 floor = MiB;
    for (const LoadSegment& segment : plan.segments) floor = std::max(floor, segment.address + segment.memory_bytes);
    std::vector<PlacedModule> placed;
    for (X86BootModule& module : modules) {
        const u64 size = module.bytes.size();
        const auto first = layout.claim_lowest(size, page_bytes, floor, four_gib);
        if (!first) return error("leaves no room for a module of {} bytes; give the guest more with --memory", size);
        plan.segments.push_back({*first, std::move(module.bytes), size});
        const u64 line = module.command_line.empty() ? 0 : TRY(place_text(plan, layout, module.command_line));
        placed.push_back({*first, size, line});
    }
    return placed;
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
    const std::span<const u8> kernel = request.kernel;
    if (recognise_format(kernel) == FileFormat::bzimage) return plan_linux_x86(std::move(request));
    if (has_multiboot2_header(kernel)) return plan_multiboot2(std::move(request), limit_bytes);
    if (has_multiboot1_header(kernel)) return plan_multiboot1(std::move(request), limit_bytes);
    if (has_pvh_entry(kernel)) return plan_pvh(std::move(request), limit_bytes);
    if (!is_elf(kernel)) return refuse_kernel(kernel, elf_machine_x86_64);
    if (auto program = parse_x86_elf(kernel, limit_bytes); !program) return std::unexpected(program.error());
    return error("is an ELF program without PVH's note or a multiboot header, so it can't be started without firmware; "
                 "of Linux, give the bzImage (arch/x86/boot/bzImage)");
}

// What firmware would have left in the BIOS data area for kernels that still look there: how much memory there is below
// 640 KiB, where the extended BIOS data area is, if it is there, and the screen (IBM PS/2 BIOS interface, data areas).
void add_bios_data(X86BootPlan& plan, const X86BootRequest& request) {
    constexpr u64 address = 0x400, bytes = 0x100;
    constexpr u64 extended_area = 0x0e, memory_kib = 0x13, video_mode = 0x49, video_columns = 0x4a;
    MemoryLayout layout(request.memory);
    for (const LoadSegment& segment : plan.segments)
        if (!layout.claim(segment.address, segment.memory_bytes)) return;
    if (!layout.claim(address, bytes)) return;
    std::vector<u8> area(bytes);
    const auto put = [&](u64 at, u64 value) {
        area[at] = static_cast<u8>(value);
        area[at + 1] = static_cast<u8>(value >> 8);
    };
    const u64 low_kib = multiboot::lower_kib(request.memory);
    put(memory_kib, low_kib);
    if (low_kib < 640) put(extended_area, low_kib * KiB / 16);
    if (request.vga_text) {
        put(video_mode, 3);
        put(video_columns, 80);
    }
    plan.segments.push_back({address, std::move(area), bytes});
}

} // namespace

Result<X86BootPlan> plan_x86_boot(X86BootRequest request) {
    X86BootRequest machine; // what remains of the request when the kernel has taken its part
    machine.memory = request.memory;
    machine.vga_text = request.vga_text;
    const std::string name = request.name;
    auto plan = plan_unpacked(std::move(request), memory_bytes(machine), 0);
    if (!plan) return error("the kernel '{}' {}", name, plan.error().message());
    add_bios_data(*plan, machine);
    return plan;
}

} // namespace orrery
