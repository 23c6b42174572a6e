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

_Noreturn void post(void);
u32 post_called(u32 what);

_Noreturn void post(void) {
    debug("Orrery BIOS " FIRMWARE_VERSION "\n");
    vectors_set_up();
    interrupts_set_up();
    clocks_set_up();
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

// A service's request (layout.h), on the caller's stack.
u32 post_called(u32 what) {
    const struct transfer* transfer = &shared.transfer;
    switch (what) {
    case post_call_transfer:
        switch (shared.drives[transfer->drive].kind) {
        case drive_ahci:
        case drive_ahci_cd:
            return ahci_transfer(transfer);
        case drive_virtio:
            return virtio_block_transfer(transfer);
        default:
            return 1;
        }
    case post_call_copy:
        memcpy((void*)transfer->address, (const void*)(u32)transfer->lba, transfer->bytes);
        return 0;
    case post_call_boot:
        boot_first();
    case post_call_boot_failed:
        boot_next();
    default:
        return 1;
    }
}
