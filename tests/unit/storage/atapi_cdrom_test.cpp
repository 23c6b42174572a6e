#include "tests/unit/storage/ide_rig.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr GuestPhysical ram = FakeBus::ram_base;
constexpr u64 cd_blocks = 500;

struct OneCdrom {
    explicit OneCdrom(bool with_medium) : drive("cd0", {}, with_medium ? &disk : nullptr) {
        std::ranges::copy(pattern(disk.content.size(), 1), disk.content.begin());
    }
    MemoryDisk disk{cd_blocks * 4, true};
    AtapiCdrom drive;
};

struct Rig : OneCdrom, IdeRig {
    explicit Rig(bool with_medium = true) : OneCdrom(with_medium), IdeRig(&drive) {}
    // Gets over the attention of power-on, as a driver does.
    void settle() {
        for (u32 i = 0; i < 3 && (packet({0x00}, 0xfffe) & err) != 0; ++i) sense();
    }
    // Everything that a packet gives, as long as the drive asks for the next block.
    std::vector<u8> ask(std::vector<u8> bytes, u16 limit = 0xfffe) {
        std::vector<u8> taken;
        u8 now = packet(std::move(bytes), limit);
        while ((now & drq) != 0) {
            REQUIRE(in(count) == 2);
            const std::size_t size = in(lba_mid) | static_cast<std::size_t>(in(lba_high)) << 8;
            REQUIRE(size <= limit);
            const auto part = take(size);
            taken.insert(taken.end(), part.begin(), part.end());
            now = wait();
        }
        REQUIRE(in(count) == 3);
        REQUIRE((now & err) == 0);
        return taken;
    }
    u32 sense() {
        const auto bytes = ask({0x03, 0, 0, 0, 18});
        REQUIRE(bytes.size() == 18);
        return static_cast<u32>(bytes[2] << 16 | bytes[12] << 8 | bytes[13]);
    }
    u32 sense_after(std::vector<u8> bytes) {
        REQUIRE((packet(std::move(bytes), 0xfffe) & err) != 0);
        REQUIRE(in(count) == 3);
        return sense();
    }
    [[nodiscard]] std::vector<u8> blocks(u64 first, u64 blocks) const {
        const auto from = disk.content.begin() + static_cast<i64>(first * 2048);
        return {from, from + static_cast<i64>(blocks * 2048)};
    }
};

} // namespace

TEST_CASE("an ATAPI drive shows its signature and aborts IDENTIFY DEVICE") {
    Rig rig;
    CHECK(rig.in(status) == 0);
    CHECK(rig.in(lba_mid) == 0x14);
    CHECK(rig.in(lba_high) == 0xeb);
    rig.out(lba_mid, 0);
    CHECK((rig.command(0xec) & err) != 0);
    CHECK(rig.in(error_features) == 4);
    CHECK(rig.in(lba_mid) == 0x14);
    CHECK(rig.in(lba_high) == 0xeb);
    REQUIRE((rig.command(0xa1) & drq) != 0);
    const auto identity = rig.take(512);
    CHECK((identity[1] << 8 | identity[0]) == 0x85c0);
    CHECK(rig.in(status) == idle_status);
}

TEST_CASE("DEVICE RESET is taken while the drive is busy, and raises no interrupt") {
    Rig rig;
    rig.out(status, 0xe1);
    REQUIRE(rig.in(status) == bsy);
    rig.out(status, 0x08);
    CHECK(rig.in(status) == 0);
    CHECK(rig.in(lba_high) == 0xeb);
    rig.bus.advance(10 * IdeChannel::delay_ns);
    CHECK(rig.irq.rises(14) == 0);
}

