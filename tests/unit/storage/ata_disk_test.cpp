#include "tests/unit/storage/ide_rig.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 disk_sectors = 20000;

struct OneDisk {
    MemoryDisk disk{disk_sectors};
    AtaDisk drive{"disk0", {}, disk};
};

struct Rig : OneDisk, IdeRig {
    Rig() : IdeRig(&drive) {}
    std::vector<u16> identify() {
        out(device, 0xa0);
        REQUIRE((command(0xec) & drq) != 0);
        const std::vector<u8> bytes = take(512);
        std::vector<u16> words(256);
        std::memcpy(words.data(), bytes.data(), 512);
        return words;
    }
    std::span<u8> sector(u64 lba) { return std::span(disk.content).subspan(lba * 512, 512); }
    void fill(u64 lba, u64 sectors, u8 seed) { std::ranges::copy(pattern(sectors * 512, seed), sector(lba).begin()); }
};

} // namespace

TEST_CASE("an ATA disk tells what it is") {
    Rig rig;
    const auto words = rig.identify();
    CHECK((words[0] & 0x8000) == 0);
    CHECK(words[27] == ('O' << 8 | 'R'));
    CHECK((words[60] | words[61] << 16) == disk_sectors);
    CHECK(words[100] == disk_sectors);
    CHECK(words[1] * words[3] * words[6] <= static_cast<int>(disk_sectors));
    CHECK((words[49] & 0x0300) == 0x0300);
    CHECK((words[83] & 0xc400) == 0x4400);
    CHECK((words[88] & 0x3f) == 0x3f);
    u8 sum = 0;
    for (const u16 word : words) sum = static_cast<u8>(sum + word + (word >> 8));
    CHECK(sum == 0);
    CHECK((words[255] & 0xff) == 0xa5);
    CHECK(rig.in(control) == idle_status);
}

