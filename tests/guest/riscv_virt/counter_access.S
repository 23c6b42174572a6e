// Who may read the counters: supervisor mode by mcounteren, user mode by scounteren as well (3.1.11, 4.1.5).
// expect: tp = 0x1f
#include "guest.h"
#define READS(mode, counter) ENTER(mode); csrr t0, counter; BACK; CHECK_RANGE(s2, CAUSE_ECALL_USER, CAUSE_ECALL_SUPERVISOR)
#define DENIED(mode, counter) ENTER(mode); TRAPS(CAUSE_ILLEGAL, csrr t0, counter)
main:
    OPEN_MEMORY
    csrw mcounteren, zero
    csrw scounteren, zero
    DENIED(SUPERVISOR, cycle)
    DENIED(SUPERVISOR, time)
    DENIED(SUPERVISOR, instret)
    DENIED(SUPERVISOR, hpmcounter3)
    DENIED(USER, cycle)
    csrwi mcounteren, 1
    READS(SUPERVISOR, cycle)
    DENIED(SUPERVISOR, time)
    DENIED(USER, cycle)
    csrwi mcounteren, 6
    csrwi scounteren, 5
    READS(SUPERVISOR, time)
    READS(SUPERVISOR, instret)
    DENIED(SUPERVISOR, cycle)
    DENIED(USER, cycle)
    DENIED(USER, time)
    READS(USER, instret)
    // Read-only whoever asks.
    TRAPS(CAUSE_ILLEGAL, csrw instret, zero)
    // Supervisor mode may never touch the machine's.
    DENIED(SUPERVISOR, minstret)
    // csrrs and csrrc with x0 only read.
    csrrs a0, cycle, zero
    csrrci a0, cycle, 0
    TRAPS(CAUSE_ILLEGAL, csrrsi a0, cycle, 1)
    // mcountinhibit has no bit for time.
    li t0, -1
    csrw mcountinhibit, t0
    csrr a0, mcountinhibit
    andi a0, a0, 2
    CHECK(a0, 0)
    csrw mcountinhibit, zero
    // time follows mtime.
    li t0, CLINT
    li t1, 0xbff8
    add t0, t0, t1
    ld s7, 0(t0)
    rdtime s8
    ld s9, 0(t0)
    bltu s8, s7, untrapped
    bltu s9, s8, untrapped
    j pass
