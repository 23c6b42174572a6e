// Load-reserved and store-conditional: when a reservation is made, used, and lost (Unprivileged manual, "A" 8.2).
// expect: tp = 0x22
#include "guest.h"
main:
    li s0, PAGE(0)
    li t0, 0x11
    sd t0, 0(s0)
    // Without a reservation it fails, also at address 0, where no reservation is not one either.
    sc.d a0, t0, (s0)
    snez a0, a0
    CHECK(a0, 1)
    ld a0, 0(s0)
    CHECK(a0, 0x11)
    lr.d a0, (s0)
    CHECK(a0, 0x11)
    li t0, 0x22
    sc.d a0, t0, (s0)
    CHECK(a0, 0)
    ld a0, 0(s0)
    CHECK(a0, 0x22)
    // It is used up by success,
    sc.d a0, t0, (s0)
    snez a0, a0
    CHECK(a0, 1)
    // and by failure: here for another address.
    lr.d a0, (s0)
    addi t1, s0, 256
    sc.d a0, t0, (t1)
    snez a0, a0
    CHECK(a0, 1)
    sc.d a0, t0, (s0)
    snez a0, a0
    CHECK(a0, 1)
    // A new one replaces the old one.
    lr.d a0, (s0)
    lr.d a0, (t1)
    sc.d a0, t0, (s0)
    snez a0, a0
    CHECK(a0, 1)
    // Words: sign extended, and only four bytes written.
    li t0, 0xffffffff80000001
    sd t0, 8(s0)
    addi t1, s0, 8
    lr.w a0, (t1)
    CHECK(a0, 0xffffffff80000001)
    li t0, 0x1122334455667788
    sc.w a0, t0, (t1)
    CHECK(a0, 0)
    ld a0, 8(s0)
    CHECK(a0, 0xffffffff55667788)
    // rd may be rs1 or rs2, or x0.
    lr.w t1, (t1)
    CHECK(t1, 0x55667788)
    addi t1, s0, 8
    lr.w zero, (t1)
    sc.w t1, t0, (t1)
    CHECK(t1, 0)
    addi t1, s0, 8
    lr.w.aqrl t0, (t1)
    sc.w.rl t0, t0, (t1)
    CHECK(t0, 0)
    // A loop that counts by them.
    sd zero, 0(s0)
    li s3, 100
1:  lr.d t0, (s0)
    addi t0, t0, 3
    sc.d t1, t0, (s0)
    bnez t1, 1b
    addi s3, s3, -1
    bnez s3, 1b
    ld a0, 0(s0)
    CHECK(a0, 300)
    // Misaligned ones fault, whether or not there is a reservation.
    addi t1, s0, 4
    TRAPS_VALUE(CAUSE_LOAD_MISALIGNED, PAGE(0) + 4, lr.d t0, (t1))
    TRAPS_VALUE(CAUSE_STORE_MISALIGNED, PAGE(0) + 4, sc.d t0, t0, (t1))
    addi t1, s0, 2
    TRAPS_VALUE(CAUSE_LOAD_MISALIGNED, PAGE(0) + 2, lr.w t0, (t1))
    TRAPS_VALUE(CAUSE_STORE_MISALIGNED, PAGE(0) + 2, sc.w t0, t0, (t1))
    TRAPS_VALUE(CAUSE_STORE_MISALIGNED, PAGE(0) + 2, amoadd.w t0, t0, (t1))
    addi t1, s0, 4
    TRAPS_VALUE(CAUSE_STORE_MISALIGNED, PAGE(0) + 4, amoswap.d t0, t0, (t1))
    j pass
