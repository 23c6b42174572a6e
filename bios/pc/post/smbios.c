// SMBIOS 3.4, 5.2: the entry points, 2.1's with a 32-bit address and 3.0's with 64 bits.
#include "bios/pc/post/acpi_loader.h"
#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/print.h"

enum { most_anchor_bytes = 32 };
enum { sm2_bytes = 31, sm2_dmi = 0x10, sm2_checksum = 4, sm2_dmi_checksum = 0x15, sm2_address = 0x18 };
enum { sm3_bytes = 24, sm3_checksum = 5, sm3_address = 0x10 };

static void fix_checksum(u8* from, u32 bytes, u8* at) {
    u8 sum = 0;
    *at = 0;
    for (u32 i = 0; i < bytes; ++i) sum = (u8)(sum + from[i]);
    *at = (u8)(0 - sum);
}

void smbios_set_up(void) {
    struct fw_cfg_file anchor_file, tables_file;
    if (!fw_cfg_find("etc/smbios/smbios-anchor", &anchor_file) ||
        !fw_cfg_find("etc/smbios/smbios-tables", &tables_file))
        return;
    if (anchor_file.size > most_anchor_bytes || anchor_file.size < sm3_bytes) return;
    u8* anchor = allocate_low(anchor_file.size, 16);
    u8* tables = allocate_tables(tables_file.size, 16);
    if (!anchor || !tables) return;
    fw_cfg_read(anchor_file.key, anchor, anchor_file.size);
    fw_cfg_read(tables_file.key, tables, tables_file.size);
    const u64 address = (u32)tables;
    if (memcmp(anchor, "_SM3_", 5) == 0) {
        memcpy(anchor + sm3_address, &address, sizeof address);
        fix_checksum(anchor, sm3_bytes, anchor + sm3_checksum);
    } else if (memcmp(anchor, "_SM_", 4) == 0 && anchor_file.size >= sm2_bytes) {
        memcpy(anchor + sm2_address, &address, sizeof(u32));
        fix_checksum(anchor + sm2_dmi, sm2_bytes - sm2_dmi, anchor + sm2_dmi_checksum);
        fix_checksum(anchor, sm2_bytes, anchor + sm2_checksum);
    }
    debug("SMBIOS: anchor at %x, tables at %x\n", (u32)anchor, (u32)tables);
}
