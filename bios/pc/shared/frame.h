// For 16-bit code: the caller's registers, far memory, the BIOS data area.
#pragma once

#include "bios/pc/shared/types.h"

#define BYTES_OF(letter)                                                                                               \
    union {                                                                                                            \
        u32 e##letter##x;                                                                                              \
        u16 letter##x;                                                                                                 \
        struct {                                                                                                       \
            u8 letter##l;                                                                                              \
            u8 letter##h;                                                                                              \
        };                                                                                                             \
    }

// As service.inc pushes it. Changes go back to the caller, flags too.
struct frame {
    union {
        u32 pushed_flags;
        u16 flags;
    };
    union {
        u32 edi;
        u16 di;
    };
    union {
        u32 esi;
        u16 si;
    };
    union {
        u32 ebp;
        u16 bp;
    };
    u32 esp_here;
    BYTES_OF(b);
    BYTES_OF(d);
    BYTES_OF(c);
    BYTES_OF(a);
    u16 ds, ds_padding;
    u16 es, es_padding;
    u16 fs, fs_padding;
    u16 gs, gs_padding;
    u32 esp;
    u16 ss, ss_padding;
};

enum { flag_carry = 1, flag_zero = 0x40, flag_interrupts = 0x200 };

static inline void set_flag(struct frame* f, u16 flag, bool value) {
    f->flags = (u16)(value ? f->flags | flag : f->flags & ~flag);
}
static inline void set_carry(struct frame* f, bool value) { set_flag(f, flag_carry, value); }
// "Unsupported function".
static inline void refuse(struct frame* f) {
    f->ah = 0x86;
    set_carry(f, true);
}

static inline u8 peek8(u16 segment, u16 offset) {
    u8 value;
    __asm__ volatile("movw %1, %%fs; movb %%fs:(%2), %0" : "=q"(value) : "r"(segment), "r"((u32)offset));
    return value;
}
static inline u16 peek16(u16 segment, u16 offset) {
    u16 value;
    __asm__ volatile("movw %1, %%fs; movw %%fs:(%2), %0" : "=r"(value) : "r"(segment), "r"((u32)offset));
    return value;
}
static inline u32 peek32(u16 segment, u16 offset) {
    u32 value;
    __asm__ volatile("movw %1, %%fs; movl %%fs:(%2), %0" : "=r"(value) : "r"(segment), "r"((u32)offset));
    return value;
}
static inline void poke8(u16 segment, u16 offset, u8 value) {
    __asm__ volatile("movw %1, %%fs; movb %0, %%fs:(%2)" : : "q"(value), "r"(segment), "r"((u32)offset) : "memory");
}
static inline void poke16(u16 segment, u16 offset, u16 value) {
    __asm__ volatile("movw %1, %%fs; movw %0, %%fs:(%2)" : : "r"(value), "r"(segment), "r"((u32)offset) : "memory");
}
static inline void poke32(u16 segment, u16 offset, u32 value) {
    __asm__ volatile("movw %1, %%fs; movl %0, %%fs:(%2)" : : "r"(value), "r"(segment), "r"((u32)offset) : "memory");
}
// Copies in the direction of rising addresses; neither side may pass its segment's end.
void far_copy(u16 to_segment, u16 to, u16 from_segment, u16 from, u16 count);

// The BIOS data area.
enum {
    bda_segment = 0x40,
    bda_serial_ports = 0x00,
    bda_ebda = 0x0e,
    bda_equipment = 0x10,
    bda_memory_kib = 0x13,
    bda_key_flags = 0x17,
    bda_key_flags2 = 0x18,
    bda_key_alt_number = 0x19,
    bda_key_head = 0x1a,
    bda_key_tail = 0x1c,
    bda_key_buffer = 0x1e,
    bda_floppy_recalibrate = 0x3e,
    bda_floppy_motor = 0x3f,
    bda_floppy_timeout = 0x40,
    bda_floppy_status = 0x41,
    bda_video_mode = 0x49,
    bda_video_columns = 0x4a,
    bda_video_page_bytes = 0x4c,
    bda_video_cursors = 0x50,
    bda_video_page = 0x62,
    bda_video_crtc = 0x63,
    bda_ticks = 0x6c,
    bda_tick_days = 0x70,
    bda_break = 0x71,
    bda_reset_flag = 0x72,
    bda_disk_status = 0x74,
    bda_disk_count = 0x75,
    bda_key_buffer_begin = 0x80,
    bda_key_buffer_end = 0x82,
    bda_video_rows = 0x84,
    bda_floppy_media = 0x90,
    bda_floppy_cylinder = 0x94,
    bda_key_flags3 = 0x96,
    bda_key_leds = 0x97,
    bda_wait_flag = 0xa0,
};
