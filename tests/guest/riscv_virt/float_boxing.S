// Single precision in 64-bit registers: boxed in ones when written, a NaN when read unboxed (Unprivileged manual, "D").
// expect: tp = 0x24
#include "guest.h"
#define SINGLE_NAN 0xffffffff7fc00000
#define DOUBLE_NAN 0x7ff8000000000000
#define SET(register, bits) li t0, bits; fmv.d.x register, t0
#define IS(register, bits) fmv.x.d a0, register; CHECK(a0, bits)
main:
    li t0, MSTATUS_FS
    csrs mstatus, t0
    li t0, 0x3f800000
    fmv.w.x fa0, t0
    IS(fa0, 0xffffffff3f800000)
    li s0, PAGE(0)
    li t0, 0x12345678
    sw t0, 0(s0)
    flw fa0, 0(s0)
    IS(fa0, 0xffffffff12345678)
    // Unboxed: arithmetic takes it for the canonical NaN; moves and stores take its bits.
    SET(fa1, 0x000000003f800000)
    fadd.s fa2, fa1, fa1
    IS(fa2, SINGLE_NAN)
    fmv.x.w a0, fa1
    CHECK(a0, 0x3f800000)
    fsw fa1, 0(s0)
    lwu a0, 0(s0)
    CHECK(a0, 0x3f800000)
    fsgnj.s fa2, fa1, fa1
    IS(fa2, SINGLE_NAN)
    SET(fa3, 0xffffffff40000000)
    fsgnjn.s fa2, fa3, fa1              // the sign of a NaN without one, turned
    IS(fa2, 0xffffffffc0000000)
    feq.s a0, fa1, fa1
    CHECK(a0, 0)
    fclass.s a0, fa1
    CHECK(a0, 1 << 9)
    fmin.s fa2, fa1, fa3
    IS(fa2, 0xffffffff40000000)
    fcvt.d.s fa2, fa1
    IS(fa2, DOUBLE_NAN)
    fcvt.w.s a0, fa1
    CHECK(a0, 0x7fffffff)
    // Half precision likewise.
    SET(fa1, 0xffffffffffff3c00)
    fcvt.s.h fa2, fa1
    IS(fa2, 0xffffffff3f800000)
    SET(fa1, 0xffffffff00003c00)
    fcvt.s.h fa2, fa1
    IS(fa2, SINGLE_NAN)
    li t0, 0xabcd
    fmv.h.x fa1, t0
    IS(fa1, 0xffffffffffffabcd)
    fmv.x.h a0, fa1
    CHECK(a0, 0xffffffffffffabcd)
    // Results that are NaNs are the canonical one, whatever went in.
    SET(fa1, 0x7ff0000000000001)        // signalling
    SET(fa2, 0xfff8123456789abc)        // quiet, with a payload
    csrw fflags, zero
    fadd.d fa3, fa2, fa2
    IS(fa3, DOUBLE_NAN)
    CHECK_CSR(fflags, 0)
    fadd.d fa3, fa1, fa2
    IS(fa3, DOUBLE_NAN)
    CHECK_CSR(fflags, 0x10)
    fcvt.s.d fa3, fa2
    IS(fa3, SINGLE_NAN)
    fsqrt.d fa3, fa2
    IS(fa3, DOUBLE_NAN)
    fmin.d fa3, fa2, fa2
    IS(fa3, DOUBLE_NAN)
    // Sign injection and moves keep a NaN's bits.
    fsgnjn.d fa3, fa2, fa2
    IS(fa3, 0x7ff8123456789abc)
    // fmin and fmax: a number wins over a NaN, a signalling one is told of; -0 is less than +0.
    SET(fa4, 0x3ff0000000000000)
    csrw fflags, zero
    fmax.d fa3, fa2, fa4
    IS(fa3, 0x3ff0000000000000)
    CHECK_CSR(fflags, 0)
    fmax.d fa3, fa4, fa1
    IS(fa3, 0x3ff0000000000000)
    CHECK_CSR(fflags, 0x10)
    SET(fa5, 0x8000000000000000)
    fmv.d.x fa6, zero
    fmin.d fa3, fa6, fa5
    IS(fa3, 0x8000000000000000)
    fmax.d fa3, fa5, fa6
    IS(fa3, 0)
    // Quiet and signalling comparisons.
    csrw fflags, zero
    feq.d a0, fa2, fa4
    CHECK(a0, 0)
    CHECK_CSR(fflags, 0)
    flt.d a0, fa2, fa4
    CHECK(a0, 0)
    CHECK_CSR(fflags, 0x10)
    // Infinity times 0 is invalid even with a quiet NaN to be added.
    SET(fa4, 0x7ff0000000000000)
    csrw fflags, zero
    fmadd.d fa3, fa4, fa6, fa2
    IS(fa3, DOUBLE_NAN)
    CHECK_CSR(fflags, 0x10)
    j pass
