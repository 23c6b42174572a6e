// Int 15h.
#include "bios/pc/services/services.h"
#include "bios/pc/shared/clock.h"

static const struct {
    u16 size;
    u8 model, submodel, revision;
    u8 features[5];
} __attribute__((packed)) configuration = {8, 0xfc, 0, 1, {0x74, 0x40, 0, 0, 0}};

// 24h: the gate A20.
static void a20(struct frame* f) {
    enum { port = 0x92, enabled = 2 };
    const u8 now = in8(port);
    switch (f->al) {
    case 0:
        out8(port, now & 0xfc);
        break;
    case 1:
        out8(port, (now & 0xfe) | enabled);
        break;
    case 2:
        f->al = (now & enabled) != 0;
        break;
    case 3:
        f->bx = 3; // by the keyboard controller and by port 92h
        break;
    default:
        refuse(f);
        return;
    }
    f->ah = 0;
    set_carry(f, false);
}

// E820h (ACPI 6.5, 15.1).
static void memory_map(struct frame* f) {
    enum { smap = 0x534d4150, entry_bytes = 20 };
    if (f->edx != smap || f->ebx >= shared.e820_count || f->ecx < entry_bytes) {
        refuse(f);
        return;
    }
    copy_out(f->es, f->di, &shared.e820[f->ebx], entry_bytes);
    f->ebx = f->ebx + 1 == shared.e820_count ? 0 : f->ebx + 1;
    f->eax = smap;
    f->ecx = entry_bytes;
    set_carry(f, false);
}

static u32 extended_memory_kib(void) { return shared.low_ram_end / 1024 - 1024; }

static void memory_sizes(struct frame* f) {
    const u32 kib = extended_memory_kib();
    const u32 first = kib < 15 * 1024 ? kib : 15 * 1024;
    f->ax = f->cx = (u16)first;
    f->bx = f->dx = (u16)((kib - first) / 64);
    set_carry(f, false);
}

// 87h: moves CX words by the caller's descriptors 2 (from) and 3 (to).
static u32 base_in(u16 segment, u16 descriptor) {
    return (peek32(segment, (u16)(descriptor + 2)) & 0xffffff) | (u32)peek8(segment, (u16)(descriptor + 7)) << 24;
}

static void move_block(struct frame* f) {
    shared.transfer = (struct transfer){.lba = base_in(f->es, (u16)(f->si + 0x10)),
                                        .address = base_in(f->es, (u16)(f->si + 0x18)),
                                        .bytes = f->cx * 2U};
    const bool done = f->cx <= 0x8000 && call_flat(post_call_copy);
    f->ah = done ? 0 : 2;
    set_carry(f, !done);
}

// 86h: CX:DX microseconds.
static void wait(struct frame* f) {
    u32 left = (u32)f->cx << 16 | f->dx;
    while (left != 0) {
        const u32 some = left < 1000000 ? left : 1000000;
        struct deadline deadline = deadline_in_us(some);
        while (!deadline_over(&deadline)) breathe();
        left -= some;
    }
    f->ah = 0;
    set_carry(f, false);
}

void system_services(struct frame* f) {
    switch (f->ah) {
    case 0x24:
        a20(f);
        return;
    case 0x4f: // a key: keep it
        set_carry(f, true);
        return;
    case 0x80: // device open, close, end of program, SysRq, device busy, device ready
    case 0x81:
    case 0x82:
    case 0x85:
    case 0x90:
    case 0x91:
        f->ah = 0;
        set_carry(f, false);
        return;
    case 0x86:
        wait(f);
        return;
    case 0x87:
        move_block(f);
        return;
    case 0x88: {
        const u32 kib = extended_memory_kib();
        f->ax = (u16)(kib < 0xfc00 ? kib : 0xfc00);
        set_carry(f, false);
        return;
    }
    case 0xc0:
        f->es = SERVICES_SEGMENT;
        f->bx = (u16)(u32)&configuration;
        f->ah = 0;
        set_carry(f, false);
        return;
    case 0xc1:
        f->es = peek16(bda_segment, bda_ebda);
        set_carry(f, f->es == 0);
        return;
    case 0xe8:
        if (f->al == 0x01) {
            memory_sizes(f);
            return;
        }
        if (f->al == 0x20) {
            memory_map(f);
            return;
        }
        refuse(f);
        return;
    default:
        refuse(f);
    }
}
