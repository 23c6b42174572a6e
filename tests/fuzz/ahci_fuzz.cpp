#include <cstring>

#include "devices/storage/ahci.hpp"
#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/fuzz/together.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_disk.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 ram = FakeBus::ram_base.value;

struct Rig {
    FakeBus bus;
    MemoryDisk disk{3000};
    MemoryDisk medium{400, true};
    AtaDisk hard_disk{"disk0", {.serial_wire = true}, disk};
    AtapiCdrom cdrom{"cd0", {.serial_wire = true}, &medium};
    AhciController ahci{"sata", bus.clock, bus.memory, {&hard_disk, &cdrom, nullptr}};
    Together all{{&ahci, &hard_disk, &cdrom}};

    template <typename T> void store(u64 address, T value) {
        std::memcpy(bus.ram->host() + (address - ram), &value, sizeof value);
    }
    static u64 some_address(FuzzRandom& random) {
        return random.one_in(16) ? random.edge() : ram + random.below(1 * MiB);
    }
    void port_write(u32 index, u32 offset, u64 value) { ahci.write(0x100 + index * 0x80 + offset, value, Width::word); }

    // A list of commands that are nearly right, in every slot.
    void put_list(u64 list, FuzzRandom& random) {
        static constexpr u8 codes[] = {0x20, 0x24, 0x25, 0x29, 0x30, 0x35, 0x39, 0x06, 0xec, 0xa1, 0xa0,
                                       0xa0, 0xa0, 0x60, 0x60, 0x61, 0x61, 0x2f, 0xef, 0xc6, 0xe7, 0x42};
        static constexpr u8 packets[] = {0x00, 0x03, 0x12, 0x1a, 0x1b, 0x25, 0x28, 0x28, 0x42,
                                         0x43, 0x46, 0x4a, 0x51, 0x5a, 0xa8, 0xbd, 0xbe};
        for (u32 slot = 0; slot < 32; ++slot) {
            const u64 table = ram + 0x8000 + slot * 0x400;
            store<u32>(list + slot * 32,
                       static_cast<u32>(5 | random.below(8) << 5 | random.below(random.one_in(8) ? 65536 : 40) << 16));
            store<u64>(list + slot * 32 + 8, random.one_in(32) ? random.edge() : table);
            const u8 frame[20] = {static_cast<u8>(random.one_in(32) ? random.next() : 0x27),
                                  static_cast<u8>(random.one_in(16) ? 0 : 0x80),
                                  codes[random.below(std::size(codes))],
                                  static_cast<u8>(random.below(20)),
                                  static_cast<u8>(random.next()),
                                  static_cast<u8>(random.below(8)),
                                  static_cast<u8>(random.one_in(16)),
                                  0x40,
                                  0,
                                  0,
                                  0,
                                  0,
                                  static_cast<u8>(random.below(64)),
                                  0,
                                  0,
                                  static_cast<u8>(random.below(8))};
            std::memcpy(bus.ram->host() + (table - ram), frame, sizeof frame);
            const u8 packet[12] = {
                packets[random.below(std::size(packets))], 0, 0, 0, 0, static_cast<u8>(random.below(120)), 0, 0,
                static_cast<u8>(random.below(9)),          0};
            std::memcpy(bus.ram->host() + (table + 0x40 - ram), packet, sizeof packet);
            for (u32 i = 0; i < 16; ++i) {
                store<u64>(table + 0x80 + i * 16, some_address(random));
                store<u64>(table + 0x88 + i * 16, (random.one_in(4) ? random.edge() : random.below(8192)) << 32);
            }
        }
    }
    void go(FuzzRandom& random) {
        const u64 list = ram + 0x4000;
        put_list(list, random);
        for (u32 index = 0; index < 3; ++index) {
            port_write(index, 0x18, 0);
            port_write(index, 0x00, list);
            port_write(index, 0x04, random.one_in(32));
            port_write(index, 0x08, random.one_in(32) ? random.edge() : ram + 0x6000);
            port_write(index, 0x0c, 0);
            port_write(index, 0x18, 0x11);
            port_write(index, 0x34, random.next());
            port_write(index, 0x38, random.edge());
        }
        bus.advance(AhciPort::delay_ns);
    }
};

} // namespace

TEST_CASE("an AHCI controller survives random registers and hostile command lists") {
    Rig rig;
    const auto outside = [&](FuzzRandom& random) {
        if (random.one_in(16)) rig.disk.fail = random.one_in(2);
        if (random.one_in(32)) rig.cdrom.change_medium(random.one_in(2) ? &rig.medium : nullptr);
        if (random.one_in(4)) rig.go(random);
    };
    fuzz_device(rig.bus, rig.ahci, AhciController::bar_bytes,
                {.accesses = 50'000,
                 .offsets = {0x04,  0x08,  0x100, 0x108, 0x110, 0x114, 0x118, 0x12c, 0x130, 0x134,
                             0x138, 0x180, 0x188, 0x190, 0x198, 0x1b4, 0x1b8, 0x218, 0x22c, 0x238},
                 .values = {0, 1, 0x10, 0x11, 0x19, 0x301, 0x300, ram + 0x4000, ram + 0x6000, ~u64{0}},
                 .component = &rig.all,
                 .outside = outside});
}
