// The CLINT: software interrupts between harts, mtime and mtimecmp, for each hart.
// harts: 2
// expect: tp = 0xd
#include "guest.h"
main:
    // MSIP has one bit; it shows in mip at once.
    li s0, CLINT
    li t0, -1
    sw t0, 0(s0)
    lwu a0, 0(s0)
    CHECK(a0, 1)
    csrr a0, mip
    andi a0, a0, 1 << MSI
    CHECK(a0, 1 << MSI)
    sw zero, 0(s0)
    csrr a0, mip
    andi a0, a0, 1 << MSI
    CHECK(a0, 0)
    // The other hart answers each interrupt with one of its own.
    li t0, 1 << MSI
    csrw mie, t0
    li s3, 20
1:  li t0, 1
    sw t0, 4(s0)
2:  wfi
    csrr t0, mip
    andi t0, t0, 1 << MSI
    beqz t0, 2b
    sw zero, 0(s0)
    addi s3, s3, -1
    bnez s3, 1b
    la t0, rounds
    lw a0, 0(t0)
    CHECK(a0, 20)
    // mtimecmp is a level: set while mtime has reached it, gone when it is raised.
    li a1, CLINT + 0x4000
    li a2, CLINT + 0xbff8
    sd zero, 0(a1)
    csrr a0, mip
    andi a0, a0, 1 << MTI
    CHECK(a0, 1 << MTI)
    li t0, -1
    sd t0, 0(a1)
    csrr a0, mip
    andi a0, a0, 1 << MTI
    CHECK(a0, 0)
    // In halves, and read back.
    li t0, 0x12345678
    sw t0, 4(a1)
    sw t0, 0(a1)
    ld a0, 0(a1)
    CHECK(a0, 0x1234567812345678)
    lwu a0, 4(a1)
    CHECK(a0, 0x12345678)
    // mtime can be set, and time with it.
    li t0, 1 << 40
    sd t0, 0(a2)
    rdtime a0
    CHECK_RANGE(a0, 1 << 40, (1 << 40) + 10000000)
    ld a0, 0(a2)
    CHECK_RANGE(a0, 1 << 40, (1 << 40) + 10000000)
    // The deadline moves with it: half a millisecond from now.
    li t0, 1 << MTI
    csrw mie, t0
    ld t0, 0(a2)
    addi a3, t0, 2000
    sd a3, 0(a1)
    wfi
    ld a0, 0(a2)
    bltu a0, a3, untrapped
    csrr a0, mip
    andi a0, a0, 1 << MTI
    CHECK(a0, 1 << MTI)
    // And one that a changed mtime has reached.
    li t0, 1 << 50
    sd t0, 0(a1)
    csrr a0, mip
    andi a0, a0, 1 << MTI
    CHECK(a0, 0)
    addi t0, t0, 1
    sd t0, 0(a2)
    csrr a0, mip
    andi a0, a0, 1 << MTI
    CHECK(a0, 1 << MTI)
    j pass

other_hart:
    li s0, CLINT
    la s11, rounds
    li t0, 1 << MSI
    csrw mie, t0
1:  wfi
    csrr t0, mip
    andi t0, t0, 1 << MSI
    beqz t0, 1b
    sw zero, 4(s0)
    lw t0, 0(s11)
    addi t0, t0, 1
    sw t0, 0(s11)
    fence rw, rw
    li t0, 1
    sw t0, 0(s0)
    j 1b
    .data
    .balign 8
rounds:
    .word 0
