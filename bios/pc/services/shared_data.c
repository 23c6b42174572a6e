// The block at the segment's start by which POST and the services know each other.
#include "bios/pc/services/services.h"

extern const u8 floppy_parameters[];
extern char entry_default[], entry_default_irq_low[], entry_default_irq_high[], entry_timer[], entry_keyboard_irq[],
    entry_rtc_irq[], entry_video_none[], entry_video_serial[], entry_equipment[], entry_memory[], entry_disk[],
    entry_serial[], entry_system[], entry_keyboard[], entry_printer[], entry_boot_failed[], entry_boot[], entry_clock[],
    entry_floppy_irq[], entry_detect_ide[], entry_idle[], call_real[], free_begin[], free_end[];

__attribute__((section(".shared"))) struct shared shared = {
    .entries =
        {
            [service_default] = (u32)entry_default,
            [service_default_irq_low] = (u32)entry_default_irq_low,
            [service_default_irq_high] = (u32)entry_default_irq_high,
            [service_timer] = (u32)entry_timer,
            [service_keyboard_irq] = (u32)entry_keyboard_irq,
            [service_rtc_irq] = (u32)entry_rtc_irq,
            [service_video_none] = (u32)entry_video_none,
            [service_video_serial] = (u32)entry_video_serial,
            [service_equipment] = (u32)entry_equipment,
            [service_memory] = (u32)entry_memory,
            [service_disk] = (u32)entry_disk,
            [service_serial] = (u32)entry_serial,
            [service_system] = (u32)entry_system,
            [service_keyboard] = (u32)entry_keyboard,
            [service_printer] = (u32)entry_printer,
            [service_boot_failed] = (u32)entry_boot_failed,
            [service_boot] = (u32)entry_boot,
            [service_clock] = (u32)entry_clock,
            [service_floppy_irq] = (u32)entry_floppy_irq,
            [service_detect_ide] = (u32)entry_detect_ide,
            [service_idle] = (u32)entry_idle,
        },
    .call_real = (u32)call_real,
    .free_begin = (u32)free_begin,
    .free_end = (u32)free_end,
    .floppy_parameters = (u32)floppy_parameters,
};
