// A PIIX3 IDE function at a PC's ports, and what a driver does with one channel of it.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/piix3_ide.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/memory_disk.hpp"

namespace orrery::test {

enum Port : u64 {
    data = 0x1f0,
    error_features = 0x1f1,
    count = 0x1f2,
    lba_low = 0x1f3,
    lba_mid = 0x1f4,
    lba_high = 0x1f5,
    device = 0x1f6,
    status = 0x1f7,
    control = 0x3f6,
    bus_master = 0xc000,
};

enum StatusBit : u8 { err = 0x01, drq = 0x08, df = 0x20, bsy = 0x80, idle_status = 0x50 };

inline std::vector<u8> pattern(std::size_t bytes, u8 seed) {
    std::vector<u8> made(bytes);
    for (std::size_t i = 0; i < bytes; ++i) made[i] = static_cast<u8>(seed + i * 7 + i / 256);
    return made;
}

class IdeRig {
public:
    explicit IdeRig(AtaDrive* first, AtaDrive* second = nullptr, u64 ram_bytes = 1 * MiB)
        : bus(ram_bytes),
          ide("ide", {bus.clock, bus.memory, {irq.line(14), irq.line(15)}, {first, second, nullptr, nullptr}}) {
        for (u32 i = 0; i < Piix3Ide::channel_count; ++i) {
            map(Piix3Ide::command_block_base[i], IdeChannel::command_block_ports, ide.channel(i).command_block());
            map(Piix3Ide::control_block_base[i], IdeChannel::control_block_ports, ide.channel(i).control_block());
        }
        enable();
        map(bus_master, 16, *ide.enabled_windows().at(0).handler);
    }
    // As firmware does: I/O and bus master on, both channels decoded.
    void enable() {
        ide.write_config(0x20, bus_master, Width::word);
        ide.write_config(pci::command, pci::command_io | pci::command_bus_master, Width::half);
        ide.write_config(0x40, 0x8000'8000, Width::word);
    }
    u8 in(u64 port) { return static_cast<u8>(*ports.read({port}, Width::byte)); }
    void out(u64 port, u64 value, Width width = Width::byte) { REQUIRE(ports.write({port}, value, width)); }

    // Until the drive isn't busy; what the alternate status then is.
    u8 wait() {
        for (u32 i = 0; i < 100 && (in(control)&bsy) != 0; ++i) bus.advance(IdeChannel::delay_ns);
        return in(control);
    }
    void lba28(u64 lba, u8 sectors) {
        out(device, 0xe0 | (lba >> 24 & 0xf));
        out(count, sectors);
        out(lba_low, lba);
        out(lba_mid, lba >> 8);
        out(lba_high, lba >> 16);
    }
    void lba48(u64 lba, u16 sectors) {
        out(device, 0x40);
        for (const u32 shift : {24U, 0U}) {
            out(count, sectors >> (shift == 0 ? 0 : 8));
            out(lba_low, lba >> shift);
            out(lba_mid, lba >> (shift + 8));
            out(lba_high, lba >> (shift + 16));
        }
    }
    u8 command(u8 code) {
        out(status, code);
        return wait();
    }
    std::vector<u8> take(std::size_t bytes, Width width = Width::half) {
        std::vector<u8> taken;
        while (taken.size() < bytes) {
            const u64 word = *ports.read({data}, width);
            for (u64 i = 0; i < orrery::bytes(width); ++i) taken.push_back(static_cast<u8>(word >> (i * 8)));
        }
        taken.resize(bytes);
        return taken;
    }
    void give(std::span<const u8> bytes, Width width = Width::half) {
        for (std::size_t at = 0; at < bytes.size(); at += orrery::bytes(width)) {
            u64 word = 0;
            std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(orrery::bytes(width), bytes.size() - at));
            out(data, word, width);
        }
    }
    u8 packet(std::vector<u8> packet, u16 byte_count_limit, bool dma = false) {
        packet.resize(12);
        out(error_features, dma);
        out(lba_mid, byte_count_limit & 0xff);
        out(lba_high, byte_count_limit >> 8);
        REQUIRE((command(0xa0) & drq) != 0);
        REQUIRE(in(count) == 1);
        give(packet);
        return wait();
    }
    // A table of regions at `table` in RAM, and the engine pointed at it.
    struct Region {
        u64 address;
        u16 bytes;
    };
    void set_regions(const std::vector<Region>& regions, u64 table = FakeBus::ram_base.value + 0x1000) {
        u64 at = table - FakeBus::ram_base.value;
        for (std::size_t i = 0; i < regions.size(); ++i, at += 8) {
            const u32 address = static_cast<u32>(regions[i].address);
            const u32 rest = regions[i].bytes | (i + 1 == regions.size() ? 0x8000'0000U : 0U);
            std::memcpy(bus.ram->host() + at, &address, 4);
            std::memcpy(bus.ram->host() + at + 4, &rest, 4);
        }
        out(bus_master + 4, table, Width::word);
        out(bus_master + 2, 0x06);
    }
    u8* ram(u64 address) { return bus.ram->host() + (address - FakeBus::ram_base.value); }

    FakeBus bus;
    FakeIrqSink irq;
    AddressSpace ports{"ports", bus.lock};
    Piix3Ide ide;

private:
    void map(u64 base, u64 size, IoHandler& handler) {
        REQUIRE(ports.map({.base = {base}, .size_bytes = size, .io = &handler, .name = "ide"}));
    }
};

} // namespace orrery::test
