#include "devices/irq/or_gate.hpp"
#include "devices/pci/config_ports.hpp"
#include "devices/pci/isa_bridge.hpp"
#include "devices/pci/pc_host_bridge.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

#include <cstring>

using namespace orrery;
using namespace orrery::test;

namespace {

struct Power final : PowerControl {
    void power_off(u32) override {}
    void reset() override { ++resets; }
    u32 resets = 0;
};

struct Video final : IoHandler {
    u64 read(u64 offset, Width) override { return offset & 0xff; }
    void write(u64, u64, Width) override { ++writes; }
    u32 writes = 0;
};

// A card with a frame buffer, ports and a ROM.
class Card final : public PciDevice, public IoHandler {
public:
    Card() : PciDevice("card", {.vendor_id = 0x1234, .device_id = 0x1111, .class_code = 0x030000}) {
        add_memory_bar(0, PciBarKind::memory32, *memory);
        add_bar(1, PciBarKind::io, 16, *this);
        add_rom(*rom);
        use_interrupt_pin(1);
        rom->host()[0] = 0x55;
    }
    u64 read(u64 offset, Width) override { return 0x40 + offset; }
    void write(u64, u64, Width) override {}
    void interrupt(bool level) { set_interrupt_pending(level); }
    std::unique_ptr<Ram> memory = Ram::create("frame", 1 * MiB).value();
    std::unique_ptr<Ram> rom = Ram::create("rom", 64 * KiB).value();
};

enum Pin : u32 { isa = 0, direct = 16, a20 = 24 };

struct Bench : FakeBus {
    explicit Bench(const PcHostBridgeModel& north = i440fx_host_bridge, const IsaBridgeModel& south = piix3_isa_bridge)
        : bridge("north", north, *shadow), isa_bridge("south", south, wiring()) {
        std::memset(rom->host(), 0xee, rom->size_bytes());
        std::array<IrqLine, IsaBridge::most_lines> lines;
        for (u32 i = 0; i < lines.size(); ++i) lines[i] = {isa_bridge, i};
        const PciHostLayout layout{.ecam = {},
                                   .io = {{0}, 0x1'0000, 0},
                                   .memory32 = {{0xc000'0000}, 0x3000'0000, 0xc000'0000},
                                   .memory64 = {{0x8'0000'0000}, 0x8'0000'0000, 0x8'0000'0000},
                                   .ports = &ports,
                                   .line_of = south.line_of};
        host = PciHost::create("pci", memory, layout, std::span(lines).first(south.line_count), &bridge).value();
        config = std::make_unique<PciConfigPorts>("config", *host, isa_bridge.reset_control());
        ports.map({.base = PciConfigPorts::base, .size_bytes = 8, .io = config.get(), .name = "config"}).value();
        REQUIRE(host->add(isa_bridge, south_slot()));
    }

    IsaBridge::Wiring wiring() {
        IsaBridge::Wiring wiring{{}, {}, pins.line(a20), power};
        for (u32 i = 0; i < wiring.isa_irqs.size(); ++i) wiring.isa_irqs[i] = pins.line(isa + i);
        for (u32 i = 0; i < wiring.direct.size(); ++i) wiring.direct[i] = pins.line(direct + i);
        return wiring;
    }
    [[nodiscard]] u32 south_slot() const { return bridge.type() == "q35-host-bridge" ? 31 : 1; }

    u64 in(u64 port, Width width) { return ports.read({port}, width).value(); }
    void out(u64 port, u64 value, Width width) { REQUIRE(ports.write({port}, value, width)); }
    void point(u32 slot, u32 function, u32 offset, u32 bus = 0) {
        out(0xcf8, 0x8000'0000 | bus << 16 | slot << 11 | function << 8 | (offset & 0xfc), Width::word);
    }
    u64 get(u32 slot, u32 offset, Width width = Width::word, u32 function = 0) {
        point(slot, function, offset);
        return in(0xcfc + offset % 4, width);
    }
    void set(u32 slot, u32 offset, u64 value, Width width = Width::word) {
        point(slot, 0, offset);
        out(0xcfc + offset % 4, value, width);
    }
    u64 peek(u64 address) { return memory.read({address}, Width::byte).value_or(0x100); }
    void poke(u64 address, u64 value) { memory.write({address}, value, Width::byte); }

    AddressSpace ports{"ports", lock};
    FakeIrqSink pins;
    Power power;
    Video video;
    std::unique_ptr<Ram> low = Ram::create("low", 1 * MiB).value();
    std::unique_ptr<Ram> rom = Ram::create("rom", ShadowMap::rom_bytes).value();
    std::unique_ptr<ShadowMap> shadow = ShadowMap::create(memory, *low, *rom, video).value();
    PcHostBridge bridge;
    IsaBridge isa_bridge;
    Card card;
    std::unique_ptr<PciHost> host;
    std::unique_ptr<PciConfigPorts> config;
};

} // namespace

TEST_CASE("the address port takes double words only, and keeps its enable bit and the address") {
    Bench bench;
    bench.out(0xcf8, 0xffff'ffff, Width::word);
    REQUIRE(bench.in(0xcf8, Width::word) == 0x80ff'fffc);
    bench.out(0xcf8, 0x12, Width::byte);
    bench.out(0xcfa, 0x1234, Width::half);
    REQUIRE(bench.in(0xcf8, Width::word) == 0x80ff'fffc);
    REQUIRE(bench.in(0xcfa, Width::half) == 0xffff);
}

TEST_CASE("the data port reaches bytes, words and double words of the function pointed at") {
    Bench bench;
    REQUIRE(bench.get(0, 0x00) == 0x1237'8086);
    REQUIRE(bench.get(0, 0x02, Width::half) == 0x1237);
    REQUIRE(bench.get(1, 0x0b, Width::byte) == 0x06);
    REQUIRE(bench.get(1, 0x00) == 0x7000'8086);
    REQUIRE(bench.get(2, 0x00) == 0xffff'ffff);
    REQUIRE(bench.get(1, 0x00, Width::word, 5) == 0xffff'ffff);
    bench.point(0, 0, 0, 1);
    REQUIRE(bench.in(0xcfc, Width::word) == 0xffff'ffff); // there is no bus 1
    bench.out(0xcf8, 0, Width::word);
    REQUIRE(bench.in(0xcfc, Width::word) == 0xffff'ffff); // not enabled
}

TEST_CASE("a byte at CF9 is the reset control register, whose bit 2 resets as it rises") {
    Bench bench;
    bench.out(0xcf9, 0x02, Width::byte);
    REQUIRE(bench.in(0xcf9, Width::byte) == 0x02);
    REQUIRE(bench.power.resets == 0);
    bench.out(0xcf9, 0x06, Width::byte);
    bench.out(0xcf9, 0x06, Width::byte);
    REQUIRE(bench.power.resets == 1);
    REQUIRE((bench.in(0xcf8, Width::word) & 0xff00) == 0);
}

TEST_CASE("a south bridge says that it decodes ports and memory, whatever is written to its command register") {
    for (const IsaBridgeModel* model : {&piix3_isa_bridge, &ich9_lpc_bridge}) {
        Bench bench(i440fx_host_bridge, *model);
        const u32 slot = bench.south_slot();
        REQUIRE(bench.get(slot, 0x04, Width::half) == 7);
        bench.set(slot, 0x04, 0, Width::half);
        REQUIRE(bench.get(slot, 0x04, Width::half) == 7);
    }
}

TEST_CASE("a slot with several functions says so in its first one") {
    Bench bench;
    Card second;
    REQUIRE_FALSE(bench.host->add(second, 3, 1));
    REQUIRE(bench.host->add(bench.card, 3));
    REQUIRE(bench.get(3, 0x0e, Width::byte) == 0x00);
    REQUIRE(bench.host->add(second, 3, 1));
    REQUIRE(bench.get(3, 0x0e, Width::byte) == 0x80);
    REQUIRE(bench.get(3, 0x00, Width::word, 1) == 0x1111'1234);
    REQUIRE_FALSE(bench.host->add(second, 3, 8));
}

TEST_CASE("memory, ports and ROM of a card appear where their registers say, sized as Linux probes them") {
    Bench bench;
    REQUIRE(bench.host->add(bench.card, 3));
    bench.set(3, 0x10, 0xffff'ffff);
    bench.set(3, 0x14, 0xffff'ffff);
    bench.set(3, 0x30, 0xffff'f800);
    REQUIRE(bench.get(3, 0x10) == 0xfff0'0008);
    REQUIRE(bench.get(3, 0x14) == 0xffff'fff1);
    REQUIRE(bench.get(3, 0x30) == 0xffff'0000);
    bench.set(3, 0x10, 0xd000'0000);
    bench.set(3, 0x14, 0xc000);
    bench.set(3, 0x30, 0xd800'0001);
    REQUIRE_FALSE(bench.ports.read({0xc000}, Width::byte).has_value());
    bench.set(3, 0x04, 0x0003, Width::half);
    REQUIRE(bench.memory.write({0xd000'0000}, 0x1234'5678, Width::word));
    REQUIRE(bench.card.memory->host()[1] == 0x56);
    REQUIRE(bench.in(0xc003, Width::byte) == 0x43);
    REQUIRE(bench.peek(0xd800'0000) == 0x55);
    bench.poke(0xd800'0000, 0);
    REQUIRE(bench.peek(0xd800'0000) == 0x55);
    bench.set(3, 0x30, 0xd800'0000);
    REQUIRE(bench.peek(0xd800'0000) == 0xff); // no one is there
}

TEST_CASE("from reset the segments below 1 MiB are ROM, and writes go nowhere") {
    Bench bench;
    REQUIRE(bench.peek(0xc'0000) == 0xee);
    REQUIRE(bench.peek(0xf'ffff) == 0xee);
    bench.poke(0xf'0000, 0x11);
    REQUIRE(bench.peek(0xf'0000) == 0xee);
    REQUIRE(bench.low->host()[0xf'0000] == 0);
    REQUIRE(bench.peek(0xa'0012) == 0x12); // video memory
}

TEST_CASE("a segment may read ROM and write RAM, which is how a BIOS copies itself") {
    Bench bench;
    bench.set(0, 0x59, 0x20, Width::byte);
    for (u64 at = 0xf'0000; at < 0xf'0010; ++at) bench.poke(at, bench.peek(at) ^ 0xff);
    REQUIRE(bench.peek(0xf'0000) == 0xee);
    bench.set(0, 0x59, 0x10, Width::byte);
    REQUIRE(bench.peek(0xf'0000) == 0x11);
    bench.poke(0xf'0000, 0x22);
    REQUIRE(bench.peek(0xf'0000) == 0x11); // read-only now
    bench.set(0, 0x59, 0x30, Width::byte);
    bench.poke(0xf'0000, 0x22);
    REQUIRE(bench.peek(0xf'0000) == 0x22);
}

TEST_CASE("each nibble of the PAM registers has its own 16 KiB") {
    for (u32 nibble = 2; nibble < 14; ++nibble) {
        Bench bench;
        bench.set(0, 0x59 + nibble / 2, nibble % 2 ? 0x30 : 0x03, Width::byte);
        for (u32 i = 0; i < 12; ++i) {
            INFO(nibble << ' ' << i);
            REQUIRE(bench.peek(0xc'0000 + i * 0x4000) == (i + 2 == nibble ? 0x00 : 0xee));
            REQUIRE(bench.peek(0xc'3fff + i * 0x4000) == (i + 2 == nibble ? 0x00 : 0xee));
        }
        REQUIRE(bench.peek(0xf'0000) == 0xee);
    }
}

TEST_CASE("opened SMRAM hides the video memory, and locking it ends that until a reset") {
    Bench bench;
    REQUIRE(bench.get(0, 0x72, Width::byte) == 0x02);
    bench.set(0, 0x72, 0x4a, Width::byte);
    bench.poke(0xa'0000, 0x77);
    REQUIRE(bench.peek(0xa'0000) == 0x77);
    bench.set(0, 0x72, 0x1a, Width::byte);
    REQUIRE(bench.peek(0xa'0012) == 0x12);
    bench.set(0, 0x72, 0x4a, Width::byte);
    REQUIRE(bench.get(0, 0x72, Width::byte) == 0x1a);
    bench.bridge.reset();
    bench.set(0, 0x72, 0x4a, Width::byte);
    REQUIRE(bench.peek(0xa'0000) == 0x77);
}

TEST_CASE("a restored host bridge decodes as it did") {
    Bench bench;
    bench.set(0, 0x59, 0x30, Width::byte);
    bench.poke(0xf'0000, 0x22);
    const std::vector<u8> saved = save(bench.bridge);
    bench.bridge.reset();
    REQUIRE(bench.peek(0xf'0000) == 0xee);
    REQUIRE(restore(bench.bridge, saved));
    REQUIRE(bench.peek(0xf'0000) == 0x22);
}

TEST_CASE("a card's interrupt goes to its slot's PIRQ line, and from there where it is routed") {
    Bench bench;
    REQUIRE(bench.host->add(bench.card, 3)); // INTA of slot 3 is PIRQC
    bench.card.interrupt(true);
    REQUIRE(bench.pins.level(direct + 2));
    for (u32 irq = 0; irq < 16; ++irq) REQUIRE_FALSE(bench.pins.level(isa + irq));
    bench.set(1, 0x62, 0x0b, Width::byte);
    REQUIRE(bench.pins.level(isa + 11));
    bench.set(1, 0x62, 0x0a, Width::byte);
    REQUIRE_FALSE(bench.pins.level(isa + 11));
    REQUIRE(bench.pins.level(isa + 10));
    bench.set(1, 0x62, 0x08, Width::byte); // not possible
    REQUIRE_FALSE(bench.pins.level(isa + 10));
    REQUIRE_FALSE(bench.pins.level(isa + 8));
    bench.set(1, 0x62, 0x0a, Width::byte);
    bench.card.interrupt(false);
    REQUIRE_FALSE(bench.pins.level(isa + 10));
    REQUIRE_FALSE(bench.pins.level(direct + 2));
}

TEST_CASE("two lines routed to one interrupt share it") {
    Bench bench;
    bench.set(1, 0x60, 0x8080'0505);
    bench.isa_bridge.set_irq(0, true);
    bench.isa_bridge.set_irq(1, true);
    bench.isa_bridge.set_irq(0, false);
    REQUIRE(bench.pins.level(isa + 5));
    REQUIRE(bench.pins.rises(isa + 5) == 1);
    bench.isa_bridge.set_irq(1, false);
    REQUIRE_FALSE(bench.pins.level(isa + 5));
}

TEST_CASE("a restored south bridge raises no edge and lets go of what was asserted") {
    Bench bench;
    bench.set(1, 0x60, 0x8080'8005);
    bench.isa_bridge.set_irq(0, true);
    const std::vector<u8> saved = save(bench.isa_bridge);
    REQUIRE(restore(bench.isa_bridge, saved));
    REQUIRE(save(bench.isa_bridge) == saved);
    REQUIRE(bench.pins.rises(isa + 5) == 1);
    bench.isa_bridge.set_irq(0, false);
    REQUIRE_FALSE(bench.pins.level(isa + 5));
}

TEST_CASE("port 92 opens address line 20 and resets, with the keyboard controller through an OR gate") {
    Bench bench;
    OrGate gate("a20", bench.pins.line(31));
    const IrqLine keyboard(gate, 0), fast(gate, 1);
    keyboard.set(true);
    fast.set(true);
    keyboard.set(false);
    REQUIRE(bench.pins.level(31));
    fast.set(false);
    REQUIRE_FALSE(bench.pins.level(31));

    IoHandler& port = bench.isa_bridge.system_control_a();
    port.write(0, 0xfe, Width::byte);
    REQUIRE(port.read(0, Width::byte) == 0x02);
    REQUIRE(bench.pins.level(a20));
    REQUIRE(bench.power.resets == 0);
    port.write(0, 0x01, Width::byte);
    REQUIRE_FALSE(bench.pins.level(a20));
    REQUIRE(bench.power.resets == 1);
}

TEST_CASE("the Q35 has eight lines: four for its own slots, four that cards share") {
    Bench bench(q35_host_bridge, ich9_lpc_bridge);
    REQUIRE(bench.get(0, 0x00) == 0x29c0'8086);
    REQUIRE(bench.get(31, 0x00) == 0x2918'8086);
    REQUIRE(bench.host->add(bench.card, 3));
    bench.card.interrupt(true); // INTA of slot 3: PIRQH
    REQUIRE(bench.pins.level(direct + 7));
    bench.set(31, 0x6b, 0x0b, Width::byte);
    REQUIRE(bench.pins.level(isa + 11));
    REQUIRE(ich9_lpc_bridge.line_of(31, 2) == 1);
    bench.set(0, 0x90, 0x30, Width::byte);
    REQUIRE(bench.peek(0xf'0000) == 0x00);
}

TEST_CASE("the Q35's configuration space is where PCIEXBAR says, as large as it says, or nowhere") {
    Bench bench(q35_host_bridge, ich9_lpc_bridge);
    const auto config = [&](u64 base) { return bench.memory.read({base}, Width::word).value_or(0); };
    REQUIRE(config(0xe000'0000) == 0xffff'ffff);
    bench.set(0, 0x60, 0xe000'0001);
    REQUIRE(config(0xe000'0000) == 0x29c0'8086);
    REQUIRE(config(0xe000'0000 + (31 << 15)) == 0x2918'8086);
    bench.set(0, 0x60, 0xd000'0005); // 64 MiB
    REQUIRE(config(0xd000'0000) == 0x29c0'8086);
    REQUIRE(config(0xe000'0000) == 0xffff'ffff);
    REQUIRE(config(0xd400'0000) == 0xffff'ffff);
    const std::vector<u8> saved = save(bench.bridge);
    bench.set(0, 0x60, 0xd000'0000);
    REQUIRE(config(0xd000'0000) == 0xffff'ffff);
    bench.set(0, 0x60, 0x8000'0001); // RAM is there
    REQUIRE(restore(bench.bridge, saved));
    REQUIRE(config(0xd000'0000) == 0x29c0'8086);
}
