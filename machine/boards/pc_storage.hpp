// A PC's floppy drives, disks and CD-ROM drives, as the options ask for them: on the PIIX3's IDE channels, or on the
// ICH9's SATA ports.
#pragma once

#include <array>

#include "devices/dma/i8237.hpp"
#include "devices/pci/host.hpp"
#include "devices/storage/piix3_ide.hpp"
#include "machine/boards/board.hpp"
#include "machine/boards/pc_boot_order.hpp"

namespace orrery::pc {

struct StorageWiring {
    Machine& machine;
    const BoardOptions& options;
    PciHost& pci;
    Dma8237& dma;
    IrqLine floppy_irq;
    std::array<IrqLine, Piix3Ide::channel_count> ide_irqs;
    BootOrder& boot_order;
    bool q35 = false;
};

// Errors name the option and the file.
Status add_storage(const StorageWiring& wiring);

} // namespace orrery::pc
