#include "devices/storage/pflash.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/memory_disk.hpp"

#include <cstring>

using namespace orrery;
using namespace orrery::test;

namespace {

struct CountingListener final : MemoryListener {
    void mapping_changed() override { ++changes; }
    void tracked_page_written(Ram&, u64 offset, u64) override { last_written = offset; }
    u32 changes = 0;
    u64 last_written = ~u64{0};
};

// Commands go to both chips at once.
constexpr u64 both(u64 code) { return code * 0x1'0001; }

struct Bench : FakeBus {
    explicit Bench(bool write_protected = false)
        : Bench({.base = device_base, .write_protected = write_protected}, nullptr) {}
    Bench(const ParallelFlash::Configuration& configuration, Disk* kept_in)
        : contents(Ram::create("flash", configuration.size_bytes).value()) {
        flash = ParallelFlash::create("flash", configuration, memory, *contents, kept_in).value();
        memory.add_listener(listener);
    }
    void erase(u64 offset) {
        write(offset, both(0x20));
        write(offset, both(0xd0));
    }
    u64 status() {
        write(0, both(0x70));
        return read(0);
    }
    u64 array_word(u64 offset) {
        write(offset, both(0xff));
        return read(offset);
    }
    std::unique_ptr<Ram> contents;
    std::unique_ptr<ParallelFlash> flash;
    CountingListener listener;
};

} // namespace

TEST_CASE("in read-array mode the bus reads the flash as memory") {
    Bench bench;
    std::memcpy(bench.contents->host() + 0x1000, "boot", 4);
    REQUIRE(bench.read(0x1000) == 0x746f'6f62);
    REQUIRE(bench.memory.memory(FakeBus::device_base, 16, false).size() == 16);
    REQUIRE(bench.memory.memory(FakeBus::device_base, 16, true).empty());
}

TEST_CASE("the CFI query describes each of the two chips in its half of the bus") {
    Bench bench;
    bench.write(0x55 * 4, both(0x98));
    REQUIRE(bench.read(0x10 * 4) == both('Q'));
    REQUIRE(bench.read(0x11 * 4) == both('R'));
    REQUIRE(bench.read(0x12 * 4) == both('Y'));
    REQUIRE(bench.read(0x13 * 4) == both(0x01));
    REQUIRE(bench.read(0x27 * 4) == both(24));  // 16 MiB a chip
    REQUIRE(bench.read(0x2d * 4) == both(127)); // 128 blocks
    REQUIRE(bench.read(0x2f * 4 + 2, Width::half) == 0x00);
    REQUIRE(bench.read(0x30 * 4) == both(0x02)); // of 512 * 256 bytes a chip
    REQUIRE(bench.memory.memory(FakeBus::device_base, 16, false).empty());
}

TEST_CASE("the identifier is Intel's") {
    Bench bench;
    bench.write(0, both(0x90));
    REQUIRE(bench.read(0) == both(0x89));
    REQUIRE(bench.read(4) == both(0x18));
    REQUIRE(bench.read(8) == 0);
}

TEST_CASE("erasing sets one block to ones, programming clears bits and never sets any") {
    Bench bench;
    bench.erase(0x4'1234 & ~3u);
    REQUIRE(bench.read(0) == both(0x80));
    REQUIRE(bench.array_word(0x4'0000) == 0xffff'ffff);
    REQUIRE(bench.array_word(0x7'fffc) == 0xffff'ffff);
    REQUIRE(bench.array_word(0x8'0000) == 0);
    bench.write(0x4'0010, both(0x40));
    bench.write(0x4'0010, 0x1234'5678);
    REQUIRE(bench.read(0) == both(0x80));
    REQUIRE(bench.array_word(0x4'0010) == 0x1234'5678);
    bench.write(0x4'0010, both(0x10));
    bench.write(0x4'0010, 0xffff'0000);
    REQUIRE(bench.array_word(0x4'0010) == 0x1234'0000);
}

TEST_CASE("an erase without its confirmation is a sequence error that stays until it is cleared") {
    Bench bench;
    bench.write(0, both(0x20));
    bench.write(0, both(0xff));
    REQUIRE(bench.status() == both(0xb0));
    bench.write(0, both(0x50));
    REQUIRE(bench.status() == both(0x80));
}

TEST_CASE("a buffered program writes its words once it is confirmed") {
    Bench bench;
    bench.erase(0);
    bench.write(0x2000, both(0xe8));
    REQUIRE(bench.read(0x2000) == both(0x80));
    bench.write(0x2000, both(2)); // three words
    for (u64 i = 0; i < 3; ++i) bench.write(0x2004 + i * 4, 0x1111'1111 * (i + 1));
    REQUIRE(bench.contents->host()[0x2004] == 0xff);
    bench.write(0x2000, both(0xd0));
    REQUIRE(bench.read(0x2000) == both(0x80));
    REQUIRE(bench.array_word(0x2000) == 0xffff'ffff);
    REQUIRE(bench.array_word(0x2004) == 0x1111'1111);
    REQUIRE(bench.array_word(0x200c) == 0x3333'3333);
    REQUIRE(bench.array_word(0x2010) == 0xffff'ffff);
}

TEST_CASE("a buffered program that leaves its buffer programs nothing") {
    Bench bench;
    bench.erase(0);
    bench.write(0x2000, both(0xe8));
    bench.write(0x2000, both(1));
    bench.write(0x2000, 0);
    bench.write(0x3000, 0);
    bench.write(0x2000, both(0xd0));
    REQUIRE(bench.status() == both(0xb0));
    REQUIRE(bench.array_word(0x2000) == 0xffff'ffff);
}

TEST_CASE("a buffered program too long for the buffer is refused") {
    Bench bench;
    bench.write(0, both(0xe8));
    bench.write(0, both(0x400));
    REQUIRE(bench.status() == both(0xb0));
}

TEST_CASE("a write-protected flash keeps its contents and says so") {
    Bench bench(true);
    std::memcpy(bench.contents->host(), "boot", 4);
    bench.erase(0);
    REQUIRE(bench.status() == both(0xa2));
    bench.write(0, both(0x50));
    bench.write(0, both(0x40));
    bench.write(0, 0);
    REQUIRE(bench.status() == both(0x92));
    REQUIRE(bench.array_word(0) == 0x746f'6f62);
}

TEST_CASE("the bus changes only between reading the array and everything else") {
    Bench bench;
    bench.write(0, both(0xff));
    REQUIRE(bench.listener.changes == 0);
    bench.write(0, both(0x40));
    bench.write(0, 0);
    bench.write(0, both(0x70));
    bench.write(0, both(0x98));
    REQUIRE(bench.listener.changes == 1);
    bench.write(0, both(0xff));
    REQUIRE(bench.listener.changes == 2);
}

TEST_CASE("programming a page that an engine has translated tells the engine") {
    Bench bench;
    bench.contents->flags(0x5000) = static_cast<u8>(PageFlag::tracked);
    bench.write(0x5000, both(0x40));
    bench.write(0x5000, 0);
    REQUIRE(bench.listener.last_written == 0x5000);
}

TEST_CASE("a flash restored in query mode answers queries again, and a reset reads the array") {
    Bench bench;
    bench.write(0, both(0x98));
    const std::vector<u8> saved = save(*bench.flash);
    bench.flash->reset();
    REQUIRE(bench.read(0x10 * 4) == 0);
    REQUIRE(restore(*bench.flash, saved));
    REQUIRE(bench.read(0x10 * 4) == both('Q'));
    bench.flash->reset();
    REQUIRE_FALSE(bench.memory.memory(FakeBus::device_base, 16, false).empty());
}

namespace {

// As below 4 GiB on PCs: no power of two, commanded byte by byte.
constexpr u64 pc_blocks = 132;
struct PcBench : Bench {
    explicit PcBench(Disk* kept_in = nullptr)
        : Bench({.base = device_base, .size_bytes = pc_blocks * 4 * KiB, .layout = flash_of_one_8_bit_chip}, kept_in) {}
    void program(u64 offset, u8 value) {
        write(offset, 0x10, Width::byte);
        write(offset, value, Width::byte);
    }
    void erase_block(u64 offset) {
        write(offset, 0x20, Width::byte);
        write(offset, 0xd0, Width::byte);
    }
    u64 array_byte(u64 offset) {
        write(offset, 0xff, Width::byte);
        return read(offset, Width::byte);
    }
};

} // namespace

TEST_CASE("one chip of 8 bits answers in every byte, and describes itself") {
    PcBench bench;
    bench.write(0x55, 0x98, Width::byte);
    REQUIRE(bench.read(0x10, Width::byte) == 'Q');
    REQUIRE(bench.read(0x10, Width::word) == 0x01'59'52'51);
    REQUIRE(bench.read(0x27, Width::byte) == 20); // more than 512 KiB
    REQUIRE(bench.read(0x28, Width::byte) == 0);
    REQUIRE(bench.read(0x2a, Width::byte) == 8);
    REQUIRE(bench.read(0x2d, Width::byte) == pc_blocks - 1);
    REQUIRE(bench.read(0x2f, Width::byte) == 16); // of 256 bytes
    bench.write(0, 0x90, Width::byte);
    REQUIRE(bench.read(0, Width::half) == 0x1889);
}

TEST_CASE("EDK2 finds out that a PC's flash is one: cleared, its status is 0") {
    PcBench bench;
    bench.contents->host()[7] = 0x42;
    bench.write(7, 0x50, Width::byte);
    REQUIRE(bench.read(7, Width::byte) == 0x42);
    bench.write(7, 0x70, Width::byte);
    REQUIRE(bench.read(7, Width::byte) == 0x00);
    REQUIRE(bench.array_byte(7) == 0x42);
    bench.program(7, 0x40);
    REQUIRE(bench.read(7, Width::byte) == 0x80);
}

TEST_CASE("one chip of 8 bits erases and programs blocks of 4 KiB up to its end") {
    PcBench bench;
    const u64 last = (pc_blocks - 1) * 4 * KiB;
    bench.erase_block(last + 17);
    REQUIRE(bench.array_byte(last - 1) == 0);
    REQUIRE(bench.array_byte(last) == 0xff);
    REQUIRE(bench.array_byte(last + 4095) == 0xff);
    bench.program(last + 4095, 0x5a);
    REQUIRE(bench.array_byte(last + 4095) == 0x5a);
    bench.write(last, 0xe8, Width::byte);
    bench.write(last, 1, Width::byte); // two bytes
    bench.write(last + 0x101, 0x12, Width::byte);
    bench.write(last + 0x102, 0x34, Width::byte);
    bench.write(last, 0xd0, Width::byte);
    REQUIRE(bench.array_byte(last + 0x100) == 0xff);
    REQUIRE(bench.array_byte(last + 0x101) == 0x12);
    REQUIRE(bench.array_byte(last + 0x102) == 0x34);
}

TEST_CASE("what the guest changes of a flash is kept in its disk, as far as that reaches") {
    MemoryDisk disk(9); // a block and a sector
    PcBench bench(&disk);
    bench.program(600, 0xff);
    REQUIRE(disk.content[600] == 0);
    bench.erase_block(0);
    REQUIRE(disk.content[0] == 0xff);
    REQUIRE(disk.content[4095] == 0xff);
    bench.program(513, 0x12);
    REQUIRE(disk.content[513] == 0x12);
    bench.erase_block(4096);
    REQUIRE(disk.content[4607] == 0xff);
    bench.erase_block(8192);
    REQUIRE(bench.array_byte(8192) == 0xff);
}

TEST_CASE("a flash whose disk fails says so in its status") {
    MemoryDisk disk(8);
    disk.fail = true;
    PcBench bench(&disk);
    bench.program(0, 0);
    REQUIRE(bench.read(0, Width::byte) == 0x90);
    bench.write(0, 0x50, Width::byte);
    bench.erase_block(0);
    REQUIRE(bench.read(0, Width::byte) == 0xa0);
}
