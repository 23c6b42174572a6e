#include "tests/unit/machine/x86_boot_checks.hpp"

#include <algorithm>

#include "machine/loader/byte_view.hpp"
#include "tests/support/catch.hpp"

namespace orrery::test {
namespace {

// Follows the four levels of SDM 3A 4.5 with 2 MiB pages; all ones where nothing is mapped.
u64 walk(const X86BootPlan& plan, u64 address) {
    const std::span<const u8> tables = bytes_at(plan, plan.entry.cr3);
    u64 table = plan.entry.cr3;
    for (u32 shift = 39; shift >= 21; shift -= 9) {
        const u64 entry = ByteView(tables).dword(table - plan.entry.cr3 + (address >> shift & 511) * 8);
        if ((entry & 3) != 3) return ~u64{0};
        if ((entry & 0x80) != 0) return (entry & ~u64{0xff}) + (address & ((u64{1} << shift) - 1));
        table = entry & ~u64{0xfff};
    }
    return ~u64{0};
}

bool in_ram(const LoadSegment& segment, const std::vector<MemoryRange>& memory) {
    return std::ranges::any_of(memory, [&](const MemoryRange& range) {
        return range.type == MemoryRange::Type::ram && segment.address >= range.first &&
               segment.address - range.first <= range.size_bytes &&
               segment.memory_bytes <= range.size_bytes - (segment.address - range.first);
    });
}

} // namespace

X86BootRequest small_pc(std::vector<u8> kernel) {
    X86BootRequest request;
    request.name = std::string("k");
    request.kernel = std::move(kernel);
    request.memory = {{0, 0x9'fc00, MemoryRange::Type::ram},
                      {0x9'fc00, 0x400, MemoryRange::Type::reserved},
                      {1 * MiB, 63 * MiB, MemoryRange::Type::ram},
                      {0xfffc'0000, 256 * KiB, MemoryRange::Type::reserved}};
    return request;
}

X86BootPlan planned(X86BootRequest request) {
    auto plan = plan_x86_boot(std::move(request));
    INFO((plan ? "" : plan.error().message()));
    REQUIRE(plan);
    return std::move(*plan);
}

std::string refusal(X86BootRequest request) {
    const auto plan = plan_x86_boot(std::move(request));
    if (plan) return "it was accepted";
    CHECK(plan.error().message().starts_with("the kernel 'k' "));
    return plan.error().message().substr(15);
}

void check_plan(const X86BootPlan& plan, const X86BootRequest& request) {
    std::vector<const LoadSegment*> sorted;
    for (const LoadSegment& segment : plan.segments) {
        REQUIRE(segment.bytes.size() <= segment.memory_bytes);
        REQUIRE(in_ram(segment, request.memory));
        REQUIRE(segment.address >= 0x400);
        sorted.push_back(&segment);
    }
    std::ranges::sort(sorted, {}, &LoadSegment::address);
    for (std::size_t i = 1; i < sorted.size(); ++i)
        REQUIRE(sorted[i - 1]->address + sorted[i - 1]->memory_bytes <= sorted[i]->address);

    const X86Entry& entry = plan.entry;
    const ByteView gdt(bytes_at(plan, entry.gdt_address));
    REQUIRE(gdt.size() == sizeof entry.gdt);
    for (u64 i = 0; i < entry.gdt.size(); ++i) REQUIRE(gdt.dword(i * 8) == entry.gdt[i]);
    REQUIRE(gdt.dword(X86Entry::code_selector) == (entry.long_mode ? 0xaf'9b00'0000'ffff : 0xcf'9b00'0000'ffff));
    REQUIRE(gdt.dword(X86Entry::data_selector) == 0xcf'9300'0000'ffff);
    if (!entry.long_mode) return;
    for (const u64 address : {u64{0}, u64{0x7654'3210}, 4 * GiB - 1, entry.rip})
        REQUIRE(walk(plan, address) == address);
    REQUIRE(walk(plan, 4 * GiB) == ~u64{0});
}

std::span<const u8> bytes_at(const X86BootPlan& plan, u64 address) {
    const auto segment = std::ranges::find(plan.segments, address, &LoadSegment::address);
    return segment == plan.segments.end() ? std::span<const u8>{} : segment->bytes;
}

} // namespace orrery::test
