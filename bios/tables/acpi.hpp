// The ACPI tables of a PC (ACPI 6.4), made from a plain description of the board: RSDP, RSDT, XSDT, FADT, FACS, DSDT,
// MADT, HPET, MCFG and WAET. The board hands them to firmware through fw_cfg or puts them into memory itself.
#pragma once

#include <span>
#include <vector>

#include "bios/tables/firmware_tables.hpp"

namespace orrery::bios {

struct AcpiPci {
    struct Window {
        u64 first = 0;
        u64 size_bytes = 0; // 0: none
    };
    bool express = false;         // a PCI Express root (q35), else conventional PCI
    std::vector<Window> memory32; // where BARs appear below 4 GiB…
    Window memory64;              // …and above
    Window ecam;                  // whole buses of 1 MiB each; none: no MCFG

    // The south bridge's ISA function, and its routing registers of PIRQA… (PIIX3: 60h; ICH9: 60h and 68h).
    u32 isa_slot = 1;
    u32 line_count = 4;
    u8 route_registers[2] = {0x60, 0x68}; // of PIRQA to D, and E to H
    std::vector<u8> routable_irqs = {5, 10, 11};
    // Which line INTA…INTD (1…4) of a slot drives.
    u32 (*line_of)(u32 slot, u32 pin) = nullptr;
    // The IOAPIC's input of PIRQA, active low, with the other lines behind it. 0: the lines have no inputs of their
    // own, and arrive where the routing registers lead them, active high.
    u32 direct_interrupt = 16;
};

struct AcpiMachine {
    u32 processors = 1; // with the local APIC numbers 0, 1…; at most 254
    u32 local_apic = 0xfee0'0000;
    u32 io_apic = 0xfec0'0000;
    u8 io_apic_id = 0;

    // Power management ports: PM1 event, PM1 control, timer of 24 bits and general purpose events as the PIIX4 has
    // them.
    u16 pm_base = 0x600;
    u16 pm_size_bytes = 0x40;
    u8 sci_irq = 9;
    u8 soft_off_type = 0; // SLP_TYP of \_S5
    bool reset_at_cf9 = true;

    u32 hpet = 0xfed0'0000; // 0: none
    u32 hpet_id = 0;        // the low word of its capability register

    AcpiPci pci;

    // What there is behind the ISA bridge, besides interrupt controllers, timer, DMA and RTC.
    struct Serial {
        u16 port = 0;
        u8 irq = 0;
    };
    std::vector<Serial> serial = {{0x3f8, 4}};
    bool keyboard = true;
    bool mouse = true;
    bool floppy = false;
};

// The order of the files in acpi_tables(), for linked_at().
inline constexpr u32 acpi_tables_file = 0; // all but the RSDP; aligned to 64 bytes
inline constexpr u32 acpi_rsdp_file = 1;

// "etc/acpi/tables" and "etc/acpi/rsdp".
FirmwareTables acpi_tables(const AcpiMachine& machine);

// One of the tables, with its header; for acpi_tables() and tests.
std::vector<u8> acpi_dsdt(const AcpiMachine& machine);

// A table's header (ACPI 6.4, 5.2.6) with its content behind it, and length and checksum made.
inline constexpr u64 acpi_header_bytes = 36;
std::vector<u8> acpi_table(std::string_view signature, u8 revision, std::span<const u8> content);

} // namespace orrery::bios
