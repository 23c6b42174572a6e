// What a PC board tells about itself: its ACPI and SMBIOS tables, for firmware to link or linked in memory.
#pragma once

#include "bios/tables/firmware_tables.hpp"
#include "machine/boards/board.hpp"
#include "machine/boards/pc_chipset.hpp"
#include "machine/loader/memory_layout.hpp"

namespace orrery::pc {

struct BoardTables {
    bios::FirmwareTables acpi;
    bios::FirmwareTables smbios;
    std::vector<bios::FirmwareFile> for_firmware; // both, as files of fw_cfg
};
// Neither the files' number nor their sizes depend on `where`.
BoardTables describe_board(const BoardOptions& options, bool q35, const Placement& where = {});

// Where the tables lie without firmware: the root pointers where operating systems search for them, in the F segment.
struct LinkedTables {
    std::vector<bios::PlacedTable> tables;
    u64 rsdp_address = 0;
    MemoryRange reclaimable; // what the ACPI tables take of RAM
};
Result<LinkedTables> link_tables(const BoardTables& tables, u64 ram_end);

// The host's part of the 64-bit addresses; above all RAM.
u64 pci_memory64_base(u64 memory_bytes);

} // namespace orrery::pc
