// Where the firmware's parts are, and what they tell each other. The 256 KiB image is, from its end: the services
// (16-bit code, F000h segment), POST (32-bit, flat), 64 KiB unused, and the VGA BIOS, copied to C000h.
#pragma once

#define SERVICES_SEGMENT 0xf000
#define SERVICES_BASE 0xf0000
#define POST_BASE 0xe0000
#define VGA_SEGMENT 0xc000
#define VGA_BASE 0xc0000
#define ROM_PART_BYTES 0x10000

// Where POST_BASE has its entries, for the services: one 8-byte slot each.
#define POST_ENTRY_RESET (POST_BASE + 0)
#define POST_ENTRY_CALL (POST_BASE + 8)

// Low memory that POST uses until it hands over.
#define POST_STACK_TOP 0x7000
#define REAL_STACK_TOP 0x4ff0
#define AP_START_PAGE 0x08
#define BOOT_SECTOR 0x7c00
#define SECTOR_BUFFER 0x8000 // 4 KiB, while POST looks at boot records

#define EBDA_SEGMENT 0x9fc0
#define BASE_MEMORY_KIB 639

// Selectors of the one GDT.
#define CODE32 0x08
#define DATA32 0x10
#define CODE16 0x18
#define DATA16 0x20

#define PM_BASE 0x600

// The beginning of struct shared, for assembly: it is at the services segment's offset 0.
#define SHARED_REAL 0
#define SHARED_CALL_ARGUMENT 48
#define SHARED_CALL_RESULT 52
#define SHARED_VGA_VECTOR 56
#define SHARED_VIDEO_FLAGS 60

#ifndef __ASSEMBLER__

#include "bios/pc/shared/types.h"

// A drive as int 13h sees it.
enum drive_kind {
    drive_none,
    drive_floppy,
    drive_ide,
    drive_ide_cd,
    drive_ahci,
    drive_ahci_cd,
    drive_virtio,
};

enum { most_drives = 16, drive_name_bytes = 40 };

struct drive {
    u8 kind;
    u8 unit;        // IDE: 2 * channel + slave; AHCI: port; virtio: index; floppy: number
    u8 floppy_type; // as in CMOS
    u8 lba48;
    u16 command_port; // IDE
    u16 control_port; // IDE
    u16 bus_master;   // IDE: its channel's ports; 0: no DMA
    u16 pci_address;  // bus, device, function; for EDD and bootorder
    u16 sector_bytes;
    u64 sectors;
    u32 cylinders; // the geometry that int 13h 08h gives
    u16 heads;
    u16 sectors_per_track;
    u32 controller; // AHCI, virtio: address of the driver's own structure
    u16 physical_cylinders;
    u16 physical_heads;
    u16 physical_sectors;
    u16 priority; // place in the boot order
    char name[drive_name_bytes];
};

// What a transfer is asked of a driver; addresses are linear.
struct transfer {
    u64 lba;
    u32 count; // sectors
    u32 address;
    u8 drive; // index in drives[]
    u8 write;
    u8 packet_bytes; // of `packet`, when this is an ATAPI command
    u8 packet[16];
    u32 bytes; // for a packet
};

// What 16-bit code may ask of the 32-bit part at POST_ENTRY_CALL.
enum post_call {
    post_call_transfer,
    post_call_boot,
    post_call_boot_failed,
    post_call_copy,
};

struct registers {
    u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
    u32 ds, es, flags;
    u16 ip, cs; // what to call
};

// One BIOS memory map entry.
struct e820_entry {
    u64 base;
    u64 length;
    u32 type;
} __attribute__((packed));

enum { e820_ram = 1, e820_reserved = 2, e820_acpi = 3, e820_nvs = 4 };
enum { most_e820_entries = 48 };

enum service {
    service_default, // an iret
    service_default_irq_low,
    service_default_irq_high,
    service_timer,
    service_keyboard_irq,
    service_rtc_irq,
    service_video_none,
    service_video_serial,
    service_equipment,
    service_memory,
    service_disk,
    service_serial,
    service_system,
    service_keyboard,
    service_printer,
    service_boot_failed,
    service_boot,
    service_clock,
    service_floppy_irq,
    service_detect_ide, // the rest is for POST: called with a far call
    service_idle,
    service_count,
};

// El Torito's state, for int 13h 4Bh.
struct cd_emulation {
    u8 active; // a CD was booted
    u8 media;  // 0: no emulation; 1 to 3: floppy; 4: hard disk
    u8 drive_number;
    u8 controller_unit;
    u32 image_lba; // of 2 KiB sectors
    u16 load_segment;
    u16 load_sectors;
    u8 cd_drive; // index in drives[]
    u8 heads;
    u8 sectors_per_track;
    u16 cylinders;
};

// At the start of the services' segment: what both parts read and write.
struct shared {
    struct registers real; // SHARED_REAL
    u32 call_argument;
    u32 call_result;
    u32 vga_vector;  // the VGA BIOS's int 10h
    u32 video_flags; // bit 0: there is a VGA

    u32 entries[service_count]; // offsets in the services' segment
    u32 call_real;              // offset of 32-bit code that calls `real` in real mode
    u32 free_begin;             // offsets: what lies free in the services' segment
    u32 free_end;
    u32 floppy_parameters;

    u16 pm_timer_port; // 0: there is none
    u16 serial_port;   // of the serial console; 0: none
    u8 last_bus;
    u8 unused;
    u16 pci_host_device;

    u8 drive_count;
    u8 disk_count;
    u8 floppy_count;
    u8 cd_count;
    u8 disks[most_drives]; // BIOS number 80h + i → index in drives[]
    u8 floppies[2];
    u8 cds[most_drives];
    struct drive drives[most_drives];
    struct transfer transfer;
    struct cd_emulation cd;

    u32 e820_count;
    struct e820_entry e820[most_e820_entries];
    u32 low_ram_end; // what OS may use below 4 GiB
};

extern struct shared shared;

_Static_assert(offsetof(struct shared, call_argument) == SHARED_CALL_ARGUMENT - SHARED_REAL, "assembly knows it");
_Static_assert(offsetof(struct shared, vga_vector) == SHARED_VGA_VECTOR - SHARED_REAL, "assembly knows it");

#endif
