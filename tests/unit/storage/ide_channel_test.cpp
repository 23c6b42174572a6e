#include "tests/unit/storage/ide_rig.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr GuestPhysical ram = FakeBus::ram_base;

struct TwoDisks {
    MemoryDisk first_disk{70000}, second_disk{1000};
    AtaDisk first{"disk0", {}, first_disk}, second{"disk1", {}, second_disk};
};

struct Rig : TwoDisks, IdeRig {
    Rig() : IdeRig(&first, &second, 40 * MiB) {}
    void fill(u64 lba, u64 sectors, u8 seed) {
        std::ranges::copy(pattern(sectors * 512, seed), first_disk.content.begin() + static_cast<i64>(lba * 512));
    }
    bool memory_is(u64 address, std::span<const u8> wanted) {
        return std::memcmp(IdeRig::ram(address), wanted.data(), wanted.size()) == 0;
    }
};

} // namespace

TEST_CASE("a channel without drives floats, with bit 7 pulled down") {
    IdeRig rig(nullptr);
    CHECK(rig.in(status) == 0x7f);
    CHECK(rig.in(0x177) == 0x7f);
    rig.out(lba_low, 0x55);
    CHECK(rig.in(lba_low) != 0x55);
    rig.command(0xec);
    CHECK(rig.irq.rises(14) == 0);
    // There is nothing that a reset could keep busy.
    rig.out(control, 0x04);
    rig.out(control, 0);
    CHECK(rig.bus.clock.next_deadline_ns() == never_ns);
    CHECK(rig.in(status) == 0x7f);
}

TEST_CASE("a first drive alone answers with nothing for the second") {
    MemoryDisk disk(100);
    AtaDisk drive("disk0", {}, disk);
    IdeRig rig(&drive);
    rig.out(device, 0xb0);
    CHECK(rig.in(status) == 0);
    rig.out(status, 0xec);
    CHECK(rig.wait() == 0);
    rig.out(device, 0xa0);
    CHECK(rig.in(status) == idle_status);
}

TEST_CASE("DEV selects the drive that a command is for") {
    Rig rig;
    rig.first_disk.content[0] = 1;
    rig.second_disk.content[0] = 2;
    for (const u8 which : {u8{0}, u8{1}}) {
        rig.lba28(0, 1);
        rig.out(device, 0xe0U | which * 16U);
        REQUIRE((rig.command(0x20) & drq) != 0);
        CHECK(rig.take(512)[0] == which + 1);
    }
}

TEST_CASE("SRST and EXECUTE DEVICE DIAGNOSTIC show both drives' signatures") {
    Rig rig;
    const auto signature = [&](u8 which) {
        rig.out(device, 0xa0U | which * 16U);
        return rig.in(count) == 1 && rig.in(lba_low) == 1 && rig.in(lba_mid) == 0 && rig.in(lba_high) == 0 &&
               rig.in(error_features) == 1;
    };
    rig.lba28(0xaaaaaa, 0xaa);
    rig.out(control, 4);
    CHECK(rig.in(status) == bsy);
    rig.out(control, 0);
    CHECK(rig.in(status) == bsy);
    CHECK(rig.wait() == idle_status);
    CHECK(signature(0));
    CHECK(signature(1));
    CHECK(rig.irq.rises(14) == 0);
    rig.lba28(0xaaaaaa, 0xaa);
    rig.out(device, 0xb0);
    rig.command(0x90);
    CHECK(signature(0));
    CHECK(signature(1));
    CHECK(rig.irq.rises(14) == 1);
}

TEST_CASE("reading the status, but not the alternate status, takes note of the interrupt") {
    Rig rig;
    rig.command(0xe7);
    CHECK(rig.irq.level(14));
    rig.in(control);
    CHECK(rig.irq.level(14));
    rig.in(status);
    CHECK_FALSE(rig.irq.level(14));
}

TEST_CASE("nIEN keeps the interrupt from the line") {
    Rig rig;
    rig.out(control, 2);
    rig.command(0xe7);
    CHECK_FALSE(rig.irq.level(14));
    rig.out(control, 0);
    CHECK(rig.irq.level(14));
}

TEST_CASE("a register read with HOB set is the one written before") {
    Rig rig;
    rig.out(count, 0x12);
    rig.out(count, 0x34);
    CHECK(rig.in(count) == 0x34);
    rig.out(control, 0x80);
    CHECK(rig.in(count) == 0x12);
    rig.out(lba_low, 0);
    CHECK(rig.in(count) == 0x34);
}