TEST_CASE("a sector can be named by LBA, by 48-bit LBA and by cylinder, head and sector") {
    Rig rig;
    rig.fill(1 * 16 * 63 + 2 * 63 + 4, 1, 9);
    const auto wanted = pattern(512, 9);
    rig.lba28(1 * 16 * 63 + 2 * 63 + 4, 1);
    CHECK((rig.command(0x20) & drq) != 0);
    CHECK(rig.take(512) == wanted);
    rig.lba48(1 * 16 * 63 + 2 * 63 + 4, 1);
    CHECK((rig.command(0x24) & drq) != 0);
    CHECK(rig.take(512, Width::word) == wanted);
    rig.lba28(0x00'0105, 1); // cylinder 1, sector 5
    rig.out(device, 0xa2);
    CHECK((rig.command(0x20) & drq) != 0);
    CHECK(rig.take(512) == wanted);
}

TEST_CASE("another translation changes what a cylinder, head and sector mean") {
    Rig rig;
    rig.out(count, 17);
    rig.out(device, 0xa0 | 3); // four heads
    REQUIRE(rig.command(0x91) == idle_status);
    const auto words = rig.identify();
    CHECK(words[54] == disk_sectors / (4 * 17));
    CHECK(words[55] == 4);
    CHECK(words[56] == 17);
    rig.fill(2 * 4 * 17 + 3 * 17 + 16, 1, 3);
    rig.lba28(0x00'0211, 1);
    rig.out(device, 0xa3);
    REQUIRE((rig.command(0x20) & drq) != 0);
    CHECK(rig.take(512) == pattern(512, 3));
}

TEST_CASE("sectors that are not on the disk are not found") {
    Rig rig;
    const auto not_found = [&](u8 status_now) { return (status_now & err) != 0 && rig.in(error_features) == 0x10; };
    rig.lba28(disk_sectors, 1);
    CHECK(not_found(rig.command(0x20)));
    rig.lba28(disk_sectors - 1, 2);
    CHECK(not_found(rig.command(0x30)));
    rig.lba28(disk_sectors - 255, 0); // 256 sectors
    CHECK(not_found(rig.command(0x40)));
    rig.lba48(u64{1} << 40, 1);
    CHECK(not_found(rig.command(0x24)));
    rig.lba28(0x00'0000, 1); // no sector 0
    rig.out(device, 0xa0);
    CHECK(not_found(rig.command(0x20)));
    rig.lba28(0x00'0040, 1); // no sector 64
    rig.out(device, 0xa0);
    CHECK(not_found(rig.command(0x20)));
}

TEST_CASE("a command the disk does not have is aborted") {
    Rig rig;
    for (const u32 code : {0x00U, 0x08U, 0x60U, 0xa0U, 0xa1U, 0xb0U, 0xf1U, 0xffU}) {
        INFO(code);
        const u8 end = rig.command(static_cast<u8>(code));
        CHECK((end & err) != 0);
        CHECK(rig.in(error_features) == 4);
    }
}

TEST_CASE("READ MULTIPLE needs SET MULTIPLE MODE and then moves several sectors a block") {
    Rig rig;
    rig.fill(100, 6, 1);
    rig.lba28(100, 6);
    CHECK((rig.command(0xc4) & err) != 0);
    rig.out(count, 3);
    CHECK((rig.command(0xc6) & err) != 0); // not a power of two
    rig.out(count, 4);
    REQUIRE(rig.command(0xc6) == idle_status);
    CHECK(rig.identify()[59] == 0x0104);
    rig.in(status);
    const u32 before = rig.irq.rises(14);
    rig.lba28(100, 6);
    REQUIRE((rig.command(0xc4) & drq) != 0);
    CHECK(rig.in(status) == (idle_status | drq));
    auto bytes = rig.take(4 * 512);
    CHECK(rig.irq.rises(14) == before + 2);
    CHECK(rig.in(status) == (idle_status | drq));
    const auto rest = rig.take(2 * 512);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    CHECK(bytes == pattern(6 * 512, 1));
    CHECK(rig.in(status) == idle_status);
    CHECK(rig.irq.rises(14) == before + 2);
}

TEST_CASE("what is written by PIO reaches the disk, one block an interrupt") {
    Rig rig;
    rig.lba28(7, 2);
    REQUIRE((rig.command(0x30) & drq) != 0);
    CHECK(rig.irq.rises(14) == 0); // the first block isn't asked for
    const auto bytes = pattern(1024, 5);
    rig.give(std::span(bytes).first(512));
    CHECK(rig.irq.rises(14) == 1);
    CHECK(rig.in(status) == (idle_status | drq));
    rig.give(std::span(bytes).last(512));
    CHECK(rig.in(control) == bsy);
    CHECK(rig.wait() == idle_status);
    CHECK(rig.irq.rises(14) == 2);
    CHECK(std::ranges::equal(std::span(rig.disk.content).subspan(7 * 512, 1024), bytes));
}

TEST_CASE("a write-protected disk aborts writes") {
    MemoryDisk disk(100, true);
    AtaDisk drive("disk0", {}, disk);
    IdeRig rig(&drive);
    rig.lba28(1, 1);
    CHECK((rig.command(0x30) & err) != 0);
    CHECK(rig.in(error_features) == 4);
}

TEST_CASE("a disk of the host that fails gives the medium's errors") {
    Rig rig;
    rig.disk.fail = true;
    rig.lba28(0x123, 1);
    CHECK((rig.command(0x20) & err) != 0);
    CHECK(rig.in(error_features) == 0x40);
    CHECK(rig.in(lba_low) == 0x23);
    CHECK(rig.in(lba_mid) == 0x01);
    rig.lba28(5, 1);
    REQUIRE((rig.command(0x30) & drq) != 0);
    rig.give(pattern(512, 0));
    CHECK((rig.wait() & (err | df)) == (err | df));
}

TEST_CASE("the write cache goes to the disk with FLUSH CACHE, and every write while it is off") {
    Rig rig;
    CHECK(rig.command(0xe7) == idle_status);
    CHECK(rig.disk.flushes == 1);
    rig.out(error_features, 0x82);
    CHECK(rig.command(0xef) == idle_status);
    CHECK((rig.identify()[85] & 0x20) == 0);
    const u32 before = rig.disk.flushes;
    rig.lba28(1, 1);
    rig.command(0x30);
    rig.give(pattern(512, 0));
    CHECK(rig.wait() == idle_status);
    CHECK(rig.disk.flushes == before + 1);
}

TEST_CASE("the power modes can be set and asked for") {
    Rig rig;
    rig.command(0xe5);
    CHECK(rig.in(count) == 0xff);
    rig.command(0xe0);
    rig.command(0xe5);
    CHECK(rig.in(count) == 0x00);
    rig.lba28(0, 1);
    rig.command(0x20);
    rig.take(512);
    rig.command(0xe5);
    CHECK(rig.in(count) == 0xff);
    rig.command(0xe6); // sleep: only a reset wakes
    CHECK((rig.command(0xec) & err) != 0);
    rig.out(control, 4);
    rig.out(control, 0);
    rig.wait();
    CHECK(rig.identify()[0] == 0x0040);
}

TEST_CASE("the last address of the disk can be asked for") {
    Rig rig;
    rig.out(device, 0xe0);
    CHECK(rig.command(0xf8) == idle_status);
    CHECK((rig.in(lba_low) | rig.in(lba_mid) << 8 | rig.in(lba_high) << 16) == disk_sectors - 1);
    CHECK(rig.command(0x27) == idle_status);
    CHECK((rig.in(lba_low) | rig.in(lba_mid) << 8 | rig.in(lba_high) << 16) == disk_sectors - 1);
    rig.out(control, 0x80);
    CHECK(rig.in(lba_low) == 0);
}

TEST_CASE("trimmed ranges are given up, unless they are not on the disk") {
    Rig rig;
    rig.fill(10, 4, 1);
    const u64 list = FakeBus::ram_base.value + 0x4000;
    const auto trim = [&](u64 entry) {
        std::memset(rig.ram(list), 0, 512);
        std::memcpy(rig.ram(list), &entry, 8);
        rig.set_regions({{list, 512}});
        rig.out(error_features, 1);
        rig.lba48(0, 1);
        rig.out(status, 0x06);
        rig.out(bus_master, 0x01);
        return rig.wait();
    };
    CHECK((trim(u64{2} << 48 | 11)) == idle_status);
    CHECK(rig.sector(11)[5] == 0);
    CHECK(rig.sector(13)[5] != 0);
    rig.out(bus_master, 0);
    CHECK((trim(u64{2} << 48 | (disk_sectors - 1)) & err) != 0);
}

TEST_CASE("half a read survives a snapshot") {
    Rig rig;
    rig.fill(3, 2, 8);
    rig.lba28(3, 2);
    REQUIRE((rig.command(0x20) & drq) != 0);
    const auto first = rig.take(600);
    const auto drive = save(rig.drive), function = save(rig.ide);
    rig.drive.reset();
    rig.ide.reset();
    REQUIRE(restore(rig.drive, drive));
    REQUIRE(restore(rig.ide, function));
    auto bytes = first;
    const auto rest = rig.take(1024 - 600);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    CHECK(bytes == pattern(1024, 8));
}
