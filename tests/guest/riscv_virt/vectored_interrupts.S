// mtvec and stvec in vectored mode: interrupts enter at base + 4 x cause, exceptions at base (3.1.7).
// expect: a0 = 0x83, a1 = 0x87, a2 = 0x2, a3 = 0x81
// expect: tp = 0x4
#include "guest.h"
main:
    OPEN_MEMORY
    la t0, table
    addi t0, t0, 1
    csrw mtvec, t0
    csrr t1, mtvec
    CHECK_SAME(t1, t0)
    csrsi mstatus, MSTATUS_MIE
    li s0, 0
    li t0, 1 << MSI
    csrw mie, t0
    la s1, 1f
    STORE_WORD(CLINT, 1)
0:  j 0b
1:  mv a0, s0
    STORE_WORD(CLINT, 0)
    csrsi mstatus, MSTATUS_MIE
    li t0, 1 << MTI
    csrw mie, t0
    la s1, 1f
    STORE_DOUBLE(CLINT + 0x4000, 0)
0:  j 0b
1:  mv a1, s0
    STORE_DOUBLE(CLINT + 0x4000, -1)
    la s1, 1f
    .word 0xffffffff
1:  mv a2, s0
    // Likewise in supervisor mode.
    la t0, table
    addi t0, t0, 1
    csrw stvec, t0
    csrwi mideleg, 1 << SSI
    csrwi mie, 1 << SSI
    csrsi mip, 1 << SSI
    csrsi sstatus, MSTATUS_SIE
    li s0, 0
    la s1, 1f
    ENTER(SUPERVISOR)
    j untrapped
1:  mv a3, s0
    CHECK_CSR(scause, INTERRUPT(SSI))
    // MODE 2 and 3 are reserved and can't be read back.
    la s1, 1f
    ecall
1:  CHECK(s0, 2)
    la t0, trap_to_machine
    csrw mtvec, t0
    addi t0, t0, 3
    csrw mtvec, t0
    csrr t0, mtvec
    andi t0, t0, 2
    CHECK(t0, 0)
    j pass
    .balign 128
table:
    .option push
    .option norvc
    j exception
    j entry_1
    j entry_other
    j entry_3
    j entry_other
    j entry_other
    j entry_other
    j entry_7
    .option pop
exception:
    li s0, 2
    jr s1
entry_1:
    li s0, 0x81
    jr s1
entry_3:
    li s0, 0x83
    jr s1
entry_7:
    li s0, 0x87
    jr s1
entry_other:
    li s0, 0xff
    jr s1
