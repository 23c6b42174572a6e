// What a PC's firmware does to the chipset before it starts anything, for kernels that are started without firmware:
// RAM below 1 MiB, PCI interrupts and addresses, the ports of the ACPI hardware, the IDE channels.
#pragma once

#include "devices/irq/i8259.hpp"
#include "devices/pci/host.hpp"
#include "machine/boards/pc_map.hpp"

namespace orrery::pc {

struct Chipset {
    PciHost& pci;
    I8259Pair& pic;
    bool q35 = false;
};

// Machine lock held, everything just reset.
void prepare_chipset(const Chipset& chipset);

// Where firmware has put what it may put anywhere; where it hasn't yet, where prepare_chipset() does.
struct Placement {
    u16 power_management = pc::power_management;
    Place ecam = q35_ecam;
};
Placement placement(PciHost& pci, bool q35);

} // namespace orrery::pc
