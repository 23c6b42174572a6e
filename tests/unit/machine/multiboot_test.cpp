// Kernels of the other boot protocols of PCs: PVH, Multiboot 1 and 2.
#include <algorithm>
#include <array>
#include <map>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/x86_boot.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/machine/sample_files.hpp"
#include "tests/unit/machine/sample_kernels.hpp"
#include "tests/unit/machine/x86_boot_checks.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

X86BootRequest request_for(std::vector<u8> kernel) {
    X86BootRequest request = small_pc(std::move(kernel));
    request.command_line = "one two";
    request.modules.push_back({{1, 2, 3}, "first", "/boot/a module"});
    request.modules.push_back({std::vector<u8>(5000, 7), "", "second.img"});
    request.rsdp_address = 0xe'1230;
    request.vga_text = true;
    for (u8 i = 0; i < 36; ++i) request.rsdp.push_back(i);
    return request;
}

std::vector<u8> elf_with(const std::vector<u8>& header, ElfForm form = {}) { return elf_program(form, header); }

std::string text_at(const X86BootPlan& plan, u64 address) {
    return std::string(ByteView(bytes_at(plan, address)).text(0, 100));
}

// Tags of a Multiboot 2 information by type.
std::multimap<u32, ByteView> tags_of(const X86BootPlan& plan) {
    const ByteView information(bytes_at(plan, plan.entry.rbx));
    REQUIRE(information.word(0) == information.size());
    REQUIRE(plan.entry.rbx % 8 == 0);
    std::multimap<u32, ByteView> tags;
    u64 at = 8;
    while (information.word(at) != 0) {
        REQUIRE(information.word(at + 4) >= 8);
        tags.emplace(information.word(at), ByteView(information.part(at, information.word(at + 4))));
        at = (at + information.word(at + 4) + 7) / 8 * 8;
    }
    CHECK(information.word(at + 4) == 8);
    CHECK(at + 8 == information.size());
    return tags;
}

} // namespace

