// The time-stamp counter only ever goes forward, never by much, and at the pace that CPUID tells.
#include "tests/guest/pc_bios/guest.h"

static u64 time_stamp(void) {
    u32 low = 0, high = 0;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static u32 khz(void) {
    u32 eax = 0x40000010, ebx = 0, ecx = 0, edx = 0; // the leaf of timing frequencies
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return eax;
}

static u32 ticks(void) {
    struct registers r = {.eax = 0};
    interrupt(0x1a, &r);
    return (u32)r.cx << 16 | r.dx;
}

void test(void) {
    enum { ticks_to_wait = 9, ms_of_a_tick = 54 };
    const u64 longest = (u64)1 << 36; // some tens of seconds: a host may forget a machine for a while
    const u32 first_tick = ticks();
    const u64 first = time_stamp();
    u64 before = first;
    u32 backward = 0, far = 0;
    while (ticks() - first_tick < ticks_to_wait) {
        for (u32 i = 0; i < 20; ++i) {
            const u64 now = time_stamp();
            backward += now < before;
            far += now - before > longest;
            before = now;
        }
    }
    CHECK_EQUAL(backward, 0);
    CHECK_EQUAL(far, 0);
    // The first tick may have come at once.
    CHECK(before - first > (u64)(ticks_to_wait - 2) * ms_of_a_tick * khz());
}