TEST_CASE("the first command after power-on is told of the reset, once") {
    Rig rig;
    CHECK(rig.ask({0x12, 0, 0, 0, 36}).size() == 36); // INQUIRY comes before
    CHECK((rig.packet({0x00}, 0) & err) != 0);
    CHECK(rig.in(error_features) == 0x60);
    CHECK(rig.sense() == 0x06'2900);
    CHECK(rig.packet({0x00}, 0) == idle_status);
    CHECK(rig.sense() == 0);
}

TEST_CASE("blocks come by PIO, in pieces within the byte count limit, each with an interrupt") {
    Rig rig;
    rig.settle();
    const u32 before = rig.irq.rises(14);
    rig.in(status);
    CHECK(rig.ask({0x28, 0, 0, 0, 0, 10, 0, 0, 3, 0}, 2048) == rig.blocks(10, 3));
    CHECK(rig.irq.rises(14) >= before + 1);
    CHECK(rig.ask({0x28, 0, 0, 0, 0, 10, 0, 0, 40, 0}) == rig.blocks(10, 40));
    CHECK(rig.ask({0xa8, 0, 0, 0, 1, 0, 0, 0, 0, 2}, 5000) == rig.blocks(256, 2));
    CHECK(rig.ask({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, 126) == rig.blocks(0, 1));
    CHECK(rig.ask({0xbe, 0, 0, 0, 0, 7, 0, 0, 2, 0x10, 0}) == rig.blocks(7, 2));
    CHECK(rig.ask({0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0}).empty());
}

TEST_CASE("blocks come by DMA") {
    Rig rig;
    rig.settle();
    rig.set_regions({{ram.value + 0x10000, 0x5000}});
    rig.packet({0x28, 0, 0, 0, 0, 5, 0, 0, 10, 0}, 0, true);
    rig.in(status);
    rig.out(bus_master, 0x09);
    rig.bus.advance(IdeChannel::delay_ns);
    CHECK((rig.in(bus_master + 2) & 7) == 4);
    CHECK(rig.in(status) == idle_status);
    CHECK(rig.in(count) == 3);
    CHECK(std::memcmp(rig.IdeRig::ram(ram.value + 0x10000), rig.blocks(5, 10).data(), 10 * 2048) == 0);
}

TEST_CASE("blocks beyond the medium are refused") {
    Rig rig;
    rig.settle();
    CHECK(rig.sense_after({0x28, 0, 0, 0, 1, 0xf4, 0, 0, 1, 0}) == 0x05'2100);
    CHECK(rig.sense_after({0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0}) == 0x05'2100);
    CHECK(rig.sense_after({0xa8, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}) == 0x05'2100);
    CHECK(rig.sense_after({0xff}) == 0x05'2000);
}

TEST_CASE("the drive tells the capacity and the table of contents") {
    Rig rig;
    rig.settle();
    CHECK(rig.ask({0x25}) == std::vector<u8>{0, 0, 0x01, 0xf3, 0, 0, 8, 0});
    CHECK(rig.ask({0x43, 0, 0, 0, 0, 0, 0, 0, 0xff}) ==
          std::vector<u8>{0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 0x01, 0xf4});
    CHECK(rig.ask({0x43, 2, 0, 0, 0, 0, 0xaa, 0, 0xff}) == // in minutes, seconds, frames
          std::vector<u8>{0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 8, 50});
    CHECK(rig.ask({0x43, 0, 1, 0, 0, 0, 0, 0, 0xff}) == std::vector<u8>{0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0});
    CHECK(rig.ask({0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40}).size() == 12); // the format where SFF-8020 has it
    const auto full = rig.ask({0x43, 2, 2, 0, 0, 0, 0, 0, 0xff});
    REQUIRE(full.size() == 4 + 4 * 11);
    CHECK(full[4 + 3] == 0xa0);
    CHECK(full[4 + 2 * 11 + 3] == 0xa2);
    CHECK(full[4 + 2 * 11 + 9] == 8);
    CHECK(rig.ask({0x43, 0, 0, 0, 0, 0, 0, 0, 4}).size() == 4); // cut to what was asked for
    CHECK(rig.sense_after({0x43, 0, 0, 0, 0, 0, 2, 0, 0xff}) == 0x05'2400);
}

TEST_CASE("the drive tells what it can do") {
    Rig rig;
    rig.settle();
    const auto inquiry = rig.ask({0x12, 0, 0, 0, 255});
    CHECK(inquiry.size() == 36);
    CHECK(inquiry[0] == 5);
    CHECK(inquiry[1] == 0x80);
    const auto capabilities = rig.ask({0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 0xff});
    CHECK(capabilities.size() == 8 + 20);
    CHECK((capabilities[0] << 8 | capabilities[1]) == 26);
    CHECK(capabilities[8] == 0x2a);
    CHECK(rig.ask({0x1a, 0, 0x3f, 0, 255})[0] > 20);
    CHECK(rig.sense_after({0x5a, 0, 0x2b, 0, 0, 0, 0, 0, 0xff}) == 0x05'2400);
    CHECK(rig.sense_after({0x5a, 0, 0xea, 0, 0, 0, 0, 0, 0xff}) == 0x05'3900);
    const auto configuration = rig.ask({0x46, 0, 0, 0, 0, 0, 0, 1, 0});
    CHECK((configuration[6] << 8 | configuration[7]) == 8); // a CD-ROM is in it
    CHECK(configuration.size() == 4U + static_cast<u32>(configuration[2] << 8 | configuration[3]));
    CHECK(rig.ask({0x46, 2, 0, 0x10, 0, 0, 0, 1, 0}).size() == 8 + 12);
    CHECK(rig.ask({0x51, 0, 0, 0, 0, 0, 0, 0, 0xff}).size() == 34);
    CHECK(rig.ask({0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8}).size() == 8);
    CHECK(rig.ask({0x42, 2, 0x40, 1, 0, 0, 0, 0, 0xff}).size() == 16);
    CHECK(rig.ask({0x42, 2, 0, 1, 0, 0, 0, 0, 0xff}).size() == 4);
}

TEST_CASE("an empty drive says that it has no medium") {
    Rig rig(false);
    rig.settle();
    CHECK(rig.sense_after({0x00}) == 0x02'3a01);
    CHECK(rig.sense_after({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}) == 0x02'3a01);
    CHECK(rig.ask({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}) == std::vector<u8>{0, 6, 4, 0x10, 0, 0, 0, 0});
}

TEST_CASE("a changed medium is announced by an attention and an event") {
    Rig rig(false);
    rig.settle();
    rig.drive.change_medium(&rig.disk);
    CHECK(rig.ask({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}) == std::vector<u8>{0, 6, 4, 0x10, 2, 2, 0, 0});
    CHECK(rig.ask({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}) == std::vector<u8>{0, 6, 4, 0x10, 0, 2, 0, 0});
    CHECK(rig.sense_after({0x00}) == 0x06'2800);
    CHECK(rig.packet({0x00}, 0) == idle_status);
    rig.drive.change_medium(nullptr);
    CHECK(rig.ask({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}) == std::vector<u8>{0, 6, 4, 0x10, 3, 0, 0, 0});
    CHECK(rig.sense_after({0x00}) == 0x02'3a01);
}

TEST_CASE("the guest can open, close and lock the tray") {
    Rig rig;
    rig.settle();
    CHECK(rig.packet({0x1e, 0, 0, 0, 1}, 0) == idle_status);
    CHECK(rig.sense_after({0x1b, 0, 0, 0, 2}) == 0x05'5302);
    rig.drive.press_eject();
    CHECK_FALSE(rig.drive.tray_open());
    CHECK(rig.ask({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8})[4] == 1); // a wish to eject
    CHECK(rig.packet({0x1e, 0, 0, 0, 0}, 0) == idle_status);
    CHECK(rig.packet({0x1b, 0, 0, 0, 2}, 0) == idle_status);
    CHECK(rig.drive.tray_open());
    CHECK(rig.sense_after({0x00}) == 0x02'3a02);
    CHECK(rig.packet({0x1b, 0, 0, 0, 3}, 0) == idle_status);
    CHECK(rig.sense_after({0x00}) == 0x06'2800);
    CHECK(rig.packet({0x00}, 0) == idle_status);
}

TEST_CASE("a medium that goes away in the middle of a read ends the read") {
    Rig rig;
    rig.settle();
    REQUIRE((rig.packet({0x28, 0, 0, 0, 0, 0, 0, 0, 4, 0}, 2048) & drq) != 0);
    rig.take(100);
    rig.drive.change_medium(nullptr);
    CHECK((rig.in(status) & (drq | err)) == err);
}

TEST_CASE("a medium that the host can not read is a medium error") {
    Rig rig;
    rig.settle();
    rig.disk.fail = true;
    CHECK(rig.sense_after({0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}) == 0x03'1100);
}

TEST_CASE("half a packet survives a snapshot") {
    Rig rig;
    rig.settle();
    rig.out(lba_high, 0xff);
    REQUIRE((rig.command(0xa0) & drq) != 0);
    const u8 packet[12] = {0x25};
    rig.give(std::span(packet).first(6));
    const auto drive = save(rig.drive), function = save(rig.ide);
    rig.drive.reset();
    rig.ide.reset();
    REQUIRE(restore(rig.drive, drive));
    REQUIRE(restore(rig.ide, function));
    rig.give(std::span(packet).last(6));
    CHECK((rig.wait() & drq) != 0);
    CHECK(rig.take(8) == std::vector<u8>{0, 0, 0x01, 0xf3, 0, 0, 8, 0});
}

TEST_CASE("half a packet read survives a snapshot") {
    Rig rig;
    rig.settle();
    REQUIRE((rig.packet({0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0}, 2048) & drq) != 0);
    auto bytes = rig.take(1000);
    const auto drive = save(rig.drive), function = save(rig.ide);
    rig.drive.reset();
    rig.ide.reset();
    REQUIRE(restore(rig.drive, drive));
    REQUIRE(restore(rig.ide, function));
    const auto rest = rig.take(4096 - 1000);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    CHECK(bytes == rig.blocks(3, 2));
}
