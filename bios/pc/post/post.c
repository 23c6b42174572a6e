// From reset to the operating system: every step of it, in order.
#include "bios/pc/post/acpi_loader.h"
#include "bios/pc/post/boot.h"
#include "bios/pc/post/cpus.h"
#include "bios/pc/post/drives.h"
#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/legacy.h"
#include "bios/pc/post/legacy_tables.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/post/real_mode.h"
#include "bios/pc/shared/io.h"

_Noreturn void post(void);
u32 post_called(u32 what);

_Noreturn void post(void) {
    debug("Orrery BIOS " FIRMWARE_VERSION "\n");
    vectors_set_up();
    interrupts_set_up();
    clocks_set_up();
    dma_set_up();
    chipset_set_up();
    memory_set_up();
    pci_set_up(memory_low_end());
    cpus_set_up();
    video_set_up();
    serial_set_up();
    print_to_screen();
    print("Orrery BIOS " FIRMWARE_VERSION "  %u MiB below 4 GiB, %u CPU%s\n", memory_low_end() >> 20, cpus_found(),
          cpus_found() == 1 ? "" : "s");
    keyboard_set_up();
    drives_set_up();
    legacy_tables_set_up();
    acpi_set_up();
    smbios_set_up();
    boot_set_up();
    memory_describe();
    boot_first();
}

static bool a20_is_off(void) {
    // With bit 20 masked, what is 1 MiB higher is the same.
    static volatile u32 probe;
    volatile u32* const higher = (volatile u32*)((u32)&probe + 0x100000);
    const u32 before = *higher;
    probe = ~before;
    return *higher == probe;
}

static void set_a20(bool on) {
    enum { system_control = 0x92, a20_on = 2, keep = 0xfc };
    out8(system_control, (u8)((in8(system_control) & keep) | (on ? a20_on : 0)));
}

static u32 transfer(void) {
    switch (shared.drives[shared.transfer.drive].kind) {
    case drive_ahci:
    case drive_ahci_cd:
        return ahci_transfer(&shared.transfer);
    case drive_virtio:
        return virtio_block_transfer(&shared.transfer);
    default:
        return 1;
    }
}

// A service's request (layout.h), on the caller's stack. DOS may have A20 off.
u32 post_called(u32 what) {
    const bool a20_was_off = a20_is_off();
    if (a20_was_off) set_a20(true);
    u32 result = 0;
    switch (what) {
    case post_call_transfer:
        result = transfer();
        break;
    case post_call_copy:
        memcpy((void*)shared.transfer.address, (const void*)(u32)shared.transfer.lba, shared.transfer.bytes);
        break;
    case post_call_boot:
        boot_first();
    case post_call_boot_failed:
        boot_next();
    default:
        result = 1;
    }
    if (a20_was_off) set_a20(false);
    return result;
}
