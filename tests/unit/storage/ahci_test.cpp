#include <cstring>

#include "devices/storage/ahci.hpp"
#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/memory_disk.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 ram = FakeBus::ram_base.value;
constexpr u64 list_at = ram, frames_at = ram + 0x400, tables_at = ram + 0x1000, data_at = ram + 0x40000;
constexpr u64 disk_sectors = 70000;
constexpr u32 atapi_flag = 1U << 5, write_flag = 1U << 6;

enum Register : u32 {
    is = 0x10,
    ie = 0x14,
    cmd = 0x18,
    tfd = 0x20,
    sig = 0x24,
    ssts = 0x28,
    sctl = 0x2c,
    serr = 0x30,
    sact = 0x34,
    ci = 0x38
};

std::vector<u8> pattern(std::size_t bytes, u8 seed) {
    std::vector<u8> made(bytes);
    for (std::size_t i = 0; i < bytes; ++i) made[i] = static_cast<u8>(seed + i * 5 + i / 512);
    return made;
}

struct Region {
    u64 address;
    u32 bytes;
};

class InterruptWatch final : public PciBus {
public:
    explicit InterruptWatch(PciDevice& device) : device_(device) { device.connect(*this); }
    void decoding_changed() override {}
    void interrupt_changed() override { level = device_.interrupt_asserted(); }
    bool level = false;

private:
    PciDevice& device_;
};

// A disk at port 0, a CD-ROM at port 1, nothing at port 2.
struct Rig {
    Rig() {
        std::ranges::copy(pattern(medium.content.size(), 7), medium.content.begin());
        bus.plug(ahci, AhciController::bar_bytes);
    }
    u32 get(u32 offset) { return static_cast<u32>(bus.read(offset)); }
    void set(u32 offset, u32 value) { REQUIRE(bus.write(offset, value)); }
    u32 port(u32 index, u32 offset) { return get(0x100 + index * 0x80 + offset); }
    void set_port(u32 index, u32 offset, u32 value) { set(0x100 + index * 0x80 + offset, value); }
    template <typename T> T load(u64 address) {
        T value;
        std::memcpy(&value, bus.ram->host() + (address - ram), sizeof value);
        return value;
    }
    template <typename T> void store(u64 address, T value) {
        std::memcpy(bus.ram->host() + (address - ram), &value, sizeof value);
    }
    u8* host(u64 address) { return bus.ram->host() + (address - ram); }

