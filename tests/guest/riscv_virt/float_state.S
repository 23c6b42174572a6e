// mstatus.FS: Off makes every floating-point instruction and CSR illegal; what changes them makes it Dirty (3.1.6.6).
// expect: tp = 0x33
#include "guest.h"
#define SET_FS(value) li t0, MSTATUS_FS; csrc mstatus, t0; li t0, (value) << 13; csrs mstatus, t0
#define CHECK_FS(value) csrr a0, mstatus; srli a0, a0, 13; andi a0, a0, 3; CHECK(a0, value)
#define DIRTIES(...) SET_FS(1); __VA_ARGS__; CHECK_FS(3); SET_FS(2); __VA_ARGS__; CHECK_FS(3)
main:
    li s0, PAGE(0)
    SET_FS(0)
    TRAPS(CAUSE_ILLEGAL, fadd.s fa0, fa0, fa0)
    TRAPS(CAUSE_ILLEGAL, fld fa0, 0(s0))
    TRAPS(CAUSE_ILLEGAL, fsw fa0, 0(s0))
    TRAPS(CAUSE_ILLEGAL, c.fsdsp fa0, 0(sp))
    TRAPS(CAUSE_ILLEGAL, c.fld fa0, 0(s0))
    TRAPS(CAUSE_ILLEGAL, fmv.x.d a0, fa0)
    TRAPS(CAUSE_ILLEGAL, fmv.d.x fa0, zero)
    TRAPS(CAUSE_ILLEGAL, fcvt.s.h fa0, fa0)
    TRAPS(CAUSE_ILLEGAL, csrr a0, fcsr)
    TRAPS(CAUSE_ILLEGAL, csrr a0, frm)
    TRAPS(CAUSE_ILLEGAL, csrwi fflags, 0)
    CHECK_FS(0)
    DIRTIES(fmv.d.x fa0, zero)
    DIRTIES(flw fa0, 0(s0))
    DIRTIES(c.fld fa0, 0(s0))
    DIRTIES(fcvt.d.w fa0, zero)
    DIRTIES(fsgnj.d fa0, fa0, fa0)
    DIRTIES(csrwi frm, 0)
    DIRTIES(csrwi fflags, 0)
    DIRTIES(csrw fcsr, zero)
    // An exception flag is state too.
    li t0, MSTATUS_FS
    csrs mstatus, t0
    li t0, 0x7ff0000000000001
    fmv.d.x fa1, t0
    csrw fflags, zero
    DIRTIES(csrw fflags, zero; SET_FS(1); feq.d a0, fa1, fa1)
    CHECK_CSR(fflags, 0x10)
    // SD sums it up.
    csrr a0, mstatus
    srli a0, a0, 63
    CHECK(a0, 1)
    SET_FS(1)
    csrr a0, mstatus
    srli a0, a0, 63
    CHECK(a0, 0)
    // A load that faults makes nothing dirty.
    TRAPS(CAUSE_LOAD_ACCESS, fld fa0, 0(zero))
    CHECK_FS(1)
    // Off again, at once.
    SET_FS(0)
    TRAPS(CAUSE_ILLEGAL, fadd.d fa0, fa0, fa0)
    // The same from supervisor mode, through sstatus.
    OPEN_MEMORY
    ENTER(SUPERVISOR)
    li t0, MSTATUS_FS
    csrs sstatus, t0
    fadd.d fa0, fa0, fa0
    csrc sstatus, t0
    TRAPS(CAUSE_ILLEGAL, fadd.d fa0, fa0, fa0)
    j pass
