// QEMU's firmware configuration device at ports 510h and 511h (QEMU docs/specs/fw_cfg).
#pragma once

#include "bios/pc/shared/types.h"

enum fw_cfg_key {
    fw_cfg_signature = 0x00,
    fw_cfg_features = 0x01,
    fw_cfg_cpu_count = 0x05,
    fw_cfg_boot_menu = 0x0e,
    fw_cfg_most_cpus = 0x0f,
    fw_cfg_directory = 0x19,
};

struct fw_cfg_file {
    u32 size;
    u16 key;
};

bool fw_cfg_present(void);
// Reads an item from its beginning.
void fw_cfg_read(u16 key, void* to, u32 bytes);
// Writes into a file from `offset` on. False where the device has no DMA.
bool fw_cfg_write(u16 key, u32 offset, const void* from, u32 bytes);
bool fw_cfg_find(const char* name, struct fw_cfg_file* file);
// A little-endian number of a file that may be missing.
u64 fw_cfg_number(const char* name, u64 otherwise);