    // As a driver begins: AHCI on, interrupts on, a list and a place for frames, ST.
    void start(u32 index) {
        set(0x04, 0x8000'0002);
        set_port(index, 0x00, static_cast<u32>(list_at));
        set_port(index, 0x04, 0);
        set_port(index, 0x08, static_cast<u32>(frames_at));
        set_port(index, 0x0c, 0);
        set_port(index, serr, ~0U);
        set_port(index, is, ~0U);
        set_port(index, cmd, 0x10);
        set_port(index, ie, ~0U);
        set_port(index, cmd, 0x11);
    }
    struct Frame {
        u8 code = 0;
        u64 lba = 0;
        u16 count = 0;
        u16 features = 0;
        u8 device = 0x40;
    };
    static u64 table_of(u32 slot) { return tables_at + slot * 0x400; }
    void put_slot(u32 slot, const Frame& f, const std::vector<Region>& regions, u32 flags = 0) {
        const u64 header = list_at + slot * 32;
        store<u32>(header, 5 | flags | static_cast<u32>(regions.size()) << 16);
        store<u32>(header + 4, 0);
        store<u64>(header + 8, table_of(slot));
        const u8 frame[20] = {0x27,
                              0x80,
                              f.code,
                              static_cast<u8>(f.features),
                              static_cast<u8>(f.lba),
                              static_cast<u8>(f.lba >> 8),
                              static_cast<u8>(f.lba >> 16),
                              f.device,
                              static_cast<u8>(f.lba >> 24),
                              static_cast<u8>(f.lba >> 32),
                              static_cast<u8>(f.lba >> 40),
                              static_cast<u8>(f.features >> 8),
                              static_cast<u8>(f.count),
                              static_cast<u8>(f.count >> 8)};
        std::memcpy(host(table_of(slot)), frame, sizeof frame);
        for (std::size_t i = 0; i < regions.size(); ++i) {
            store<u64>(table_of(slot) + 0x80 + i * 16, regions[i].address);
            store<u64>(table_of(slot) + 0x88 + i * 16, u64{regions[i].bytes - 1} << 32);
        }
    }
    void run(u32 index, u32 slots, u32 queued = 0) {
        if (queued != 0) set_port(index, sact, queued);
        set_port(index, ci, slots);
        bus.advance(AhciPort::delay_ns);
    }
    // One command in slot 0; what the task file then shows.
    u32 command(u32 index, const Frame& frame, const std::vector<Region>& regions, u32 flags = 0) {
        put_slot(0, frame, regions, flags);
        run(index, 1);
        return port(index, tfd);
    }
    u32 packet(const std::vector<u8>& bytes, const std::vector<Region>& regions, u16 features = 0) {
        std::memset(host(table_of(0) + 0x40), 0, 16);
        std::memcpy(host(table_of(0) + 0x40), bytes.data(), bytes.size());
        return command(1, {.code = 0xa0, .lba = 0xfffe00, .features = features, .device = 0xa0}, regions, atapi_flag);
    }
    bool memory_is(u64 address, std::span<const u8> wanted) {
        return std::memcmp(host(address), wanted.data(), wanted.size()) == 0;
    }
    void clear_interrupts(u32 index) {
        set_port(index, is, ~0U);
        set(0x08, ~0U);
    }

    FakeBus bus{64 * MiB};
    MemoryDisk disk{disk_sectors};
    MemoryDisk medium{400, true};
    AtaDisk hard_disk{"disk0", {.serial_wire = true}, disk};
    AtapiCdrom cdrom{"cd0", {.serial_wire = true}, &medium};
    AhciController ahci{"sata", bus.clock, bus.memory, {&hard_disk, &cdrom, nullptr}};
    InterruptWatch irq{ahci};
};

} // namespace

