#include "devices/irq/or_gate.hpp"
#include "devices/pci/config_ports.hpp"
#include "devices/pci/isa_bridge.hpp"
#include "devices/pci/pc_host_bridge.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

struct NoPower final : PowerControl {
    void power_off(u32) override {}
    void reset() override {}
};

struct Registers final : IoHandler {
    u64 read(u64 offset, Width) override { return offset; }
    void write(u64, u64, Width) override {}
};

class Card final : public PciDevice {
public:
    explicit Card(std::string name) : PciDevice(std::move(name), {.vendor_id = 0x1234, .class_code = 0x030000}) {
        add_memory_bar(0, PciBarKind::memory32, *memory);
        add_bar(1, PciBarKind::io, 16, registers);
        add_bar(2, PciBarKind::memory64, 4096, registers);
        add_rom(*memory);
        use_interrupt_pin(2);
    }
    void interrupt(bool level) { set_interrupt_pending(level); }
    std::unique_ptr<Ram> memory = Ram::create("memory", 64 * KiB).value();
    Registers registers;
};

// The bridges of one chipset with two cards, driven through the configuration ports.
struct Rig {
    Rig(const PcHostBridgeModel& north, const IsaBridgeModel& south)
        : bridge("north", north, *shadow), isa_bridge("south", south, {{}, {}, a20, power}) {
        std::array<IrqLine, IsaBridge::most_lines> lines;
        for (u32 i = 0; i < lines.size(); ++i) lines[i] = {isa_bridge, i};
        const PciHostLayout layout{.ecam = {},
                                   .io = {{0}, 0x1'0000, 0},
                                   .memory32 = {{0xc000'0000}, 0x3000'0000, 0xc000'0000},
                                   .memory64 = {{0x8'0000'0000}, 0x8'0000'0000, 0x8'0000'0000},
                                   .ports = &ports,
                                   .line_of = south.line_of};
        host = PciHost::create("pci", bus.memory, layout, std::span(lines).first(south.line_count), &bridge).value();
        config = std::make_unique<PciConfigPorts>("config", *host, isa_bridge.reset_control());
        REQUIRE(host->add(isa_bridge, 1));
        REQUIRE(host->add(cards[0], 2));
        REQUIRE(host->add(cards[1], 2, 3));
    }

    void run(Component& component) {
        std::vector<u64> values{0xffff'ffff, 0xc000'0001, 0xd000'0000, 0xe000'0005, 0x7, 0x0b0a'0504, 0x3333'3333};
        for (const u32 slot : {0U, 1U, 2U})
            for (const u32 offset :
                 {0x04U, 0x10U, 0x14U, 0x18U, 0x30U, 0x58U, 0x5cU, 0x60U, 0x68U, 0x70U, 0x90U, 0x9cU})
                values.push_back(0x8000'0000 | slot << 11 | offset);
        fuzz_device(
            bus, *config, PciConfigPorts::window_size_bytes,
            {.offsets = {0, 0, 4, 4}, .values = values, .component = &component, .outside = [this](FuzzRandom& random) {
                 touch(random);
             }});
    }

    void touch(FuzzRandom& random) {
        cards[random.below(2)].interrupt(random.one_in(2));
        const GuestPhysical places[] = {{0xa'0000 + random.below(0x6'0000)}, {0xc000'0000 + random.below(0x3000'0000)}};
        for (const GuestPhysical place : places) {
            bus.memory.write(place, random.next(), Width::word);
            bus.memory.read(place, Width::word);
        }
        isa_bridge.system_control_a().write(0, random.next() & 0xff, Width::byte);
    }

    FakeBus bus;
    FakeIrqSink pins;
    NoPower power;
    OrGate gate{"a20", pins.line(0)};
    IrqLine a20{gate, 1};
    Registers video;
    AddressSpace ports{"ports", bus.lock};
    std::unique_ptr<Ram> low = Ram::create("low", 1 * MiB).value();
    std::unique_ptr<Ram> rom = Ram::create("rom", ShadowMap::rom_bytes).value();
    std::unique_ptr<ShadowMap> shadow = ShadowMap::create(bus.memory, *low, *rom, video).value();
    PcHostBridge bridge;
    IsaBridge isa_bridge;
    std::array<Card, 2> cards{Card{"one"}, Card{"two"}};
    std::unique_ptr<PciHost> host;
    std::unique_ptr<PciConfigPorts> config;
};

} // namespace

TEST_CASE("the 440FX and its south bridge survive random configuration") {
    Rig rig(i440fx_host_bridge, piix3_isa_bridge);
    rig.run(rig.bridge);
    rig.run(rig.isa_bridge);
    rig.run(*rig.config);
}

TEST_CASE("the Q35 and its south bridge survive random configuration") {
    Rig rig(q35_host_bridge, ich9_lpc_bridge);
    rig.run(rig.bridge);
    rig.run(rig.isa_bridge);
    rig.run(rig.gate);
}
