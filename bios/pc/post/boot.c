#include "bios/pc/post/boot.h"

#include "bios/pc/post/boot_menu.h"
#include "bios/pc/post/boot_order.h"
#include "bios/pc/post/drives.h"
#include "bios/pc/post/legacy.h"
#include "bios/pc/post/print.h"
#include "bios/pc/post/real_mode.h"

enum { boot_signature = 0xaa55, sector_signature = 0x1fe };

static u8 order[most_drives];
static u32 order_count;
static u32 tried;

void boot_set_up(void) {
    boot_order_read();
    drives_number();
    boot_menu_offer();
    drives_number();
    order_count = boot_order_list(order);
}

static u8 number_of(u8 drive, const u8* list, u32 count) {
    for (u8 i = 0; i < count; ++i)
        if (list[i] == drive) return i;
    return 0xff;
}

// An MBR or a floppy's boot sector.
static const char* load_sector(u8 bios_number, u32* entry) {
    struct registers r = {0};
    for (u32 tries = 0; tries < 3; ++tries) {
        r = (struct registers){.eax = 0x0201, .ecx = 1, .edx = bios_number, .ebx = BOOT_SECTOR};
        interrupt(0x13, &r);
        if (!(r.flags & flag_carry)) break;
    }
    if (r.flags & flag_carry) return "cannot be read";
    if (*(const u16*)(BOOT_SECTOR + sector_signature) != boot_signature) return "has no boot sector";
    *entry = BOOT_SECTOR;
    return NULL;
}

static const char* load(u8 drive, u32* entry, u8* bios_number) {
    switch (shared.drives[drive].kind) {
    case drive_ide_cd:
    case drive_ahci_cd:
        return cd_load(number_of(drive, shared.cds, shared.cd_count), entry, bios_number);
    case drive_floppy:
        *bios_number = number_of(drive, shared.floppies, shared.floppy_count);
        return load_sector(*bios_number, entry);
    default:
        *bios_number = (u8)(0x80 + number_of(drive, shared.disks, shared.disk_count));
        return load_sector(*bios_number, entry);
    }
}

static void enter(u32 entry, u8 bios_number) {
    debug("Entering %x for drive %x\n", entry, bios_number);
    struct registers r = {.edx = bios_number, .eax = boot_signature, .flags = flag_interrupts};
    far_call((u16)(entry >> 4 & 0xf000), (u16)entry, &r);
}

static _Noreturn void boot_from_here(void) {
    while (tried < order_count) {
        const u8 drive = order[tried++];
        u32 entry = 0;
        u8 bios_number = 0;
        const char* trouble = load(drive, &entry, &bios_number);
        if (trouble) {
            print("%s %s\n", shared.drives[drive].name, trouble);
            continue;
        }
        print("Booting from %s\n", shared.drives[drive].name);
        enter(entry, bios_number);
    }
    if (order_count == 0)
        print("No bootable device: this machine has no drives. Give it a disk or a CD.\n");
    else
        print("No bootable device: none of the %u drives above holds a system.\n", order_count);
    print("Ctrl-Alt-Del starts again.\n");
    for (;;) await_interrupt();
}

// The services' stack, which a caller of int 18h or 19h has brought us on, must be free for them.
static _Noreturn void start(void) {
    __asm__ volatile("movl %0, %%esp\n"
                     "call *%1\n"
                     :
                     : "i"(POST_STACK_TOP), "r"(boot_from_here)
                     : "memory");
    __builtin_unreachable();
}

_Noreturn void boot_first(void) {
    tried = 0;
    start();
}

_Noreturn void boot_next(void) {
    print("The system that was started gave up.\n");
    start();
}
