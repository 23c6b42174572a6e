// The embedded RISC-V firmware, looked at from outside: the image, and the symbols of the ELF file it was made from.
#include "bios/riscv/firmware.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

using namespace orrery;

namespace {

u32 instruction_at(std::span<const u8> image, std::size_t offset) {
    return u32{image[offset]} | u32{image[offset + 1]} << 8 | u32{image[offset + 2]} << 16 |
           u32{image[offset + 3]} << 24;
}

// Name to address, as llvm-nm prints them.
std::map<std::string, u64> firmware_symbols() {
    std::map<std::string, u64> symbols;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> lines(
        popen(ORRERY_LLVM_NM " " ORRERY_RISCV_FIRMWARE_ELF, "r"), pclose);
    std::array<char, 256> line{};
    while (lines && std::fgets(line.data(), line.size(), lines.get()) != nullptr) {
        unsigned long long address = 0;
        std::array<char, 128> name{};
        if (std::sscanf(line.data(), "%llx %*c %127s", &address, name.data()) == 2) symbols[name.data()] = address;
    }
    return symbols;
}

} // namespace

TEST_CASE("the firmware image is there and small enough to copy at every reset") {
    const auto image = bios::riscv_firmware();
    REQUIRE(image.size() > 1 * KiB);
    REQUIRE(image.size() < 64 * KiB);
    REQUIRE(image.size() < bios::riscv_firmware_reserved_bytes);
}

TEST_CASE("the firmware's reserved memory suits one naturally aligned PMP entry") {
    const u64 size = bios::riscv_firmware_reserved_bytes;
    REQUIRE((size & (size - 1)) == 0);
    REQUIRE(bios::riscv_firmware_address.value % size == 0);
}

TEST_CASE("the image begins with the reset entry, which first of all turns interrupts off") {
    REQUIRE(instruction_at(bios::riscv_firmware(), 0) == 0x30401073); // csrw mie, zero
}

TEST_CASE("the firmware is linked for the address and the memory that its header promises") {
    if (std::string(ORRERY_LLVM_NM).find("NOTFOUND") != std::string::npos) {
        WARN("skipped: llvm-nm-19 is not installed");
        return;
    }
    const auto symbols = firmware_symbols();
    const u64 begin = bios::riscv_firmware_address.value;
    const u64 end = begin + bios::riscv_firmware_reserved_bytes;
    REQUIRE(symbols.contains("_start"));
    REQUIRE(symbols.at("_start") == begin);
    REQUIRE(symbols.contains("stacks"));
    REQUIRE(symbols.at("stacks") % 16 == 0);
    REQUIRE(symbols.at("stacks") + 8 * 4 * KiB <= end);
    REQUIRE(symbols.contains("trap_entry"));
    REQUIRE(symbols.at("trap_entry") % 4 == 0); // Privileged ISA 3.1.7: BASE is four-byte aligned
}

TEST_CASE("each SBI extension the firmware offers has its handler in the image") {
    if (std::string(ORRERY_LLVM_NM).find("NOTFOUND") != std::string::npos) {
        WARN("skipped: llvm-nm-19 is not installed");
        return;
    }
    const auto symbols = firmware_symbols();
    for (const char* handler : {"ext_base", "ext_time", "ext_ipi", "ext_rfence", "ext_hsm", "ext_srst", "ext_dbcn",
                                "ext_pmu", "ext_legacy"}) {
        INFO(handler);
        REQUIRE(symbols.contains(handler));
    }
}
