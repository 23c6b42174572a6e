// The five rounding modes, from frm and in the instruction; the flags; modes that are reserved ("F" 11.2).
// expect: tp = 0x49
#include "guest.h"
#define NX 1
#define UF 2
#define OF 4
#define DZ 8
#define NV 0x10
#define SET(register, bits) li t0, bits; fmv.d.x register, t0
#define IS(register, bits) fmv.x.d a0, register; CHECK(a0, bits)
#define FLAGS(flags) CHECK_CSR(fflags, flags); csrw fflags, zero
#define TO_INTEGER(bits, rne, rtz_, rdn_, rup_, rmm_) \
    SET(fa0, bits); csrwi frm, 0; fcvt.l.d a0, fa0, dyn; CHECK(a0, rne); csrwi frm, 1; fcvt.l.d a0, fa0, dyn; CHECK(a0, rtz_); \
    csrwi frm, 2; fcvt.l.d a0, fa0, dyn; CHECK(a0, rdn_); csrwi frm, 3; fcvt.l.d a0, fa0, dyn; CHECK(a0, rup_); \
    csrwi frm, 4; fcvt.l.d a0, fa0, dyn; CHECK(a0, rmm_); csrwi frm, 0; fcvt.l.d a0, fa0, rmm; CHECK(a0, rmm_); \
    fcvt.l.d a0, fa0, rdn; CHECK(a0, rdn_)
main:
    li t0, MSTATUS_FS
    csrs mstatus, t0
    TO_INTEGER(0x4004000000000000, 2, 2, 2, 3, 3)               // 2.5
    TO_INTEGER(0xc004000000000000, -2, -2, -3, -2, -3)          // -2.5
    TO_INTEGER(0x400c000000000000, 4, 3, 3, 4, 4)               // 3.5
    TO_INTEGER(0x4006666666666666, 3, 2, 2, 3, 3)               // 2.8
    TO_INTEGER(0xbfd0000000000000, 0, 0, -1, 0, 0)              // -0.25
    csrw fflags, zero
    // 1 / 3 up and down; 1 + 2^-53 is half way.
    SET(fa0, 0x3ff0000000000000)
    SET(fa1, 0x4008000000000000)
    fdiv.d fa2, fa0, fa1, rdn
    IS(fa2, 0x3fd5555555555555)
    FLAGS(NX)
    fdiv.d fa2, fa0, fa1, rup
    IS(fa2, 0x3fd5555555555556)
    SET(fa1, 0x3ca0000000000000)
    fadd.d fa2, fa0, fa1, rne
    IS(fa2, 0x3ff0000000000000)
    fadd.d fa2, fa0, fa1, rmm
    IS(fa2, 0x3ff0000000000001)
    fadd.d fa2, fa0, fa1, rup
    IS(fa2, 0x3ff0000000000001)
    fadd.d fa2, fa0, fa1, rtz
    IS(fa2, 0x3ff0000000000000)
    fsub.d fa2, fa0, fa0, rdn
    IS(fa2, 0x8000000000000000)                                 // x - x is -0 when rounding down
    fsub.d fa2, fa0, fa0, rne
    IS(fa2, 0)
    FLAGS(NX)
    // Overflow by mode.
    SET(fa1, 0x7fefffffffffffff)
    fadd.d fa2, fa1, fa1, rne
    IS(fa2, 0x7ff0000000000000)
    FLAGS(OF | NX)
    fadd.d fa2, fa1, fa1, rtz
    IS(fa2, 0x7fefffffffffffff)
    FLAGS(OF | NX)
    fadd.d fa2, fa1, fa1, rdn
    IS(fa2, 0x7fefffffffffffff)
    FLAGS(OF | NX)
    // Division by zero, and what is invalid.
    fmv.d.x fa3, zero
    fdiv.d fa2, fa0, fa3
    IS(fa2, 0x7ff0000000000000)
    FLAGS(DZ)
    fdiv.d fa2, fa3, fa3
    FLAGS(NV)
    fsub.d fa4, fa3, fa0
    fsqrt.d fa2, fa4
    IS(fa2, 0x7ff8000000000000)
    FLAGS(NV)
    // Underflow needs a tiny result that is inexact; tininess is found after rounding.
    SET(fa1, 0x0010000000000000)                                // the least normal number
    SET(fa2, 0x3fe0000000000000)                                // a half
    fmul.d fa3, fa1, fa2
    IS(fa3, 0x0008000000000000)
    FLAGS(0)                                                    // tiny but exact
    SET(fa2, 0x3fefffffffffffff)                                // 1 - 2^-53
    fmul.d fa3, fa1, fa2
    IS(fa3, 0x0010000000000000)
    FLAGS(UF | NX)                                              // with a range without end: 2^-1022 - 2^-1075, tiny
    SET(fa2, 0x0000000000000001)
    fmul.d fa3, fa2, fa2
    IS(fa3, 0)
    FLAGS(UF | NX)
    fmul.d fa3, fa2, fa2, rup
    IS(fa3, 1)
    FLAGS(UF | NX)
    // Flags add up until they are cleared.
    csrwi fflags, 0x10
    SET(fa1, 0x4008000000000000)
    fdiv.d fa2, fa0, fa1
    CHECK_CSR(fflags, NV | NX)
    // A fused multiply-add rounds once.
    SET(fa1, 0x3ff0000000000001)
    SET(fa2, 0xbff0000000000002)
    fmadd.d fa3, fa1, fa1, fa2
    IS(fa3, 0x3970000000000000)                                 // 2^-104
    // frm 5 to 7 make an instruction that uses it illegal, and others not; so do 5 and 6 in the instruction.
    csrwi frm, 5
    TRAPS(CAUSE_ILLEGAL, fadd.d fa3, fa0, fa0, dyn)
    csrwi frm, 7
    TRAPS(CAUSE_ILLEGAL, fsqrt.s fa3, fa0, dyn)
    fadd.d fa3, fa0, fa0, rne
    IS(fa3, 0x4000000000000000)
    fsgnj.d fa3, fa0, fa0
    fcvt.d.w fa3, zero
    csrwi frm, 0
    fadd.d fa3, fa0, fa0, dyn
    TRAPS(CAUSE_ILLEGAL, .word 0x02a556d3)                      // fadd.d fa3, fa0, fa0 with mode 5
    j pass
