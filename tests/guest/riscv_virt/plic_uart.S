// An interrupt of the serial port through the PLIC: priority, enable, threshold, claim and complete, to machine mode and
// to supervisor mode (PLIC 1.0).
// output: "ok"
// expect: tp = 0x15
#include "guest.h"
#define SOURCE 10
#define MACHINE_CONTEXT 0x200000
#define SUPERVISOR_CONTEXT 0x201000
#define PENDING(number, expected) csrr a0, mip; srli a0, a0, number; andi a0, a0, 1; CHECK(a0, expected)
main:
    OPEN_MEMORY
    li s0, UART
    li s11, PLIC
    // The port asks when its transmitter is empty, as it is; the PLIC passes it on to no one yet.
    li t0, 2
    sb t0, 1(s0)
    PENDING(MEI, 0)
    li t1, PLIC + 0x1000
    lw a0, 0(t1)
    andi a0, a0, 1 << SOURCE
    CHECK(a0, 1 << SOURCE)
    STORE_WORD(PLIC + 4 * SOURCE, 3)
    PENDING(MEI, 0)
    STORE_WORD(PLIC + 0x2000, 1 << SOURCE)
    PENDING(MEI, 1)
    PENDING(SEI, 0)
    // The threshold must be exceeded.
    STORE_WORD(PLIC + MACHINE_CONTEXT, 3)
    PENDING(MEI, 0)
    STORE_WORD(PLIC + MACHINE_CONTEXT, 2)
    PENDING(MEI, 1)
    // Taken and claimed: nothing is pending until it is completed, though the port asks on.
    li t0, 1 << MEI
    csrw mie, t0
    la s1, 1f
    csrsi mstatus, MSTATUS_MIE
    nop
    j untrapped
1:  CHECK(s2, INTERRUPT(MEI))
    li a1, PLIC + MACHINE_CONTEXT + 4
    lw a0, 0(a1)
    CHECK(a0, SOURCE)
    PENDING(MEI, 0)
    lw a0, 0(a1)
    CHECK(a0, 0)
    // The port's own view of it; reading that register is what takes the request back.
    lbu a0, 2(s0)
    andi a0, a0, 0xf
    CHECK(a0, 2)
    lbu a0, 2(s0)
    andi a0, a0, 0xf
    CHECK(a0, 1)
    li t0, SOURCE
    sw t0, 0(a1)
    PENDING(MEI, 0)
    // Each character sent raises it anew.
    li t0, 'o'
    sb t0, 0(s0)
    PENDING(MEI, 1)
    lw a0, 0(a1)
    CHECK(a0, SOURCE)
    // Completed while the line is still up, it is pending again at once.
    sw a0, 0(a1)
    PENDING(MEI, 1)
    lw a0, 0(a1)
    sb zero, 1(s0)
    sw a0, 0(a1)
    PENDING(MEI, 0)
    // To supervisor mode, delegated.
    STORE_WORD(PLIC + 0x2000, 0)
    STORE_WORD(PLIC + 0x2080, 1 << SOURCE)
    li t0, 1 << SEI
    csrw mideleg, t0
    csrw mie, t0
    la s10, 1f
    csrsi sstatus, MSTATUS_SIE
    ENTER(SUPERVISOR)
    li t0, 'k'
    sb t0, 0(s0)
    li t0, 2
    sb t0, 1(s0)
    nop
    j untrapped
1:  CHECK(s6, INTERRUPT(SEI))
    li a1, PLIC + SUPERVISOR_CONTEXT + 4
    lw a0, 0(a1)
    CHECK(a0, SOURCE)
    sb zero, 1(s0)
    sw a0, 0(a1)
    CHECK_CSR(sip, 0)
    j pass
