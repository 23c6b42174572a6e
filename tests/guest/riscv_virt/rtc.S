// The goldfish clock: the date (a fixed one in deterministic runs), setting it, and the alarm through the PLIC.
// expect: tp = 0x7
#include "guest.h"
#define DATE 1767225600000000000 // 2026-01-01 in nanoseconds
#define SECOND 1000000000
#define READ_DATE(register) lwu register, 0(s0); lwu t0, 4(s0); slli t0, t0, 32; or register, register, t0
main:
    li s0, RTC
    READ_DATE(a1)
    CHECK_RANGE(a1, DATE, DATE + SECOND)
    READ_DATE(a2)
    bltu a2, a1, untrapped
    // An alarm half a millisecond ahead; source 11, enabled in the device as well.
    STORE_WORD(PLIC + 4 * 11, 1)
    STORE_WORD(PLIC + 0x2000, 1 << 11)
    li t0, 1
    sw t0, 16(s0)
    li t0, 500000
    add a2, a2, t0
    srli t0, a2, 32
    sw t0, 12(s0)
    sw a2, 8(s0)
    lw a0, 24(s0)
    CHECK(a0, 1)
    li t0, 1 << MEI
    csrw mie, t0
    la s1, 1f
    csrsi mstatus, MSTATUS_MIE
2:  wfi
    j 2b
1:  CHECK(s2, INTERRUPT(MEI))
    READ_DATE(a1)
    bltu a1, a2, untrapped
    li t0, PLIC + 0x200004
    lw a0, 0(t0)
    CHECK(a0, 11)
    lw a0, 24(s0)
    CHECK(a0, 0)
    sw zero, 28(s0)
    STORE_WORD(PLIC + 0x200004, 11)
    csrr a0, mip
    li t0, 1 << MEI
    and a0, a0, t0
    CHECK(a0, 0)
    // The date can be set.
    li t0, 0x10
    sw t0, 4(s0)
    sw zero, 0(s0)
    READ_DATE(a1)
    CHECK_RANGE(a1, 0x1000000000, 0x1000000000 + SECOND)
    j pass
