// Linux kernels for x86 as a loader places them, and its answers to files that are none.
#include <algorithm>
#include <cstring>

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
    request.command_line = "console=ttyS0";
    request.modules.push_back({std::vector<u8>(5000, 0xa5), "", ""});
    request.rsdp_address = 0xe'1230;
    return request;
}

std::vector<u8> with(u64 at, u8 value) {
    std::vector<u8> file = bzimage();
    file[at] = value;
    return file;
}

} // namespace

TEST_CASE("a bzImage lies where it likes best and is entered in its 64-bit entry") {
    const X86BootPlan plan = planned(request_for(bzimage()));
    check_plan(plan, request_for({}));
    CHECK(plan.entry.long_mode);
    CHECK(plan.entry.rip == bzimage_address + 0x200);
    const LoadSegment& kernel = plan.segments.front();
    CHECK(kernel.address == bzimage_address);
    CHECK(kernel.memory_bytes == bzimage_memory_bytes);
    const std::vector<u8> file = bzimage();
    CHECK(std::ranges::equal(kernel.bytes, std::span(file).subspan(bzimage_setup_bytes)));
}

TEST_CASE("RSI leads to the boot parameters, with the kernel's own header and what the loader has to say") {
    const X86BootPlan plan = planned(request_for(bzimage()));
    const ByteView parameters(bytes_at(plan, plan.entry.rsi));
    REQUIRE(parameters.size() == 4096);
    CHECK(parameters.half(0x1fe) == 0xaa55);
    CHECK(parameters.holds(0x202, "HdrS"));
    CHECK(parameters.half(0x206) == 0x20f);
    CHECK(parameters.dword(0x258) == bzimage_address);
    CHECK(parameters.dword(0x26c) == 0); // the header ends there
    CHECK(parameters.number<u8>(0x210) == 0xff);
    CHECK(parameters.word(0x214) == bzimage_address);
    CHECK(parameters.dword(0x070) == 0xe'1230);

    const ByteView line(bytes_at(plan, parameters.word(0x228)));
    CHECK(line.size() == 14);
    CHECK(line.text(0, 100) == "console=ttyS0");
    CHECK(line.number<u8>(13) == 0);

    CHECK(parameters.word(0x21c) == 5000);
    CHECK(parameters.word(0x0c0) == 0);
    const auto initrd = bytes_at(plan, parameters.word(0x218));
    CHECK(initrd.size() == 5000);
    CHECK(std::ranges::all_of(initrd, [](u8 byte) { return byte == 0xa5; }));
}

TEST_CASE("a kernel is told all of the memory in its order") {
    const X86BootRequest request = request_for(bzimage());
    const X86BootPlan plan = planned(request);
    const ByteView parameters(bytes_at(plan, plan.entry.rsi));
    REQUIRE(parameters.number<u8>(0x1e8) == request.memory.size());
    for (u64 i = 0; i < request.memory.size(); ++i) {
        CHECK(parameters.dword(0x2d0 + 20 * i) == request.memory[i].first);
        CHECK(parameters.dword(0x2d0 + 20 * i + 8) == request.memory[i].size_bytes);
        CHECK(parameters.word(0x2d0 + 20 * i + 16) == static_cast<u32>(request.memory[i].type));
    }
}

TEST_CASE("a kernel hears of a VGA only where there is one") {
    X86BootRequest request = request_for(bzimage());
    const auto screen = [&] {
        const X86BootPlan plan = planned(request);
        return ByteView(bytes_at(plan, plan.entry.rsi)).dword(0x008);
    };
    CHECK(screen() == 0);
    request.vga_text = true;
    CHECK(screen() == 0x0119'0000'0003'0000); // 25 lines, a VGA, 256 KiB
}

TEST_CASE("a kernel is told of a frame buffer, unless it is asked to keep to text") {
    X86BootRequest request = request_for(bzimage());
    request.vga_text = true;
    request.screen = X86Screen{.address = 0xe000'0000, .memory_bytes = 16 * MiB, .columns = 800, .rows = 600};
    const X86BootPlan plan = planned(request);
    CHECK(plan.entry.frame_buffer_shown);
    const ByteView parameters(bytes_at(plan, plan.entry.rsi));
    CHECK(parameters.number<u8>(0x00f) == 0x23);
    CHECK(parameters.half(0x012) == 800);
    CHECK(parameters.half(0x014) == 600);
    CHECK(parameters.half(0x016) == 32);
    CHECK(parameters.word(0x018) == 0xe000'0000);
    CHECK(parameters.word(0x01c) == 256); // of 64 KiB
    CHECK(parameters.half(0x024) == 3200);
    CHECK(parameters.dword(0x026) == 0x1808'0008'0808'1008);

    request.command_line = "console=tty0 vga=normal";
    const X86BootPlan text = planned(request);
    CHECK_FALSE(text.entry.frame_buffer_shown);
    CHECK(ByteView(bytes_at(text, text.entry.rsi)).dword(0x008) == 0x0119'0000'0003'0000);
}

TEST_CASE("a random seed goes into the list of set-up data") {
    X86BootRequest request = request_for(bzimage());
    request.random_seed = {1, 2, 3, 4, 5};
    const X86BootPlan plan = planned(request);
    const ByteView node(bytes_at(plan, ByteView(bytes_at(plan, plan.entry.rsi)).dword(0x250)));
    REQUIRE(node.size() == 16 + 5);
    CHECK(node.dword(0) == 0);
    CHECK(node.word(8) == 9);
    CHECK(node.word(12) == 5);
    CHECK(node.number<u8>(20) == 5);
}

TEST_CASE("a relocatable kernel goes elsewhere if its place isn't free, another one doesn't") {
    X86BootRequest request = request_for(bzimage());
    request.memory[2] = {1 * MiB, 31 * MiB, MemoryRange::Type::ram}; // its place ends at 32 MiB
    CHECK(planned(request).segments.front().address == 16 * MiB);
    request.memory[2].size_bytes = 30 * MiB;
    CHECK(planned(request).segments.front().address == 2 * MiB);
    request.kernel[0x234] = 0;
    CHECK(refusal(request) == "needs 16777216 bytes of memory at 0x1000000, which the guest has not; give it more with "
                              "--memory");
    request.kernel[0x234] = 1;
    request.memory[2].size_bytes = 16 * MiB;
    CHECK(refusal(request) == "needs 16777216 bytes of memory above 0x100000, which the guest has not; give it more "
                              "with --memory");
}

TEST_CASE("an initrd lies as high as the kernel can reach") {
    X86BootRequest request = request_for(bzimage());
    request.memory = {{0, 0x9'fc00, MemoryRange::Type::ram},
                      {1 * MiB, 3 * GiB - 1 * MiB, MemoryRange::Type::ram},
                      {4 * GiB, 4 * GiB, MemoryRange::Type::ram}};
    const auto initrd_of = [](const X86BootPlan& plan) {
        const ByteView parameters(bytes_at(plan, plan.entry.rsi));
        return parameters.word(0x218) | u64{parameters.word(0x0c0)} << 32;
    };
    CHECK(initrd_of(planned(request)) == 0x8000'0000 - 8192);
    put32(request.kernel, 0x22c, 0x0f'ffff); // nothing of it is for an initrd
    CHECK(initrd_of(planned(request)) == 8 * GiB - 8192);
    request.kernel[0x236] = 1; // and none above 4 GiB
    CHECK(refusal(request) == "leaves no room for the initrd: it has 5000 bytes; give the guest more with --memory");
}

TEST_CASE("the parts of an initrd follow each other at multiples of four bytes") {
    X86BootRequest request = request_for(bzimage());
    request.modules = {{{1, 2, 3, 4, 5}, "", ""}, {{6, 7}, "", ""}};
    const X86BootPlan plan = planned(request);
    const ByteView parameters(bytes_at(plan, plan.entry.rsi));
    CHECK(parameters.word(0x21c) == 10);
    const auto initrd = bytes_at(plan, parameters.word(0x218));
    CHECK(std::ranges::equal(initrd, std::vector<u8>{1, 2, 3, 4, 5, 0, 0, 0, 6, 7}));
}

TEST_CASE("a 32-bit kernel is entered at its start without paging") {
    const X86BootPlan plan = planned(request_for(with(0x236, 0)));
    check_plan(plan, request_for({}));
    CHECK_FALSE(plan.entry.long_mode);
    CHECK(plan.entry.cr3 == 0);
    CHECK(plan.entry.rip == bzimage_address);
    // One that is too old to have a preferred address says where it starts.
    std::vector<u8> old = bzimage();
    put16(old, 0x206, 0x209);
    put64(old, 0x258, 0);
    CHECK(planned(request_for(old)).entry.rip == 0x10'0000);
}

TEST_CASE("a packed bzImage is unpacked") {
    CHECK(planned(request_for(gzip(bzimage()))).entry.rip == bzimage_address + 0x200);
}

TEST_CASE("kernels that can't be started are refused with the reason") {
    CHECK(has(refusal(request_for(with(0x206, 5))), "boot protocol 2.05"));
    std::vector<u8> old = bzimage();
    put16(old, 0x206, 0x203);
    CHECK(refusal(request_for(old)) == "is too old to be started directly (boot protocol 2.03, at least 2.06 is "
                                       "needed); start it from a disk with its boot loader");
    CHECK(has(refusal(request_for(with(0x211, 0))), "is a zImage"));
    CHECK(has(refusal(request_for(with(0x1fe, 0))), "no boot sector's mark"));
    CHECK(has(refusal(request_for(with(0x201, 0x20))), "header ends at 0x222"));
    std::vector<u8> skewed = bzimage();
    put32(skewed, 0x230, 0x12'3000);
    put64(skewed, 0x258, 0xffff'ffff'ffff'0000);
    CHECK(has(refusal(request_for(skewed)), "alignment of 0x123000"));

    std::vector<u8> cut = bzimage();
    cut.resize(cut.size() - 16);
    CHECK(refusal(request_for(cut)) == "is cut short: 5616 bytes of 5632; fetch or copy it again");
    cut.resize(0x230);
    CHECK(refusal(request_for(cut)) == "is cut short within its header; fetch or copy it again");
    std::vector<u8> empty = bzimage();
    put32(empty, 0x1f4, 0);
    CHECK(has(refusal(request_for(empty)), "has no code"));
    CHECK(has(refusal(request_for(std::vector<u8>(4096))), "is no kernel: neither"));
}

TEST_CASE("a command line or a list of memory that is too long is refused") {
    X86BootRequest request = request_for(bzimage());
    request.command_line = std::string(2048, 'x');
    CHECK(refusal(request) == "takes a command line of at most 2047 characters, and was given 2048; shorten it");
    request = request_for(bzimage());
    while (request.memory.size() < 129) request.memory.push_back({16 * GiB, 0, MemoryRange::Type::reserved});
    CHECK(has(refusal(request), "can be told of 128 ranges of memory, and this machine has 129"));
}

TEST_CASE("no change of bytes in a bzImage does harm") {
    u64 random = 1;
    const auto next = [&] {
        random ^= random << 13;
        random ^= random >> 7;
        return random ^= random << 17;
    };
    u64 accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        X86BootRequest request = request_for(bzimage());
        for (u64 change = next() % 4 + 1; change != 0; --change)
            request.kernel[0x1f0 + next() % 0x80] = next() % 2 ? static_cast<u8>(next()) : u8{0xff};
        if (next() % 4 == 0) request.kernel.resize(next() % request.kernel.size() + 1);
        const auto plan = plan_x86_boot(request);
        if (!plan) continue;
        ++accepted;
        check_plan(*plan, request);
    }
    CHECK(accepted > 100);
}
