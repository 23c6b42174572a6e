// The layout of the VGA's state against tests/golden/pc_display_state.txt.
#include "devices/display/vga/vga_pci.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

TEST_CASE("the state of the VGA has the layout of its version") {
    test::FakeBus bus;
    Vga vga("vga", bus.memory, bus.clock, *bus.ram);
    VgaPci card("vga-pci", vga);
    test::Schemas found;
    found.add(vga);
    found.add(card);
    found.compare("pc_display_state.txt");
}
