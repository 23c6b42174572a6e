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

} // namespace orrery::pc
