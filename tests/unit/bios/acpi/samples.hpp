// The two boards that have ACPI tables, as they describe themselves.
#pragma once

#include "bios/tables/acpi.hpp"

namespace orrery::test {

// An i440FX with a PIIX3: conventional PCI, interrupts by the routing registers only.
inline bios::AcpiMachine piix_machine() {
    bios::AcpiMachine machine;
    machine.processors = 2;
    machine.hpet_id = 0x8086'a201;
    machine.floppy = true;
    machine.pci.memory32 = {{0xe000'0000, 0x1ec0'0000}};
    machine.pci.line_of = [](u32 slot, u32 pin) { return (slot + pin + 2) % 4; };
    machine.pci.direct_interrupt = 0;
    return machine;
}

// A Q35 with an ICH9: PCI Express with an ECAM, eight lines with inputs of their own, 64-bit BARs.
inline bios::AcpiMachine q35_machine() {
    bios::AcpiMachine machine;
    machine.processors = 8;
    machine.hpet_id = 0x8086'a201;
    machine.serial = {{0x3f8, 4}, {0x2f8, 3}};
    machine.pci = {.express = true,
                   .memory32 = {{0xc000'0000, 0x3ec0'0000}},
                   .memory64 = {0x8'0000'0000, 0x8'0000'0000},
                   .ecam = {0xb000'0000, 0x1000'0000},
                   .isa_slot = 31,
                   .line_count = 8,
                   .line_of = [](u32 slot, u32 pin) { return slot >= 25 ? pin - 1 : 4 + (slot + pin - 1) % 4; }};
    return machine;
}

} // namespace orrery::test
