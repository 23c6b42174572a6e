#include "bios/pc/post/legacy.h"

#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/post/real_mode.h"
#include "bios/pc/shared/clock.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/pci_config.h"
#include "bios/pc/shared/uart.h"

enum { pic_master = 0x20, pic_slave = 0xa0 };

static void set_vector(u8 vector, enum service service) {
    volatile u16* entry = (volatile u16*)((u32)vector * 4);
    entry[0] = (u16)shared.entries[service];
    entry[1] = SERVICES_SEGMENT;
}

void vectors_set_up(void) {
    memset((void*)0x400, 0, 0x100);
    for (u32 i = 0; i < 0x78; ++i) set_vector((u8)i, service_default);
    memset((void*)(0x78 * 4), 0, (0x100 - 0x78) * 4);
    for (u8 i = 0; i < 8; ++i) {
        set_vector(0x08 + i, service_default_irq_low);
        set_vector(0x70 + i, service_default_irq_high);
    }
    static const struct {
        u8 vector;
        u8 service;
    } vectors[] = {{0x08, service_timer},      {0x09, service_keyboard_irq}, {0x0e, service_floppy_irq},
                   {0x10, service_video_none}, {0x11, service_equipment},    {0x12, service_memory},
                   {0x13, service_disk},       {0x14, service_serial},       {0x15, service_system},
                   {0x16, service_keyboard},   {0x17, service_printer},      {0x18, service_boot_failed},
                   {0x19, service_boot},       {0x1a, service_clock},        {0x40, service_disk},
                   {0x70, service_rtc_irq}};
    for (u32 i = 0; i < sizeof vectors / sizeof vectors[0]; ++i) set_vector(vectors[i].vector, vectors[i].service);
    volatile u16* const floppy_table = (volatile u16*)(0x1e * 4);
    floppy_table[0] = (u16)shared.floppy_parameters;
    floppy_table[1] = SERVICES_SEGMENT;

    *bda16(0x0e) = EBDA_SEGMENT;
    *bda16(0x13) = BASE_MEMORY_KIB;
    *bda16(0x1a) = *bda16(0x1c) = *bda16(0x80) = 0x1e;
    *bda16(0x82) = 0x3e;
    *bda8(0x96) = 0x10; // an enhanced keyboard
    *bda8(0x4a) = 80;   // columns and the last row, where no VGA says otherwise
    *bda8(0x84) = 24;
    *bda16(0x10) = 0x0026; // a VGA, a mouse port, a coprocessor
    memset((void*)(EBDA_SEGMENT * 16), 0, 1024);
    *(volatile u8*)(EBDA_SEGMENT * 16) = 1; // its size in KiB
}

// 8259A: vectors 08h and 70h; the timer, the keyboard and the cascade are open.
void interrupts_set_up(void) {
    out8(pic_master, 0x11);
    out8(pic_slave, 0x11);
    out8(pic_master + 1, 0x08);
    out8(pic_slave + 1, 0x70);
    out8(pic_master + 1, 0x04);
    out8(pic_slave + 1, 0x02);
    out8(pic_master + 1, 0x01);
    out8(pic_slave + 1, 0x01);
    out8(pic_master + 1, 0xb8); // with IRQ 6
    out8(pic_slave + 1, 0xff);
}

// 8237A: both controllers cleared, the second one's channel 0 passes the first one on.
void dma_set_up(void) {
    out8(0x0d, 0);
    out8(0xda, 0);
    out8(0xd6, 0xc0);
    out8(0xd4, 0x00);
}

static u32 from_bcd(u8 value) { return (u32)(value >> 4) * 10 + (value & 15); }