TEST_CASE("an ELF file with PVH's note starts where the note says, with its start info in EBX") {
    for (const bool wide : {true, false}) {
        const ElfForm form{wide, static_cast<u16>(wide ? 62 : 3), elf_address + 0x40};
        const X86BootPlan plan = planned(request_for(elf_program(form)));
        check_plan(plan, request_for({}));
        CHECK_FALSE(plan.entry.long_mode);
        CHECK(plan.entry.rip == elf_address + 0x40);
        CHECK(plan.segments.front().address == elf_address);
        CHECK(plan.segments.front().memory_bytes == 8192);

        const ByteView info(bytes_at(plan, plan.entry.rbx));
        REQUIRE(info.size() == 56);
        CHECK(info.word(0) == 0x336e'c578);
        CHECK(info.word(4) == 1);
        CHECK(info.dword(32) == 0xe'1230);
        CHECK(text_at(plan, info.dword(24)) == "one two");
        REQUIRE(info.word(12) == 2);
        const ByteView modules(bytes_at(plan, info.dword(16)));
        CHECK(modules.size() == 64);
        CHECK(bytes_at(plan, modules.dword(0)).size() == 3);
        CHECK(modules.dword(8) == 3);
        CHECK(text_at(plan, modules.dword(16)) == "first");
        CHECK(modules.dword(32) > modules.dword(0));
        CHECK(modules.dword(40) == 5000);
        CHECK(modules.dword(48) == 0);
        REQUIRE(info.word(48) == 4);
        const ByteView map(bytes_at(plan, info.dword(40)));
        CHECK(map.dword(2 * 24) == 1 * MiB);
        CHECK(map.dword(2 * 24 + 8) == 63 * MiB);
        CHECK(map.word(2 * 24 + 16) == 1);
        CHECK(map.word(3 * 24 + 16) == 2);
    }
}

TEST_CASE("a Multiboot 1 kernel finds its information in EBX") {
    for (const auto& kernel :
         {elf_with(multiboot1_header(3, false), {false, 3, 0}), elf_with(multiboot1_header(3, false))}) {
        const X86BootPlan plan = planned(request_for(kernel));
        check_plan(plan, request_for({}));
        CHECK_FALSE(plan.entry.long_mode);
        CHECK(plan.entry.rip == elf_address + 12);
        CHECK(plan.entry.rax == 0x2bad'b002);
        const ByteView info(bytes_at(plan, plan.entry.rbx));
        CHECK(info.word(0) == (1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9 | 1 << 12));
        CHECK(info.word(4) == 639);
        CHECK(info.word(8) == 63 * 1024);
        CHECK(text_at(plan, info.word(16)) == "k one two");
        REQUIRE(info.word(20) == 2);
        const ByteView modules(bytes_at(plan, info.word(24)));
        CHECK(modules.word(0) % 4096 == 0);
        CHECK(modules.word(0) >= elf_address + 8192);
        CHECK(modules.word(4) == modules.word(0) + 3);
        CHECK(text_at(plan, modules.word(8)) == "a_module first");
        CHECK(text_at(plan, modules.word(24)) == "second.img");
        const ByteView map(bytes_at(plan, info.word(48)));
        REQUIRE(info.word(44) == 4 * 24);
        CHECK(map.word(0) == 20);
        CHECK(map.dword(48 + 4) == 1 * MiB);
        CHECK(map.dword(48 + 12) == 63 * MiB);
        CHECK(map.word(48 + 20) == 1);
        CHECK(text_at(plan, info.word(64)) == "Orrery");
        CHECK(info.dword(88) == 0xb'8000);
        CHECK(info.number<u8>(109) == 2);
    }
}

TEST_CASE("a flat Multiboot 1 kernel lies where its header says") {
    const X86BootPlan plan = planned(request_for(flat_kernel(multiboot1_header(0, true))));
    check_plan(plan, request_for({}));
    CHECK(plan.entry.rip == elf_address + 256);
    CHECK(plan.segments.front().address == elf_address);
    CHECK(plan.segments.front().bytes.size() == flat_kernel_bytes);
    CHECK(plan.segments.front().memory_bytes == flat_kernel_bytes + 4096);

    // The header need not be what is loaded first.
    std::vector<u8> moved = flat_kernel({});
    std::ranges::copy(multiboot1_header(0, true), moved.begin() + 64);
    put32(moved, 64 + 16, elf_address - 32);
    const X86BootPlan other = planned(request_for(moved));
    CHECK(other.segments.front().address == elf_address - 32);
    CHECK(other.segments.front().bytes.size() == flat_kernel_bytes - 32);
}

TEST_CASE("a Multiboot 2 kernel finds its information in EBX, tag by tag") {
    const X86BootPlan plan = planned(request_for(elf_with(multiboot2_header(multiboot2_tag(1, {1, 6})))));
    check_plan(plan, request_for({}));
    CHECK_FALSE(plan.entry.long_mode);
    CHECK(plan.entry.rax == 0x36d7'6289);
    CHECK(plan.segments.front().address == elf_address);
    const auto tags = tags_of(plan);
    const auto tag = [&](u32 type) {
        REQUIRE(tags.contains(type));
        return tags.find(type)->second;
    };
    CHECK(tag(1).text(8, 100) == "k one two");
    CHECK(tag(2).text(8, 100) == "Orrery");
    REQUIRE(tags.count(3) == 2);
    CHECK(bytes_at(plan, tag(3).word(8)).size() == 3);
    CHECK(tag(3).word(12) == tag(3).word(8) + 3);
    CHECK(tag(3).text(16, 100) == "a_module first");
    CHECK(tag(4).word(8) == 639);
    CHECK(tag(4).word(12) == 63 * 1024);
    CHECK(tag(6).size() == 16 + 4 * 24);
    CHECK(tag(6).word(8) == 24);
    CHECK(tag(6).dword(16 + 48 + 8) == 63 * MiB);
    CHECK(tag(8).dword(8) == 0xb'8000);
    CHECK(tag(14).size() == 8 + 20);
    CHECK(tag(15).size() == 8 + 36);
    CHECK(tag(15).number<u8>(8 + 35) == 35);
    CHECK_FALSE(tags.contains(21));
}

TEST_CASE("an ELF kernel finds its sections, and its symbols where they were put") {
    for (const bool wide : {true, false}) {
        const ElfForm form{wide, static_cast<u16>(wide ? 62 : 3), 0};
        // The addresses of the sections' headers hold what elf_with_sections() says, or a place in memory.
        const auto check = [&](const X86BootPlan& plan, const ByteView& headers) {
            const auto address = [&](u64 section) {
                return wide ? headers.dword(section * 64 + 16) : u64{headers.word(section * 40 + 12)};
            };
            CHECK(address(1) == elf_address); // part of a segment
            CHECK(std::ranges::equal(bytes_at(plan, address(2)), std::vector<u8>(48, 's')));
            CHECK(text_at(plan, address(3)) == "names");
            CHECK(address(4) == 0); // neither symbols nor strings
        };
        const X86BootPlan first = planned(request_for(elf_with_sections(form, multiboot1_header(0, false))));
        check_plan(first, request_for({}));
        const ByteView info(bytes_at(first, first.entry.rbx));
        CHECK((info.word(0) & 1 << 5) != 0);
        CHECK(info.word(28) == 5);
        CHECK(info.word(32) == (wide ? 64 : 40));
        CHECK(info.word(40) == 3);
        check(first, ByteView(bytes_at(first, info.word(36))));

        const X86BootPlan second = planned(request_for(elf_with_sections(form, multiboot2_header({}))));
        check_plan(second, request_for({}));
        const auto tags = tags_of(second);
        REQUIRE(tags.contains(9));
        const ByteView tag = tags.find(9)->second;
        CHECK(tag.word(8) == 5);
        CHECK(tag.word(16) == 3);
        check(second, ByteView(tag.part(20, tag.size() - 20)));
    }
}

TEST_CASE("a Multiboot 2 kernel's tags say where it lies and starts") {
    const X86BootPlan flat = planned(request_for(flat_kernel(multiboot2_header(multiboot2_address_tags()))));
    check_plan(flat, request_for({}));
    CHECK(flat.entry.rip == elf_address + 256);
    CHECK(flat.segments.front().memory_bytes == flat_kernel_bytes + 4096);

    const auto with_tag = [](const std::vector<u8>& tag) { return request_for(elf_with(multiboot2_header(tag))); };
    CHECK(planned(with_tag(multiboot2_tag(3, {elf_address + 0x80}))).entry.rip == elf_address + 0x80);
    // It may lie elsewhere, so it is told where it does.
    const X86BootPlan movable = planned(with_tag(multiboot2_tag(10, {0, ~0u, 4096, 0})));
    const auto tags = tags_of(movable);
    REQUIRE(tags.contains(21));
    CHECK(tags.find(21)->second.word(8) == elf_address);
}

TEST_CASE("what kernels of these protocols ask for and can't have is said") {
    const auto elf1 = [](u32 flags) { return request_for(elf_with(multiboot1_header(flags, false))); };
    CHECK(has(refusal(elf1(1 << 5)), "header flags 0x20"));
    const auto elf2 = [](const std::vector<u8>& tags) { return request_for(elf_with(multiboot2_header(tags))); };
    CHECK(has(refusal(elf2(multiboot2_tag(99, {0, 0}))), "header tag 99"));
    CHECK(planned(elf2(multiboot2_tag(99, {0, 0}, 1))).entry.rax == 0x36d7'6289); // optional
    CHECK(has(refusal(elf2(multiboot2_tag(1, {1, 500}))), "type 500"));
    CHECK(has(refusal(elf2(multiboot2_tag(3, {0x10}))), "starts at 0x10, outside all it loads"));

    CHECK(has(refusal(request_for(flat_kernel(multiboot1_header(0, false)))), "isn't an ELF file"));
    CHECK(has(refusal(request_for(flat_kernel(multiboot2_header({})))), "isn't an ELF file"));
    std::vector<u8> endless = multiboot2_header({});
    endless.resize(16);
    CHECK(has(refusal(request_for(flat_kernel(endless))), "have no end"));
    const auto no_entry = multiboot2_tag(2, {elf_address, elf_address, 0, 0});
    CHECK(has(refusal(request_for(flat_kernel(multiboot2_header(no_entry)))), "not where it starts"));

    std::vector<u8> header = multiboot1_header(0, true);
    put32(header, 16, elf_address + 4); // it begins behind its header
    CHECK(has(refusal(request_for(flat_kernel(header))), "before the file's start"));
    header = multiboot1_header(0, true);
    put32(header, 20, elf_address + 0x10'0000); // more than there is
    CHECK(has(refusal(request_for(flat_kernel(header))), "is cut short"));
    header = multiboot1_header(0, true);
    put32(header, 24, 0xffff'0000);
    CHECK(has(refusal(request_for(flat_kernel(header))), "bytes of memory, but the guest has only"));
    header = multiboot1_header(0, true);
    for (const u64 at : {u64{12}, u64{16}}) put32(header, at, 0x9'f000); // into what isn't RAM
    put32(header, 24, 0);
    CHECK(has(refusal(request_for(flat_kernel(header))), "bytes of memory at 0x9f000, where the guest has none"));
}

TEST_CASE("a program that no protocol starts is refused with what it is") {
    CHECK(has(refusal(request_for(elf_program({}))), "without PVH's note or a multiboot header"));
    CHECK(has(refusal(request_for(elf_program({true, 243, 0}))),
              "is an ELF file for RISC-V, but this machine is x86-64"));
    CHECK(has(refusal(request_for(riscv_image())), "is a kernel for RISC-V, but this machine is x86-64"));
    std::vector<u8> initrd(4096);
    put_text(initrd, 0, "070701");
    CHECK(has(refusal(request_for(initrd)), "initial RAM disk"));
    X86BootRequest crowded = request_for(elf_with(multiboot1_header(0, false)));
    crowded.modules[1].bytes.resize(62 * MiB);
    CHECK(has(refusal(crowded), "no room for a module of 65011712 bytes"));
}

TEST_CASE("the BIOS data area says how much low memory there is and where the extended area begins") {
    const X86BootPlan plan = planned(request_for(elf_with(multiboot1_header(0, false))));
    const ByteView area(bytes_at(plan, 0x400));
    REQUIRE(area.size() == 0x100);
    CHECK(area.half(0x13) == 639);
    CHECK(area.half(0x0e) == 0x9fc0);
    CHECK(area.number<u8>(0x49) == 3);
    // Not where the kernel itself lies.
    std::vector<u8> low = multiboot1_header(0, true);
    for (const u64 at : {u64{12}, u64{16}}) put32(low, at, 0x100);
    put32(low, 24, 0);
    put32(low, 28, 0x200);
    CHECK(bytes_at(planned(request_for(flat_kernel(low))), 0x400).empty());
}

TEST_CASE("no change of bytes in a kernel of these protocols does harm") {
    const std::vector<std::vector<u8>> seeds{
        elf_program({true, 62, elf_address}),
        elf_program({false, 3, elf_address}),
        elf_with(multiboot1_header(3, false)),
        flat_kernel(multiboot1_header(3, true)),
        elf_with(multiboot2_header(multiboot2_tag(1, {1, 6}))),
        flat_kernel(multiboot2_header(multiboot2_address_tags())),
        elf_with_sections({}, multiboot2_header({})),
    };
    u64 random = 1;
    const auto next = [&] {
        random ^= random << 13;
        random ^= random >> 7;
        return random ^= random << 17;
    };
    u64 accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        X86BootRequest request = request_for(seeds[next() % seeds.size()]);
        for (u64 change = next() % 4 + 1; change != 0; --change) {
            const std::array<u64, 3> starts{0, elf_content_offset, request.kernel.size() - 0x140};
            const u64 start = request.kernel[0] == 0x7f ? starts[next() % starts.size()] : 0;
            request.kernel[start + next() % 0x80] = next() % 2 ? static_cast<u8>(next()) : u8{0xff};
        }
        if (next() % 4 == 0) request.kernel.resize(next() % request.kernel.size() + 1);
        const auto plan = plan_x86_boot(request);
        if (!plan) continue;
        ++accepted;
        u64 total = 0;
        for (const LoadSegment& segment : plan->segments) {
            REQUIRE(segment.bytes.size() <= segment.memory_bytes);
            total += segment.memory_bytes;
        }
        REQUIRE(total <= 64 * MiB);
    }
    CHECK(accepted > 100);
}
