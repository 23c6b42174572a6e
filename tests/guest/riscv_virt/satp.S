// A write of satp with a MODE that isn't supported has no effect at all; ASID and PPN keep what fits (4.1.11).
// Linux finds the levels of its page tables so.
// expect: tp = 0x17
#include "guest.h"
#define UNSUPPORTED(mode) li t0, SATP(mode, 0x55, TABLE(5)); csrw satp, t0; CHECK_CSR(satp, SATP(SV39, 0x1234, TABLE(1)))
main:
    OPEN_MEMORY
    CHECK_CSR(satp, 0)
    li t0, SATP(SV39, 0x1234, TABLE(1))
    csrw satp, t0
    CHECK_CSR(satp, SATP(SV39, 0x1234, TABLE(1)))
    UNSUPPORTED(1)
    UNSUPPORTED(2)
    UNSUPPORTED(3)
    UNSUPPORTED(4)
    UNSUPPORTED(5)
    UNSUPPORTED(6)
    UNSUPPORTED(7)
    UNSUPPORTED(11)
    UNSUPPORTED(12)
    UNSUPPORTED(13)
    UNSUPPORTED(14)
    UNSUPPORTED(15)
    // csrrs and csrrc as well: with this bit MODE becomes 12.
    li t0, 4 << 60
    csrs satp, t0
    CHECK_CSR(satp, SATP(SV39, 0x1234, TABLE(1)))
    li t0, SATP(SV48, 0xffff, TABLE(2))
    csrw satp, t0
    CHECK_CSR(satp, SATP(SV48, 0xffff, TABLE(2)))
    li t0, SATP(SV57, 0, TABLE(3))
    csrw satp, t0
    CHECK_CSR(satp, SATP(SV57, 0, TABLE(3)))
    csrw satp, zero
    CHECK_CSR(satp, 0)
    // With paging on, a write takes effect for the very next instruction: here it is not mapped in the new space.
    IDENTITY_SV39(TABLE(0), 0)
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    li a1, SATP(SV39, 1, TABLE(1))
    ENTER(SUPERVISOR)
    la s1, 1f
    csrw satp, a1
0:  nop
    j untrapped
1:  CHECK(s2, CAUSE_FETCH_PAGE)
    CHECK_ADDRESS(s4, 0b)
    CHECK_ADDRESS(s3, 0b)
    // And back to addresses without translation.
    csrw satp, zero
    ENTER(SUPERVISOR)
    csrr a0, satp
    CHECK(a0, 0)
    STORE_DOUBLE(PAGE(0), 1)
    LOAD_DOUBLE(a0, PAGE(0))
    CHECK(a0, 1)
    j pass