TEST_CASE("a command takes its fixed time, and registers written meanwhile are not taken") {
    Rig rig;
    rig.lba28(9, 1);
    rig.out(status, 0x20);
    rig.bus.advance(IdeChannel::delay_ns - 1);
    CHECK(rig.in(status) == bsy);
    rig.out(count, 77);
    rig.out(status, 0xe7);
    rig.bus.advance(1);
    CHECK(rig.in(control) == (idle_status | drq));
    CHECK(rig.in(count) != 77);
}

TEST_CASE("the data port moves halves and words") {
    Rig rig;
    rig.fill(4, 1, 2);
    for (const Width width : {Width::half, Width::word}) {
        rig.lba28(4, 1);
        rig.command(0x20);
        CHECK(rig.take(512, width) == pattern(512, 2));
        CHECK(rig.in(status) == idle_status);
    }
    rig.lba28(5, 1);
    rig.command(0x30);
    rig.give(pattern(512, 6), Width::word);
    CHECK(rig.wait() == idle_status);
    CHECK(std::memcmp(&rig.first_disk.content[5 * 512], pattern(512, 6).data(), 512) == 0);
}

TEST_CASE("DMA reads into several regions and tells the end of it") {
    Rig rig;
    rig.fill(10, 4, 3);
    rig.set_regions({{ram.value + 0x10000, 1024}, {ram.value + 0x20002, 1000}, {ram.value + 0x30000, 24}});
    rig.out(bus_master, 0x08);
    rig.lba28(10, 4);
    rig.out(status, 0xc8);
    rig.out(bus_master, 0x09);
    CHECK((rig.in(bus_master + 2) & 7) == 1);
    CHECK(rig.wait() == idle_status);
    CHECK((rig.in(bus_master + 2) & 7) == 4);
    CHECK(rig.irq.rises(14) == 1);
    const auto wanted = pattern(2048, 3);
    CHECK(rig.memory_is(ram.value + 0x10000, std::span(wanted).first(1024)));
    CHECK(rig.memory_is(ram.value + 0x20002, std::span(wanted).subspan(1024, 1000)));
    CHECK(rig.memory_is(ram.value + 0x30000, std::span(wanted).last(24)));
}

TEST_CASE("DMA may be started before or after the command") {
    Rig rig;
    rig.fill(10, 1, 3);
    rig.set_regions({{ram.value + 0x10000, 512}});
    SECTION("before") {
        rig.out(bus_master, 0x09);
        rig.lba28(10, 1);
        rig.command(0xc8);
    }
    SECTION("long after") {
        rig.lba28(10, 1);
        CHECK((rig.command(0xc8) & drq) != 0);
        CHECK(rig.irq.rises(14) == 0);
        rig.out(bus_master, 0x09);
        rig.bus.advance(IdeChannel::delay_ns);
    }
    CHECK(rig.irq.rises(14) == 1);
    CHECK(rig.memory_is(ram.value + 0x10000, pattern(512, 3)));
}

TEST_CASE("a region of 0 bytes is one of 64 KiB, and 65536 sectors go in one command") {
    Rig rig;
    rig.fill(0, 65536, 4);
    std::vector<IdeRig::Region> regions;
    for (u64 i = 0; i < 512; ++i) regions.push_back({ram.value + 0x100000 + i * 64 * KiB, 0});
    rig.set_regions(regions);
    rig.out(bus_master, 0x09);
    rig.lba48(0, 0);
    CHECK(rig.command(0x25) == idle_status);
    CHECK((rig.in(bus_master + 2) & 7) == 4);
    CHECK(rig.memory_is(ram.value + 0x100000, std::span(rig.first_disk.content).first(32 * MiB)));
}

TEST_CASE("regions that are larger than the transfer leave the engine active") {
    Rig rig;
    rig.set_regions({{ram.value + 0x10000, 1024}});
    rig.out(bus_master, 0x09);
    rig.lba28(0, 1);
    rig.command(0xc8);
    CHECK((rig.in(bus_master + 2) & 7) == 5);
    rig.out(bus_master, 0);
    CHECK((rig.in(bus_master + 2) & 7) == 4);
}

TEST_CASE("regions that are smaller than the transfer move what they have and leave the drive waiting") {
    Rig rig;
    rig.fill(0, 3, 5);
    std::memset(rig.IdeRig::ram(ram.value + 0x10000), 0xee, 2048);
    rig.set_regions({{ram.value + 0x10000, 1001}});
    rig.out(bus_master, 0x09);
    rig.lba28(0, 3);
    CHECK((rig.command(0xc8) & drq) != 0);
    CHECK((rig.in(bus_master + 2) & 7) == 0);
    CHECK(rig.irq.rises(14) == 0);
    const auto wanted = pattern(1536, 5);
    CHECK(rig.memory_is(ram.value + 0x10000, std::span(wanted).first(1001)));
    CHECK(*rig.IdeRig::ram(ram.value + 0x10000 + 1001) == 0xee);
    rig.out(bus_master, 0); // a second table can't go on within a sector
    rig.set_regions({{ram.value + 0x10000, 2048}});
    rig.out(bus_master, 0x09);
    rig.bus.advance(IdeChannel::delay_ns);
    CHECK((rig.in(status)&err) != 0);
}

