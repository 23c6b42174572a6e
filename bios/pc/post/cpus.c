// SDM 3A 9.4 (multiple-processor initialization), 11.4 (local APIC), 12.11 (MTRRs).
#include "bios/pc/post/cpus.h"

#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/clock.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/layout.h"

enum {
    msr_apic_base = 0x1b,
    msr_mtrr_cap = 0xfe,
    msr_mtrr_base0 = 0x200,
    msr_mtrr_mask0 = 0x201,
    msr_mtrr_default = 0x2ff
};
enum { type_uncached = 0, type_write_back = 6 };
enum {
    apic_id = 0x20,
    apic_spurious = 0xf0,
    apic_icr_low = 0x300,
    apic_icr_high = 0x310,
    apic_lint0 = 0x350,
    apic_lint1 = 0x360
};
enum { icr_others = 0xc0000, icr_assert = 0x4000, icr_init = 0x500, icr_startup = 0x600, icr_pending = 0x1000 };
enum { feature_msr = 1 << 5, feature_apic = 1 << 9, feature_mtrr = 1 << 12 };
enum { wake_ms = 1000, settle_ms = 10 };

extern char ap_start[], ap_start_end[], ap_gdt_pointer[];
extern volatile u32 ap_count;

static u8 apic_ids[most_processors];
static u32 found;

u32 cpus_found(void) { return found; }
u8 cpu_apic_id(u32 index) { return apic_ids[index]; }

void cpuid(u32 leaf, u32* a, u32* b, u32* c, u32* d) {
    __asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}

static u32 features(void) {
    u32 a, b, c, d;
    cpuid(1, &a, &b, &c, &d);
    return d;
}

bool cpu_has_apic(void) { return (features() & feature_apic) != 0; }

static u64 read_msr(u32 number) {
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (u64)high << 32 | low;
}

static void write_msr(u32 number, u64 value) {
    __asm__ volatile("wrmsr" : : "a"((u32)value), "d"((u32)(value >> 32)), "c"(number));
}

static u64 physical_mask(void) {
    u32 a, b, c, d;
    u32 bits = 36;
    cpuid(0x80000000, &a, &b, &c, &d);
    if (a >= 0x80000008) {
        cpuid(0x80000008, &a, &b, &c, &d);
        bits = a & 0xff;
    }
    return ((u64)1 << bits) - 1;
}

// From 4 GiB down, each range as large as its end is aligned and as the devices reach.
static void set_device_ranges(u32 most) {
    const u32 devices = pci_ecam_base() != 0 ? pci_ecam_base() : pci_window_begin();
    u32 end = 0;
    for (u32 number = 0; number < most && end != devices; ++number) {
        u32 size = 0x80000000;
        while (size > 0x01000000 && ((end & (size - 1)) != 0 || end - size < devices)) size >>= 1;
        if (end - size < devices) break;
        end -= size;
        write_msr(msr_mtrr_base0 + 2 * number, end | (u32)type_uncached);
        write_msr(msr_mtrr_mask0 + 2 * number, (physical_mask() & ~(u64)(size - 1)) | 0x800);
    }
}

// RAM is write-back, the legacy video memory and the devices below 4 GiB are uncached.
static void set_memory_types(void) {
    if ((features() & (feature_mtrr | feature_msr)) != (feature_mtrr | feature_msr)) return;
    static const u16 fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    const u64 capability = read_msr(msr_mtrr_cap);
    if (capability & 0x100)
        for (u32 i = 0; i < sizeof fixed / sizeof fixed[0]; ++i)
            write_msr(fixed[i], fixed[i] == 0x259 ? 0 : 0x0606060606060606);
    set_device_ranges((u32)(capability & 0xff));
    write_msr(msr_mtrr_default, 0x800 | (capability & 0x100 ? 0x400 : 0) | type_write_back);
}

static volatile u32* apic(u32 offset) { return (volatile u32*)((u32)(read_msr(msr_apic_base) & 0xfffff000) + offset); }

// Without its help the 8259's interrupts and NMI come through as on a PC without one.
static void set_up_apic(void) {
    *apic(apic_spurious) = 0x1ff;
    *apic(apic_lint0) = 0x700;
    *apic(apic_lint1) = 0x400;
}

static void note_self(void) {
    const u8 id = (u8)(*apic(apic_id) >> 24);
    if (found < most_processors) apic_ids[found++] = id;
}

void ap_main(void) {
    set_memory_types();
    set_up_apic();
    note_self();
}

static void send(u32 command) {
    *apic(apic_icr_high) = 0;
    *apic(apic_icr_low) = icr_others | icr_assert | command;
    struct deadline deadline = deadline_in_ms(settle_ms);
    while ((*apic(apic_icr_low) & icr_pending) && !deadline_over(&deadline)) pause();
}

static void prepare_trampoline(void) {
    u8* const page = (u8*)(AP_START_PAGE << 12);
    memcpy(page, ap_start, (u32)(ap_start_end - ap_start));
    // The GDT that this processor uses.
    struct {
        u16 limit;
        u32 base;
    } __attribute__((packed)) gdt;
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    memcpy(page + (ap_gdt_pointer - ap_start), &gdt, sizeof gdt);
}

static void wake_others(u32 expected) {
    prepare_trampoline();
    send(icr_init);
    wait_us(10000);
    send(icr_startup | AP_START_PAGE);
    wait_us(200);
    struct deadline deadline = deadline_in_ms(expected != 0 ? wake_ms : settle_ms);
    while (!deadline_over(&deadline) && (expected == 0 || ap_count + 1 < expected)) pause();
}

void cpus_set_up(void) {
    set_memory_types();
    if (!cpu_has_apic()) {
        found = 1;
        return;
    }
    set_up_apic();
    note_self();
    u16 expected = 0;
    fw_cfg_read(fw_cfg_cpu_count, &expected, sizeof expected);
    if (expected != 1) wake_others(expected);
    debug("%u processors of %u\n", found, expected);
}
