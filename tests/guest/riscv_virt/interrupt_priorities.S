// Of several pending interrupts the order is MEI, MSI, MTI, SEI, SSI, STI, whatever was first (3.1.9). The digits of a0
// are their numbers in the order in which they were taken.
// expect: a0 = 0xb37915
// expect: tp = 0x1
#include "guest.h"
main:
    STORE_WORD(CLINT, 1)
    STORE_DOUBLE(CLINT + 0x4000, 0)
    li t0, (1 << SEI) | (1 << SSI) | (1 << STI)
    csrw mip, t0
    // The serial port, whose transmitter is idle, through the PLIC to machine mode.
    STORE_WORD(PLIC + 4 * 10, 1)
    STORE_WORD(PLIC + 0x2000, 1 << 10)
    li t0, UART
    li t1, 2
    sb t1, 1(t0)
    csrr t0, mip
    li t1, (1 << MEI) | (1 << MSI) | (1 << MTI) | (1 << SEI) | (1 << SSI) | (1 << STI)
    and t0, t0, t1
    CHECK(t0, (1 << MEI) | (1 << MSI) | (1 << MTI) | (1 << SEI) | (1 << SSI) | (1 << STI))
    csrw mie, t1
    li a0, 0
    la s1, taken
    csrsi mstatus, MSTATUS_MIE
    nop
    j untrapped
    // Each one, once taken, is disabled; the next follows at once when interrupts are enabled again.
taken:
    slli a0, a0, 4
    andi t0, s2, 0xf
    or a0, a0, t0
    li t1, 1
    sll t1, t1, t0
    csrc mie, t1
    csrr t0, mie
    beqz t0, pass
    csrsi mstatus, MSTATUS_MIE
    nop
    j untrapped
