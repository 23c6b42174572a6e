// The layout of the states of the PC's PCI bridges against tests/golden/pc_pci_state.txt.
#include "devices/irq/or_gate.hpp"
#include "devices/pci/config_ports.hpp"
#include "devices/pci/isa_bridge.hpp"
#include "devices/pci/pc_host_bridge.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

namespace {

struct NoPower final : PowerControl {
    void power_off(u32) override {}
    void reset() override {}
};

struct NoVideo final : IoHandler {
    u64 read(u64, Width) override { return 0; }
    void write(u64, u64, Width) override {}
};

} // namespace

TEST_CASE("the states of the PC's PCI bridges have the layout of their versions") {
    test::FakeBus bus;
    NoPower power;
    NoVideo video;
    const auto rom = Ram::create("rom", ShadowMap::rom_bytes).value();
    const auto shadow = ShadowMap::create(bus.memory, *bus.ram, *rom, video).value();
    PcHostBridge i440fx("i440fx", i440fx_host_bridge, *shadow), q35("q35", q35_host_bridge, *shadow);
    IsaBridge piix3("piix3", piix3_isa_bridge, {{}, {}, {}, power}), ich9("ich9", ich9_lpc_bridge, {{}, {}, {}, power});
    const auto host = PciHost::create("pci", bus.memory, {}, {}, &i440fx).value();
    PciConfigPorts ports("pci-config", *host, piix3.reset_control());
    OrGate gate("a20-gate", {});
    test::Schemas found;
    for (Component* component :
         std::initializer_list<Component*>{&i440fx, &q35, &piix3, &ich9, host.get(), &ports, &gate})
        found.add(*component);
    found.compare("pc_pci_state.txt");
}
