#include "bios/pc/post/memory_map.h"

#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/layout.h"

enum { tables_bytes = 0x80000, driver_bytes = 0x20000, rom_begin = 0xfffc0000, ecam_bytes = 0x10000000 };
enum { kib64 = 0x10000, mib16 = 0x1000000 };

static u32 low_end;
static u32 tables_at;
static u32 tables_end;
static u32 driver_at;
static u32 driver_end;

u32 memory_low_end(void) { return low_end; }

static u32 from_cmos(void) {
    const u32 above_16m = cmos_read(cmos_memory_above_16m) | (u32)cmos_read(cmos_memory_above_16m + 1) << 8;
    if (above_16m != 0) return mib16 + above_16m * kib64;
    return 0x100000 + (cmos_read(0x30) | (u32)cmos_read(0x31) << 8) * 1024;
}

// The machine's own list, with which it may have more RAM than CMOS can tell.
static u32 from_machine(void) {
    struct fw_cfg_file file;
    if (!fw_cfg_find("etc/e820", &file)) return 0;
    struct e820_entry entries[most_e820_entries];
    const u32 bytes = file.size < sizeof entries ? file.size : sizeof entries;
    fw_cfg_read(file.key, entries, bytes);
    for (u32 i = 0; i < bytes / sizeof entries[0]; ++i)
        if (entries[i].type == e820_ram && entries[i].base == 0 && entries[i].length >> 32 == 0)
            return (u32)entries[i].length;
    return 0;
}

void memory_set_up(void) {
    low_end = from_machine();
    if (low_end == 0) low_end = from_cmos();
    low_end &= ~0xfffU;
    driver_end = low_end;
    driver_at = tables_end = low_end - driver_bytes;
    tables_at = tables_end - tables_bytes;
    shared.low_ram_end = tables_at;
    driver_at = driver_end - driver_bytes;
    debug("RAM below 4 GiB ends at %x\n", low_end);
}

static void* take(u32* at, u32 end, u32 bytes, u32 align) {
    const u32 base = (*at + align - 1) & ~(align - 1);
    if (base < *at || base > end || bytes > end - base) {
        debug("No room for %x bytes of tables\n", bytes);
        return NULL;
    }
    *at = base + bytes;
    memset((void*)base, 0, bytes);
    return (void*)base;
}

void* allocate_tables(u32 bytes, u32 align) { return take(&tables_at, tables_end, bytes, align); }
void* allocate_driver(u32 bytes, u32 align) { return take(&driver_at, driver_end, bytes, align); }

void* allocate_low(u32 bytes, u32 align) {
    u32 at = SERVICES_BASE + shared.free_begin;
    void* place = take(&at, SERVICES_BASE + shared.free_end, bytes, align);
    if (place) shared.free_begin = at - SERVICES_BASE;
    return place;
}

static void add(u64 base, u64 end, u32 type) {
    if (base >= end || shared.e820_count == most_e820_entries) return;
    shared.e820[shared.e820_count++] = (struct e820_entry){.base = base, .length = end - base, .type = type};
}

// RAM above 4 GiB, and what the machine itself reserves.
static void add_others(void) {
    struct fw_cfg_file file;
    if (!fw_cfg_find("etc/e820", &file)) {
        const u32 above = cmos_read(cmos_memory_above_4g) | (u32)cmos_read(cmos_memory_above_4g + 1) << 8 |
                          (u32)cmos_read(cmos_memory_above_4g + 2) << 16;
        add((u64)1 << 32, ((u64)1 << 32) + (u64)above * kib64, e820_ram);
        return;
    }
    struct e820_entry entries[most_e820_entries];
    const u32 bytes = file.size < sizeof entries ? file.size : sizeof entries;
    fw_cfg_read(file.key, entries, bytes);
    for (u32 i = 0; i < bytes / sizeof entries[0]; ++i)
        if (entries[i].base != 0) add(entries[i].base, entries[i].base + entries[i].length, entries[i].type);
}

void memory_describe(void) {
    shared.e820_count = 0;
    add(0, EBDA_SEGMENT * 16, e820_ram);
    add(EBDA_SEGMENT * 16, 0xa0000, e820_reserved);
    add(POST_BASE, 0x100000, e820_reserved);
    add(0x100000, shared.low_ram_end, e820_ram);
    add(shared.low_ram_end, tables_end, e820_nvs);
    add(tables_end, driver_end, e820_reserved);
    if (pci_ecam_base() != 0) add(pci_ecam_base(), (u64)pci_ecam_base() + ecam_bytes, e820_reserved);
    add(rom_begin, (u64)1 << 32, e820_reserved);
    add_others();
    for (u32 i = 0; i < shared.e820_count; ++i)
        debug("E820 %llx to %llx: %u\n", shared.e820[i].base, shared.e820[i].base + shared.e820[i].length,
              shared.e820[i].type);
}