TEST_CASE("the controller tells its ports, slots and drives") {
    Rig rig;
    CHECK((rig.get(0x00) & 0x1f) == 2);
    CHECK((rig.get(0x00) >> 8 & 0x1f) == 31);
    CHECK(rig.get(0x0c) == 7);
    CHECK(rig.get(0x10) == 0x0001'0301);
    CHECK(rig.get(0x04) == 0x8000'0000);
    CHECK(rig.port(0, ssts) == 0x123);
    CHECK(rig.port(0, sig) == 0x0000'0101);
    CHECK(rig.port(1, sig) == 0xeb14'0101);
    CHECK(rig.port(2, ssts) == 0);
    CHECK(rig.port(2, tfd) == 0x7f);
    CHECK(rig.ahci.read_config(8, Width::word) == 0x0106'0102);
}

TEST_CASE("a narrow read gives its part of a register") {
    Rig rig;
    CHECK(rig.bus.read(0x10, Width::byte) == 0x01);
    CHECK(rig.bus.read(0x12, Width::half) == 0x0001);
    CHECK(rig.bus.read(0x11, Width::byte) == 0x03);
}

TEST_CASE("the first frame waits for the place that it goes to") {
    Rig rig;
    rig.start(1);
    CHECK(rig.load<u8>(frames_at + 0x40) == 0x34);
    CHECK(rig.load<u8>(frames_at + 0x40 + 5) == 0x14);
    CHECK(rig.load<u8>(frames_at + 0x40 + 6) == 0xeb);
}

TEST_CASE("IDENTIFY DEVICE comes by PIO and ends with the frame of its data") {
    Rig rig;
    rig.start(0);
    CHECK((rig.command(0, {.code = 0xec}, {{data_at, 512}}) & 0xff) == 0x50);
    CHECK(rig.load<u16>(data_at + 76 * 2) == 0x0106);
    CHECK(rig.load<u16>(data_at + 75 * 2) == 31);
    CHECK((rig.port(0, is) & 3) == 2); // PIO setup, and no register frame
    CHECK(rig.load<u8>(frames_at + 0x20) == 0x5f);
    CHECK(rig.load<u8>(frames_at + 0x20 + 15) == 0x50);
    CHECK(rig.load<u16>(frames_at + 0x20 + 16) == 512);
    CHECK(rig.load<u32>(list_at + 4) == 512);
    CHECK(rig.port(0, ci) == 0);
    CHECK(rig.irq.level);
    rig.clear_interrupts(0);
    CHECK_FALSE(rig.irq.level);
}

TEST_CASE("commands run after a fixed time, and not before ST is set") {
    Rig rig;
    rig.set_port(0, ci, 1);
    CHECK(rig.port(0, ci) == 0);
    rig.start(0);
    rig.put_slot(0, {.code = 0xe7}, {});
    rig.set_port(0, ci, 1);
    rig.bus.advance(AhciPort::delay_ns - 1);
    CHECK(rig.port(0, ci) == 1);
    rig.bus.advance(1);
    CHECK(rig.port(0, ci) == 0);
    CHECK(rig.disk.flushes == 1);
    CHECK((rig.port(0, is) & 1) == 1);
}

TEST_CASE("DMA moves sectors between the disk and regions of memory") {
    Rig rig;
    rig.start(0);
    const auto bytes = pattern(16 * 512, 3);
    std::memcpy(rig.host(data_at), bytes.data(), bytes.size());
    CHECK((rig.command(0, {.code = 0x35, .lba = 66000, .count = 16}, {{data_at, 1000}, {data_at + 1000, 7192}},
                       write_flag) &
           0xff) == 0x50);
    CHECK(std::memcmp(&rig.disk.content[66000 * 512], bytes.data(), bytes.size()) == 0);
    CHECK((rig.command(0, {.code = 0x25, .lba = 66000, .count = 16},
                       {{data_at + 0x10000, 4096}, {data_at + 0x20000, 4096}}) &
           0xff) == 0x50);
    CHECK(rig.memory_is(data_at + 0x10000, std::span(bytes).first(4096)));
    CHECK(rig.memory_is(data_at + 0x20000, std::span(bytes).last(4096)));
    CHECK(rig.load<u32>(list_at + 4) == 8192);
    CHECK((rig.port(0, is) & 1) == 1);
    CHECK(rig.load<u8>(frames_at + 0x40) == 0x34);
    CHECK(rig.load<u8>(frames_at + 0x40 + 1) == 0x40);
}

TEST_CASE("a region of 4 MiB and a command of 65536 sectors work") {
    Rig rig;
    rig.start(0);
    std::ranges::copy(pattern(32 * MiB, 1), rig.disk.content.begin());
    std::vector<Region> regions;
    for (u64 i = 0; i < 8; ++i) regions.push_back({ram + 2 * MiB + i * 4 * MiB, 4 * MiB});
    CHECK((rig.command(0, {.code = 0x25, .count = 0}, regions) & 0xff) == 0x50);
    CHECK(rig.memory_is(ram + 2 * MiB, std::span(rig.disk.content).first(32 * MiB)));
}

TEST_CASE("queued commands leave their slot, then their tag") {
    Rig rig;
    rig.start(0);
    std::ranges::copy(pattern(32 * 4096, 9), rig.disk.content.begin());
    for (u32 tag = 0; tag < 32; ++tag)
        rig.put_slot(tag, {.code = 0x60, .lba = tag * 8, .count = static_cast<u16>(tag << 3), .features = 8},
                     {{data_at + tag * 4096, 4096}});
    rig.run(0, ~0U, ~0U);
    CHECK(rig.port(0, ci) == 0);
    CHECK(rig.port(0, sact) == 0);
    CHECK((rig.port(0, is) & 0xf) == 8); // set device bits only
    CHECK(rig.load<u8>(frames_at + 0x58) == 0xa1);
    CHECK(rig.load<u8>(frames_at) == 0x41);
    CHECK(rig.memory_is(data_at, std::span(rig.disk.content).first(32 * 4096)));
    std::memset(rig.host(data_at), 0x5a, 4096);
    rig.put_slot(3, {.code = 0x61, .lba = 600, .count = 3 << 3, .features = 8, .device = 0xc0}, {{data_at, 4096}},
                 write_flag);
    rig.run(0, 8, 8);
    CHECK(rig.disk.content[600 * 512] == 0x5a);
    CHECK(rig.disk.flushes == 1); // FUA
}

TEST_CASE("a queued command that fails stops the port, and log 10h tells which it was") {
    Rig rig;
    rig.start(0);
    rig.put_slot(4, {.code = 0x60, .lba = 0, .count = 4 << 3, .features = 8}, {{data_at, 4096}});
    rig.put_slot(5, {.code = 0x60, .lba = disk_sectors, .count = 5 << 3, .features = 8}, {{data_at, 4096}});
    rig.put_slot(6, {.code = 0x60, .lba = 8, .count = 6 << 3, .features = 8}, {{data_at, 4096}});
    rig.run(0, 0x70, 0x70);
    CHECK(rig.port(0, sact) == 0x60);
    CHECK((rig.port(0, is) & (1U << 30 | 8)) == (1U << 30 | 8));
    CHECK((rig.port(0, tfd) & 0xff01) == 0x1001);
    rig.bus.advance(1'000'000);
    CHECK(rig.port(0, ci) == 0x40); // never begun
    rig.set_port(0, cmd, 0x10);
    CHECK((rig.port(0, cmd) & 1U << 15) == 0);
    CHECK(rig.port(0, sact) == 0);
    rig.set_port(0, is, ~0U);
    rig.set_port(0, cmd, 0x11);
    CHECK((rig.command(0, {.code = 0x25, .count = 1}, {{data_at, 512}}) & 1) == 1); // until the log is read
    rig.set_port(0, cmd, 0x10);
    rig.set_port(0, is, ~0U);
    rig.set_port(0, cmd, 0x11);
    CHECK((rig.command(0, {.code = 0x2f, .lba = 0x10, .count = 1}, {{data_at, 512}}) & 0xff) == 0x50);
    CHECK(rig.load<u8>(data_at) == 5);
    CHECK(rig.load<u8>(data_at + 3) == 0x10);
    CHECK((rig.load<u32>(data_at + 4) & 0xff'ffff) == disk_sectors);
    u8 sum = 0;
    for (u64 i = 0; i < 512; ++i) sum = static_cast<u8>(sum + rig.load<u8>(data_at + i));
    CHECK(sum == 0);
    CHECK((rig.command(0, {.code = 0x25, .count = 1}, {{data_at, 512}}) & 0xff) == 0x50);
}

TEST_CASE("an error stops the port until ST is cleared, and the slot stays") {
    Rig rig;
    rig.start(0);
    CHECK((rig.command(0, {.code = 0xa1}, {{data_at, 512}}) & 0xff01) == 0x0401);
    CHECK(rig.port(0, ci) == 1);
    CHECK((rig.port(0, is) & (1U << 30 | 1)) == (1U << 30 | 1)); // a task file error, and the frame that told of it
    CHECK(rig.irq.level);
    rig.put_slot(1, {.code = 0xec}, {{data_at, 512}});
    rig.run(0, 2);
    CHECK(rig.port(0, ci) == 3);
    rig.set_port(0, cmd, 0x10);
    CHECK(rig.port(0, ci) == 0);
    rig.set_port(0, cmd, 0x11);
    rig.run(0, 2);
    CHECK(rig.port(0, ci) == 0);
}

TEST_CASE("two frames with SRST set and cleared reset the drive") {
    Rig rig;
    rig.start(1);
    rig.put_slot(0, {}, {});
    rig.store<u8>(Rig::table_of(0) + 1, 0);
    rig.store<u8>(Rig::table_of(0) + 15, 4);
    rig.run(1, 1);
    CHECK(rig.port(1, ci) == 0);
    std::memset(rig.host(frames_at), 0, 256);
    rig.store<u8>(Rig::table_of(0) + 15, 0);
    rig.run(1, 1);
    CHECK(rig.port(1, ci) == 0);
    CHECK(rig.load<u8>(frames_at + 0x40) == 0x34);
    CHECK(rig.port(1, sig) == 0xeb14'0101);
    CHECK((rig.port(1, tfd) & 0x89) == 0);
}

TEST_CASE("COMRESET takes the link down and up again, with a new signature") {
    Rig rig;
    rig.start(0);
    rig.set_port(0, cmd, 0x10);
    rig.set_port(0, sctl, 0x301);
    CHECK(rig.port(0, ssts) == 0);
    CHECK(rig.port(0, sig) == 0xffff'ffff);
    rig.set_port(0, sctl, 0x300);
    rig.bus.advance(AhciPort::delay_ns);
    CHECK(rig.port(0, ssts) == 0x123);
    CHECK((rig.port(0, is) & 1U << 6) != 0);
    CHECK(rig.port(0, sig) == 0x101);
    CHECK(rig.load<u8>(frames_at + 0x40) == 0x34);
    rig.set_port(0, serr, ~0U);
    CHECK((rig.port(0, is) & 1U << 6) == 0);
    rig.set_port(2, sctl, 1);
    rig.set_port(2, sctl, 0);
    rig.bus.advance(AhciPort::delay_ns);
    CHECK(rig.port(2, ssts) == 0);
}

TEST_CASE("the reset of the controller stops all ports and keeps their addresses") {
    Rig rig;
    rig.start(0);
    rig.put_slot(0, {.code = 0xe7}, {});
    rig.set_port(0, ci, 1);
    rig.set(0x04, 0x8000'0001);
    CHECK(rig.get(0x04) == 0x8000'0000);
    CHECK(rig.port(0, ci) == 0);
    CHECK(rig.port(0, cmd) == 6);
    CHECK(rig.port(0, 0x00) == static_cast<u32>(list_at));
    rig.bus.advance(1'000'000);
    CHECK(rig.disk.flushes == 0);
}

TEST_CASE("regions that are too small overflow") {
    Rig rig;
    rig.start(0);
    std::ranges::copy(pattern(1024, 2), rig.disk.content.begin());
    rig.command(0, {.code = 0x25, .count = 2}, {{data_at, 600}});
    CHECK((rig.port(0, is) & 1U << 24) != 0);
    CHECK(rig.memory_is(data_at, pattern(600, 2)));
    CHECK(rig.load<u8>(data_at + 600) == 0);
    CHECK(rig.port(0, ci) == 1);
}

TEST_CASE("what is not memory is a fatal error of the host bus") {
    Rig rig;
    rig.start(0);
    SECTION("a region") { rig.command(0, {.code = 0x25, .count = 1}, {{0x1000, 512}}); }
    SECTION("a region that wraps around") { rig.command(0, {.code = 0x25, .count = 1}, {{~u64{0} - 100, 512}}); }
    SECTION("the command table") {
        rig.put_slot(0, {.code = 0xec}, {{data_at, 512}});
        rig.store<u64>(list_at + 8, 0x4000);
        rig.run(0, 1);
    }
    SECTION("the list") {
        rig.set_port(0, 0x04, 1);
        rig.run(0, 1);
    }
    SECTION("the place of frames") {
        rig.set_port(0, 0x0c, 1);
        rig.command(0, {.code = 0xec}, {{data_at, 512}});
    }
    CHECK((rig.port(0, is) & 1U << 29) != 0);
    rig.bus.advance(1'000'000);
    rig.set_port(0, cmd, 0);
    rig.start(0);
    CHECK((rig.command(0, {.code = 0xec}, {{data_at, 512}}) & 0xff) == 0x50);
}

TEST_CASE("a CD-ROM is driven by packets, by DMA and by PIO") {
    Rig rig;
    rig.start(1);
    CHECK((rig.packet({0x00}, {}) & 0xff01) == 0x6001); // the attention of power-on
    rig.set_port(1, cmd, 0x10);
    rig.set_port(1, is, ~0U);
    rig.set_port(1, cmd, 0x11);
    CHECK((rig.packet({0x03, 0, 0, 0, 18}, {{data_at, 18}}) & 0xff) == 0x50);
    CHECK(rig.load<u8>(data_at + 12) == 0x29);
    CHECK((rig.packet({0x28, 0, 0, 0, 0, 4, 0, 0, 8, 0}, {{data_at, 8 * 2048}}, 1) & 0xff) == 0x50);
    CHECK(rig.memory_is(data_at, std::span(rig.medium.content).subspan(4 * 2048, 8 * 2048)));
    CHECK(rig.load<u32>(list_at + 4) == 8 * 2048);
    std::memset(rig.host(data_at), 0, 8 * 2048);
    CHECK((rig.packet({0x28, 0, 0, 0, 0, 4, 0, 0, 8, 0}, {{data_at, 3000}, {data_at + 3000, 0x4000 - 3000}}) & 0xff) ==
          0x50);
    CHECK(rig.memory_is(data_at, std::span(rig.medium.content).subspan(4 * 2048, 8 * 2048)));
    CHECK((rig.port(1, is) & 3) == 3); // its status has a frame of its own
}

TEST_CASE("a driver resets the port, identifies, writes, flushes and reads back queued") {
    Rig rig;
    rig.set(0x04, 0x8000'0001);
    rig.set(0x04, 0x8000'0002);
    rig.set_port(0, cmd, rig.port(0, cmd) & ~0x11U);
    REQUIRE((rig.port(0, cmd) & 0xc000) == 0);
    rig.set_port(0, sctl, 0x301);
    rig.bus.advance(1'000'000);
    rig.set_port(0, sctl, 0x300);
    rig.bus.advance(1'000'000);
    REQUIRE((rig.port(0, ssts) & 0xf) == 3);
    rig.start(0);
    REQUIRE((rig.port(0, tfd) & 0x88) == 0);
    REQUIRE((rig.command(0, {.code = 0xec}, {{data_at, 512}}) & 0xff) == 0x50);
    REQUIRE((rig.load<u16>(data_at + 76 * 2) & 0x100) != 0);
    rig.clear_interrupts(0);
    REQUIRE((rig.command(0, {.code = 0xef, .count = 0x46, .features = 3}, {}) & 0xff) == 0x50);
    rig.clear_interrupts(0);
    const auto bytes = pattern(128 * 512, 5);
    std::memcpy(rig.host(data_at), bytes.data(), bytes.size());
    for (u32 tag = 0; tag < 4; ++tag)
        rig.put_slot(tag, {.code = 0x61, .lba = 1000 + tag * 32, .count = static_cast<u16>(tag << 3), .features = 32},
                     {{data_at + tag * 0x4000, 0x4000}}, write_flag);
    rig.run(0, 0xf, 0xf);
    REQUIRE(rig.port(0, sact) == 0);
    REQUIRE(rig.irq.level);
    rig.clear_interrupts(0);
    REQUIRE((rig.command(0, {.code = 0xea}, {}) & 0xff) == 0x50);
    REQUIRE(rig.disk.flushes == 1);
    rig.put_slot(7, {.code = 0x60, .lba = 1000, .count = 7 << 3, .features = 128}, {{data_at + 0x80000, 0x10000}});
    rig.run(0, 0x80, 0x80);
    CHECK(rig.port(0, sact) == 0);
    CHECK(rig.memory_is(data_at + 0x80000, bytes));
}

TEST_CASE("commands that were issued survive a snapshot") {
    Rig rig;
    rig.start(0);
    rig.put_slot(0, {.code = 0xe7}, {});
    rig.set_port(0, ci, 1);
    const auto drive = save(rig.hard_disk), controller = save(rig.ahci);
    rig.ahci.reset();
    REQUIRE(rig.port(0, ci) == 0);
    REQUIRE(restore(rig.hard_disk, drive));
    REQUIRE(restore(rig.ahci, controller));
    CHECK(save(rig.ahci) == controller);
    rig.bus.advance(AhciPort::delay_ns);
    CHECK(rig.disk.flushes == 1);
    CHECK(rig.port(0, ci) == 0);
}
