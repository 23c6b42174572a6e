// Tables that hold each other's addresses, before it is known where they will lie. Firmware finds out by the script
// "etc/table-loader" that it gets with the tables through fw_cfg; without firmware, a board links them itself.
#pragma once

#include <string>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::bios {

// What firmware reads through fw_cfg, and what a board puts into guest memory.
struct FirmwareFile {
    std::string name; // "etc/…"
    std::vector<u8> bytes;
};
struct PlacedTable {
    u64 address = 0;
    std::vector<u8> bytes;
};

struct FirmwareTables {
    struct File {
        std::string name;
        std::vector<u8> bytes;
        u32 alignment = 16;
        bool in_f_segment = false; // below 1 MiB, where operating systems search for it
    };
    // The `size_bytes` at `offset` hold an offset into the file `target`; its address is to be added.
    struct Pointer {
        u32 file = 0;
        u32 offset = 0;
        u8 size_bytes = 4;
        u32 target = 0;
    };
    // The byte at `at` makes the sum of a range 0.
    struct Checksum {
        u32 file = 0;
        u32 at = 0;
        u32 first = 0;
        u32 size_bytes = 0;
    };
    std::vector<File> files;
    std::vector<Pointer> pointers;
    std::vector<Checksum> checksums; // in the order in which they are to be made

    // The files themselves, and the script (QEMU's linker/loader; SeaBIOS's romfile_loader, EDK2's AcpiPlatformDxe).
    [[nodiscard]] std::vector<FirmwareFile> for_firmware() const;

    // Linked at an address for each file. Errors: an address is too large for the pointers, or badly aligned.
    [[nodiscard]] Result<std::vector<PlacedTable>> linked_at(const std::vector<u64>& addresses) const;
};

// The byte to add for a sum of 0.
u8 checksum_of(const std::vector<u8>& bytes, u64 first, u64 size_bytes);

} // namespace orrery::bios
