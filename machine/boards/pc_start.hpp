// What a PC finds when it is switched on or reset: firmware in its ROM, or a kernel in its memory. Read from the files
// anew at every reset, so that nothing of them has to be kept twice.
#pragma once

#include "cpu/x86/processor.hpp"
#include "devices/display/vga/vga.hpp"
#include "devices/irq/local_apic.hpp"
#include "devices/pci/device.hpp"
#include "machine/boards/board.hpp"
#include "machine/boards/pc_chipset.hpp"
#include "machine/boards/pc_tables.hpp"
#include "machine/loader/memory_layout.hpp"

namespace orrery::pc {

class Start {
public:
    struct Parts {
        Machine& machine;
        Ram& ram;
        Chipset chipset;
        x86::Processor& bootstrap;
        LocalApic& apic; // of the bootstrap processor
        const BoardTables& tables;
        Vga& vga;
        PciDevice& video; // the VGA's
    };
    Start(const BoardOptions& options, const Parts& parts) : options_(options), parts_(parts) {}

    // Empties RAM and loads everything. Errors name the option and file at fault.
    Status load();

private:
    Status enter_kernel();

    const BoardOptions options_;
    Parts parts_;
};

// RAM as the firmware and kernels are told of it; below 1 MiB there is a hole.
std::vector<MemoryRange> memory_map(const Split& split, u64 memory_bytes);

} // namespace orrery::pc
