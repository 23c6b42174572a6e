// The SMBIOS tables of a PC (DMTF DSP0134, 3.0): what the machine calls itself, for `dmidecode` and the like. The board
// offers them to firmware through fw_cfg or puts them into memory itself.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "bios/tables/firmware_tables.hpp"

namespace orrery::bios {

struct SmbiosMachine {
    std::string board;   // "pc", "q35"
    std::string version; // of Orrery
    std::string serial_number;
    std::array<u8, 16> uuid{}; // as it is written, first byte first; all 0: none

    u32 processors = 1; // each in a socket of its own
    std::string processor_name;
    u32 processor_signature = 0; // CPUID 1: EAX and EDX
    u32 processor_features = 0;
    u16 processor_mhz = 0; // 0: unknown

    struct Memory {
        u64 first = 0;
        u64 size_bytes = 0;
    };
    std::vector<Memory> memory;
};

// The entry point that leads to the tables: the old one lies below 1 MiB and points below 4 GiB, and all firmware and
// operating systems know it.
enum class SmbiosAnchor : u8 { version_2_8, version_3_0 };

// The order of the files in smbios_tables(), for linked_at().
inline constexpr u32 smbios_tables_file = 0;
inline constexpr u32 smbios_anchor_file = 1;

// "etc/smbios/smbios-tables" and "etc/smbios/smbios-anchor".
FirmwareTables smbios_tables(const SmbiosMachine& machine, SmbiosAnchor anchor);

// The same files for fw_cfg. Firmware knows how to link these two without a script.
std::vector<FirmwareFile> smbios_for_firmware(const SmbiosMachine& machine, SmbiosAnchor anchor);

} // namespace orrery::bios