TEST_CASE("a table or region that is not memory is an error of the bus master") {
    Rig rig;
    SECTION("the region") { rig.set_regions({{0x1000, 512}}); }
    SECTION("the table") {
        rig.set_regions({{ram.value + 0x10000, 512}});
        rig.out(bus_master + 4, 0x2000, Width::word);
    }
    rig.out(bus_master, 0x09);
    rig.lba28(0, 1);
    rig.command(0xc8);
    CHECK((rig.in(bus_master + 2) & 7) == 2);
    rig.out(control, 4); // and a reset brings the drive back
    rig.out(control, 0);
    CHECK(rig.wait() == idle_status);
    CHECK((rig.in(bus_master + 2) & 3) == 2);
    rig.out(bus_master + 2, 2);
    CHECK((rig.in(bus_master + 2) & 3) == 0);
}

TEST_CASE("a bus master that goes the other way moves nothing") {
    Rig rig;
    rig.fill(0, 1, 1);
    rig.set_regions({{ram.value + 0x10000, 512}});
    rig.out(bus_master, 0x01);
    rig.lba28(0, 1);
    rig.command(0xc8);
    CHECK((rig.in(bus_master + 2) & 7) == 2);
    CHECK(*rig.IdeRig::ram(ram.value + 0x10001) == 0);
}

TEST_CASE("the PIIX3 decodes its ports only as its configuration says") {
    Rig rig;
    rig.ide.write_config(0x40, 0, Width::half);
    CHECK(rig.in(status) == 0xff);
    rig.ide.write_config(0x40, 0x8000, Width::half);
    CHECK(rig.in(status) == idle_status);
    rig.ide.write_config(pci::command, 0, Width::half);
    CHECK(rig.in(status) == 0xff);
    const auto saved = save(rig.ide);
    rig.enable();
    REQUIRE(restore(rig.ide, saved));
    CHECK(rig.in(status) == 0xff);
    rig.ide.reset();
    CHECK(rig.ide.read_config(0x40, Width::word) == 0x8000'8000);
    rig.ide.write_config(pci::command, pci::command_io, Width::half);
    CHECK(rig.in(status) != 0xff);
    CHECK(rig.ide.read_config(0, Width::word) == 0x7010'8086);
    CHECK(rig.ide.read_config(8, Width::word) == 0x0101'8000);
}

TEST_CASE("a driver resets, identifies, reads by PIO and DMA, writes, flushes and reads back") {
    Rig rig;
    rig.out(control, 0x0c);
    rig.bus.advance(5'000);
    rig.out(control, 0x08);
    REQUIRE(rig.wait() == idle_status);
    rig.out(device, 0xa0);
    REQUIRE((rig.command(0xec) & drq) != 0);
    const auto identity = rig.take(512);
    REQUIRE((identity[49 * 2 + 1] & 3) == 3);
    REQUIRE(rig.in(status) == idle_status);
    rig.out(error_features, 3); // SET FEATURES: multiword DMA mode 2
    rig.out(count, 0x22);
    REQUIRE(rig.command(0xef) == idle_status);
    rig.in(status);
    const auto bytes = pattern(64 * 512, 9);
    std::memcpy(rig.IdeRig::ram(ram.value + 0x10000), bytes.data(), bytes.size());
    rig.set_regions({{ram.value + 0x10000, 0x4000}, {ram.value + 0x14000, 0x4000}});
    rig.out(bus_master, 0x00);
    rig.lba48(66000, 64);
    rig.out(status, 0x35);
    rig.out(bus_master, 0x01);
    REQUIRE(rig.wait() == idle_status);
    REQUIRE((rig.in(bus_master + 2) & 7) == 4);
    rig.out(bus_master, 0x00);
    REQUIRE(rig.in(status) == idle_status);
    rig.out(bus_master + 2, 0x04);
    REQUIRE(rig.command(0xea) == idle_status);
    CHECK(rig.first_disk.flushes == 1);
    rig.in(status);
    rig.set_regions({{ram.value + 0x40000, 0x8000}});
    rig.out(bus_master, 0x08);
    rig.lba48(66000, 64);
    rig.out(status, 0x25);
    rig.out(bus_master, 0x09);
    REQUIRE(rig.wait() == idle_status);
    CHECK(rig.memory_is(ram.value + 0x40000, bytes));
    rig.lba48(66000, 64);
    REQUIRE((rig.command(0x24) & drq) != 0);
    CHECK(rig.take(64 * 512) == bytes);
}
