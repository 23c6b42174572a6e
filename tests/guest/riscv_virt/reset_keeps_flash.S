// A reset by the finisher: harts, devices and memory are as at power-on, what was programmed into flash stays.
// The checks before the reset aren't counted: it clears tp.
// expect: a0 = 0x1, a1 = 0xc0de
// output: "12"
// expect: tp = 0x8
#include "guest.h"
#define FLASH 0x22000000 // the second bank, that of variables
main:
    li s0, FLASH
    lwu a1, 0(s0)
    li t0, 0xc0de
    beq a1, t0, second
    li t0, UART
    li t1, '1'
    sb t1, 0(t0)
    li t1, 3
    sb t1, 3(t0)
    // Erase the block, then program a word: two chips side by side, hence every command twice.
    li t0, 0x00200020
    sw t0, 0(s0)
    li t0, 0x00d000d0
    sw t0, 0(s0)
    li t0, 0x00400040
    sw t0, 0(s0)
    li t0, 0xc0de
    sw t0, 0(s0)
    li t0, 0x00ff00ff
    sw t0, 0(s0)
    lwu a1, 0(s0)
    CHECK(a1, 0xc0de)
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    li t0, -1
    csrw mscratch, t0
    STORE_DOUBLE(PAGE(0), 1)
    STORE_WORD(CLINT, 1)
    STORE_DOUBLE(CLINT + 0xbff8, 1 << 40)
    STORE_WORD(FINISHER, 0x7777)
1:  j 1b
second:
    li t0, UART
    li t1, '2'
    sb t1, 0(t0)
    lbu a0, 3(t0)
    CHECK(a0, 0)
    CHECK_CSR(satp, 0)
    CHECK_CSR(mscratch, 0)
    CHECK_CSR(mcause, 0)
    rdtime a0
    CHECK_RANGE(a0, 0, 1000000)
    LOAD_DOUBLE(a0, PAGE(0))
    CHECK(a0, 0)
    csrr a0, mip
    CHECK(a0, 0)
    csrr a0, mstatus
    andi a0, a0, MSTATUS_MIE
    CHECK(a0, 0)
    li a0, 1
    j pass
