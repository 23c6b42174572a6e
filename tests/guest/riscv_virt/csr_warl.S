// What CSRs keep of what is written to them (2.3, 3.1).
// expect: tp = 0x2b
#include "guest.h"
#define KEEPS(csr, written, kept) li t0, written; csrw csr, t0; CHECK_CSR(csr, kept)
main:
    // misa: RV64 with A, C, D, F, I, M, S, U at least, and it can't be changed into something without I.
    csrr a0, misa
    srli a1, a0, 62
    CHECK(a1, 2)
    li t0, (1 << 0) | (1 << 2) | (1 << 3) | (1 << 5) | (1 << 8) | (1 << 12) | (1 << 18) | (1 << 20)
    and a1, a0, t0
    CHECK_SAME(a1, t0)
    csrw misa, zero
    csrr a1, misa
    CHECK_SAME(a1, a0)
    CHECK_CSR(mhartid, 0)
    KEEPS(mscratch, 0x123456789abcdef0, 0x123456789abcdef0)
    KEEPS(sscratch, -1, -1)
    KEEPS(mtval, 0x5555, 0x5555)
    KEEPS(mepc, 0x80000001, 0x80000000)
    KEEPS(sepc, 0x80000003, 0x80000002)
    KEEPS(mideleg, 0, 0)
    // mie and mip: bits that stand for nothing stay 0; those of machine level in mip are the devices'.
    KEEPS(mie, (1 << MSI) | (1 << 0) | (1 << 4), 1 << MSI)
    KEEPS(mie, 0, 0)
    KEEPS(mip, (1 << MSI) | (1 << MTI) | (1 << MEI), 0)
    KEEPS(mip, (1 << SSI) | (1 << STI) | (1 << SEI), (1 << SSI) | (1 << STI) | (1 << SEI))
    // sie and sip show what is delegated, and let only that be changed; STIP and SEIP are read-only there.
    KEEPS(mideleg, (1 << SSI) | (1 << STI), (1 << SSI) | (1 << STI))
    CHECK_CSR(sip, (1 << SSI) | (1 << STI))
    csrw sip, zero
    CHECK_CSR(mip, (1 << STI) | (1 << SEI))
    KEEPS(mip, 0, 0)
    KEEPS(sie, -1, (1 << SSI) | (1 << STI))
    CHECK_CSR(mie, (1 << SSI) | (1 << STI))
    KEEPS(mie, 1 << SEI, 1 << SEI)
    CHECK_CSR(sie, 0)
    KEEPS(sie, 1 << SSI, 1 << SSI)
    CHECK_CSR(mie, (1 << SSI) | (1 << SEI))
    KEEPS(mie, 0, 0)
    // mstatus: UXL and SXL are 64 bits, SD follows FS, XS and VS are 0.
    li t0, MSTATUS_FS
    csrc mstatus, t0
    csrr a0, mstatus
    srli a0, a0, 63
    CHECK(a0, 0)
    csrs mstatus, t0
    csrr a0, mstatus
    srli a0, a0, 63
    CHECK(a0, 1)
    csrr a0, sstatus
    srli a0, a0, 63
    CHECK(a0, 1)
    li t0, (3 << 15) | (3 << 36)        // XS, SBE, MBE
    csrs mstatus, t0
    csrr a0, mstatus
    and a0, a0, t0
    CHECK(a0, 0)
    csrr a0, mstatus
    srli a0, a0, 32
    andi a0, a0, 0xf
    CHECK(a0, 0xa)
    // sstatus shows its own fields alone.
    li t0, MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MPRV | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR
    csrs mstatus, t0
    csrr a0, sstatus
    and a0, a0, t0
    CHECK(a0, 0)
    csrc sstatus, t0
    csrr a0, mstatus
    and a0, a0, t0
    CHECK_SAME(a0, t0)
    csrc mstatus, t0
    // fcsr and its parts.
    KEEPS(fcsr, -1, 0xff)
    CHECK_CSR(fflags, 0x1f)
    CHECK_CSR(frm, 7)
    csrwi frm, 2
    csrwi fflags, 5
    CHECK_CSR(fcsr, 0x45)
    csrw fcsr, zero
    // menvcfg and senvcfg keep CBZE; CBIE can't be 2.
    KEEPS(senvcfg, 1 << 7, 1 << 7)
    li t0, 2 << 4
    csrw senvcfg, t0
    csrr a0, senvcfg
    andi a0, a0, 3 << 4
    li t1, 2 << 4
    beq a0, t1, untrapped
    // The forms of the CSR instructions.
    li t0, 0xf0
    csrw mscratch, t0
    csrrsi a0, mscratch, 0xf
    CHECK(a0, 0xf0)
    csrrci a0, mscratch, 0x11
    CHECK(a0, 0xff)
    csrrw t0, mscratch, t0
    CHECK(t0, 0xee)
    csrrwi a0, mscratch, 0x1f
    CHECK(a0, 0xf0)
    csrrc a0, mscratch, a0
    CHECK(a0, 0x1f)
    CHECK_CSR(mscratch, 0x0f)
    j pass
