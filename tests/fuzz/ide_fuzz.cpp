#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/piix3_ide.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/fuzz/together.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_disk.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// One window that holds all of a channel's ports: its two blocks and its half of the bus master.
class AllPorts final : public IoHandler {
public:
    static constexpr u64 window_size_bytes = 24;
    AllPorts(Piix3Ide& ide, IoHandler& bus_masters) : ide_(ide), bus_masters_(bus_masters) {}
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override {
        const u64 at = offset % 8;
        if (offset < 8) return ide_.channel(0).command_block().read(at, width) & mask(width);
        return offset < 16 ? bus_masters_.read(at, width) : ide_.channel(0).control_block().read(0, Width::byte) & 0xff;
    }
    void write(u64 offset, u64 value, Width width) override {
        const u64 at = offset % 8;
        if (offset < 8)
            ide_.channel(0).command_block().write(at, value, width);
        else if (offset < 16)
            bus_masters_.write(at, value, width);
        else
            ide_.channel(0).control_block().write(0, value & 0xff, Width::byte);
    }

private:
    Piix3Ide& ide_;
    IoHandler& bus_masters_;
};

// A table of regions, some good, where the values below point the bus master, and firmware that switches it on.
struct Rig {
    FakeBus bus;
    FakeIrqSink irq;
    MemoryDisk disk{3000};
    MemoryDisk medium{400, true};
    AtaDisk hard_disk{"disk0", {}, disk};
    AtapiCdrom cdrom{"cd0", {}, &medium};
    Piix3Ide ide{"ide", {bus.clock, bus.memory, {irq.line(14), irq.line(15)}, {&hard_disk, &cdrom, nullptr, nullptr}}};
    Together all{{&ide, &hard_disk, &cdrom}};

    void enable() {
        ide.write_config(pci::command, pci::command_io | pci::command_bus_master, Width::half);
        ide.write_config(0x40, 0x8000'8000, Width::word);
    }
    void put_regions(FuzzRandom& random) {
        for (u32 i = 0; i < 8; ++i) {
            const u32 region[] = {
                static_cast<u32>(random.one_in(4) ? random.edge() : FakeBus::ram_base.value + random.below(1 * MiB)),
                static_cast<u32>(random.one_in(2) ? random.below(4096) : random.edge())};
            std::memcpy(bus.ram->host() + 0x1000 + i * 8, region, sizeof region);
        }
    }
    // What chance alone would seldom finish: a reset that ends, then a command with its registers, its data and its
    // DMA.
    void wake(AllPorts& ports) {
        ports.write(16, 4, Width::byte);
        ports.write(16, 0, Width::byte);
        bus.advance(IdeChannel::delay_ns);
    }
    void start_dma(AllPorts& ports, FuzzRandom& random) {
        ports.write(8, 0, Width::byte);
        ports.write(12, FakeBus::ram_base.value + 0x1000, Width::word);
        ports.write(8, random.one_in(2) ? 9 : 1, Width::byte);
        bus.advance(IdeChannel::delay_ns);
    }
    void give_command(AllPorts& ports, FuzzRandom& random) {
        static constexpr u8 codes[] = {0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x3d, 0x06,
                                       0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xce, 0xec, 0xef, 0x91, 0x42};
        wake(ports);
        ports.write(6, random.one_in(4) ? 0xa0 : 0xe0, Width::byte);
        for (u32 i = 1; i < 6; ++i) {
            ports.write(i, random.one_in(8) ? random.next() & 0xff : 0, Width::byte);
            ports.write(i, random.below(i == 2 || i == 3 ? 16 : 2), Width::byte);
        }
        ports.write(7, codes[random.below(std::size(codes))], Width::byte);
        bus.advance(IdeChannel::delay_ns);
        if (random.one_in(2)) start_dma(ports, random);
        const u64 words = random.below(600);
        for (u64 i = 0; i < words; ++i)
            random.one_in(2) ? ports.write(0, random.next(), Width::word) : void(ports.read(0, Width::word));
    }
    void give_packet(AllPorts& ports, FuzzRandom& random) {
        static constexpr u8 codes[] = {0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2b,
                                       0x42, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xa8, 0xbd, 0xbe};
        wake(ports);
        ports.write(6, 0x10, Width::byte);
        ports.write(1, random.below(2), Width::byte);
        ports.write(4, random.edge() & 0xff, Width::byte);
        ports.write(5, random.edge() & 0xff, Width::byte);
        ports.write(7, 0xa0, Width::byte);
        ports.write(0, codes[random.below(std::size(codes))] | random.below(4) << 8, Width::half);
        for (u32 i = 1; i < 6; ++i)
            ports.write(0, random.one_in(8) ? random.edge() & 0xffff : random.below(3) << 8, Width::half);
        bus.advance(IdeChannel::delay_ns);
        if (random.one_in(2)) start_dma(ports, random);
        for (u32 i = 0; i < 600; ++i) ports.read(0, Width::word);
    }
};

} // namespace

TEST_CASE("an IDE channel survives random commands and hostile tables of regions") {
    Rig rig;
    rig.enable();
    AllPorts ports(rig.ide, *rig.ide.enabled_windows().at(0).handler);
    const auto outside = [&](FuzzRandom& random) {
        rig.enable();
        rig.put_regions(random);
        if (random.one_in(16)) rig.disk.fail = random.one_in(2);
        if (random.one_in(32)) rig.cdrom.change_medium(random.one_in(2) ? &rig.medium : nullptr);
        if (random.one_in(64)) rig.cdrom.press_eject();
        if (random.one_in(2)) return;
        if (random.one_in(2))
            rig.give_packet(ports, random);
        else
            rig.give_command(ports, random);
    };
    fuzz_device(rig.bus, ports, AllPorts::window_size_bytes,
                {.accesses = 100'000,
                 .offsets = {0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 10, 12, 16},
                 .values = {0x00,
                            0x01,
                            0x04,
                            0x09,
                            0x08,
                            0x10,
                            0x20,
                            0x24,
                            0x25,
                            0x29,
                            0x30,
                            0x34,
                            0x35,
                            0x39,
                            0x40,
                            0x42,
                            0x06,
                            0x90,
                            0x91,
                            0xa0,
                            0xa1,
                            0xb0,
                            0xc4,
                            0xc5,
                            0xc6,
                            0xc8,
                            0xca,
                            0xe0,
                            0xe0,
                            0xe6,
                            0xe7,
                            0xec,
                            0xef,
                            0xf8,
                            0x2f,
                            0x60,
                            FakeBus::ram_base.value + 0x1000},
                 .component = &rig.all,
                 .outside = outside});
}

TEST_CASE("the configuration space of the IDE function survives random writes") {
    Rig rig;
    FuzzRandom random(3);
    for (u32 i = 0; i < 20'000; ++i) {
        const u32 at = static_cast<u32>(random.below(64) * 4);
        rig.ide.write_config(at, static_cast<u32>(random.edge()), Width::word);
        REQUIRE(rig.ide.enabled_windows().size() <= 1);
    }
    CHECK(rig.ide.read_config(0, Width::word) == 0x7010'8086);
}