// 8254: channel 0 at 18.2 Hz, channel 1 as the refresh had it, channel 2 off. The day's ticks come from the RTC.
void clocks_set_up(void) {
    out8(0x43, 0x34);
    out8(0x40, 0);
    out8(0x40, 0);
    out8(0x43, 0x54);
    out8(0x41, 18);
    out8(0x61, in8(0x61) & 0xfc);
    cmos_write(cmos_status_a, 0x26);
    cmos_write(cmos_status_b, 0x02); // BCD, 24 hours
    cmos_read(cmos_status_c);
    const u32 seconds = (from_bcd(cmos_read(4)) * 60 + from_bcd(cmos_read(2))) * 60 + from_bcd(cmos_read(0));
    *bda32(0x6c) = seconds % 86400 * 18206 / 1000;
    *bda8(0x70) = 0;
}

// The serial console is where "etc/sercon-port" says, and otherwise at COM1 when there is no VGA.
void serial_set_up(void) {
    static const u16 ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    u32 count = 0;
    for (u32 i = 0; i < 4; ++i)
        if (uart_present(ports[i])) *bda16(2 * count++) = ports[i];
    *bda16(0x10) = (u16)(*bda16(0x10) | count << 9);
    u16 console = (u16)fw_cfg_number("etc/sercon-port", 0);
    if (console == 0 && !(shared.video_flags & 1)) console = *bda16(0);
    if (console == 0 || !uart_present(console)) return;
    uart_set_up(console);
    shared.serial_port = console;
    set_vector(0x10, service_video_serial);
}

// ---- the keyboard (IBM PS/2 technical reference, keyboard and auxiliary device controller) ----

enum { kbc_data = 0x60, kbc_status = 0x64, kbc_command = 0x64, kbc_output_full = 1, kbc_input_full = 2 };

static bool kbc_wait(u8 mask, u8 value, u32 ms) {
    struct deadline deadline = deadline_in_ms(ms);
    while ((in8(kbc_status) & mask) != value) {
        if (deadline_over(&deadline)) return false;
        pause();
    }
    return true;
}

static bool kbc_send(u16 port, u8 byte) {
    if (!kbc_wait(kbc_input_full, 0, 100)) return false;
    out8(port, byte);
    return true;
}

static i32 kbc_receive(u32 ms) { return kbc_wait(kbc_output_full, kbc_output_full, ms) ? in8(kbc_data) : -1; }

void keyboard_set_up(void) {
    for (u32 i = 0; i < 32 && (in8(kbc_status) & kbc_output_full); ++i) in8(kbc_data);
    if (in8(kbc_status) == 0xff || !kbc_send(kbc_command, 0xaa) || kbc_receive(500) != 0x55) {
        debug("There is no keyboard controller\n");
        return;
    }
    // Reset without translation, then translated to set 1 with IRQ 1 on and the mouse off.
    kbc_send(kbc_command, 0x60);
    kbc_send(kbc_data, 0x30);
    kbc_send(kbc_command, 0xae);
    kbc_send(kbc_data, 0xff);
    if (kbc_receive(500) == 0xfa) kbc_receive(2000);
    kbc_send(kbc_data, 0xf4);
    kbc_receive(500);
    kbc_send(kbc_command, 0x60);
    kbc_send(kbc_data, 0x61);
    kbc_wait(kbc_input_full, 0, 100);
}

// ---- the VGA ----

enum { vga_bochs = 0x11111234, option_rom_magic = 0xaa55, class_vga = 0x0300 };

// Our VGA BIOS is for the card that Bochs and those after it have.
static bool vga_is_bochs(void) {
    for (i32 at = pci_next(-1, shared.last_bus); at >= 0; at = pci_next(at, shared.last_bus))
        if (pci_read32((u16)at, pci_class) >> 16 == class_vga) return pci_read32((u16)at, pci_vendor) == vga_bochs;
    // Without PCI: does the display interface answer?
    out16(0x1ce, 0);
    return (in16(0x1cf) & 0xfff0) == 0xb0c0;
}

void video_set_up(void) {
    if (!vga_is_bochs() || *(const u16*)VGA_BASE != option_rom_magic) return;
    struct registers r = {0};
    far_call(VGA_SEGMENT, 3, &r);
    const volatile u16* vector = (const volatile u16*)(0x10 * 4);
    shared.vga_vector = (u32)vector[1] << 16 | vector[0];
    shared.video_flags |= 1;
}
