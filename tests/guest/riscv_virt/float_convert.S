// Conversions to integers saturate, and say that they were invalid, or else inexact (Unprivileged manual, "F" 11.7).
// expect: tp = 0x48
#include "guest.h"
#define NV 0x10
#define NX 1
#define TO(operation, bits, result, flags) \
    li t0, bits; fmv.d.x fa0, t0; csrw fflags, zero; operation a0, fa0, rtz; CHECK(a0, result); CHECK_CSR(fflags, flags)
#define FROM(operation, value, bits, flags) \
    li t0, value; csrw fflags, zero; operation fa0, t0; fmv.x.d a0, fa0; CHECK(a0, bits); CHECK_CSR(fflags, flags)
main:
    li t0, MSTATUS_FS
    csrs mstatus, t0
    TO(fcvt.w.d, 0x3ff8000000000000, 1, NX)                         // 1.5
    TO(fcvt.w.d, 0xbff8000000000000, -1, NX)
    TO(fcvt.w.d, 0x41dfffffffc00000, 0x7fffffff, 0)                 // 2^31 - 1
    TO(fcvt.w.d, 0x41e0000000000000, 0x7fffffff, NV)                // 2^31
    TO(fcvt.w.d, 0xc1e0000000000000, 0xffffffff80000000, 0)
    TO(fcvt.w.d, 0xc1e0000000100000, 0xffffffff80000000, NX)        // -2^31 - 0.5
    TO(fcvt.w.d, 0xc1e0000000200000, 0xffffffff80000000, NV)        // -2^31 - 1
    TO(fcvt.w.d, 0x7ff8000000000000, 0x7fffffff, NV)
    TO(fcvt.w.d, 0xfff8000000000000, 0x7fffffff, NV)                // a NaN's sign means nothing
    TO(fcvt.w.d, 0x7ff0000000000000, 0x7fffffff, NV)
    TO(fcvt.w.d, 0xfff0000000000000, 0xffffffff80000000, NV)
    TO(fcvt.wu.d, 0x41efffffffe00000, 0xffffffffffffffff, 0)        // 2^32 - 1, sign extended
    TO(fcvt.wu.d, 0x41f0000000000000, 0xffffffffffffffff, NV)
    TO(fcvt.wu.d, 0xbfe0000000000000, 0, NX)                        // -0.5
    TO(fcvt.wu.d, 0xbff0000000000000, 0, NV)                        // -1
    TO(fcvt.wu.d, 0x7ff8000000000000, 0xffffffffffffffff, NV)
    TO(fcvt.wu.d, 0x8000000000000000, 0, 0)
    TO(fcvt.l.d, 0x43e0000000000000, 0x7fffffffffffffff, NV)        // 2^63
    TO(fcvt.l.d, 0xc3e0000000000000, 0x8000000000000000, 0)
    TO(fcvt.l.d, 0xc3e0000000000001, 0x8000000000000000, NV)
    TO(fcvt.l.d, 0x7ff8000000000000, 0x7fffffffffffffff, NV)
    TO(fcvt.lu.d, 0x43efffffffffffff, 0xfffffffffffff800, 0)
    TO(fcvt.lu.d, 0x43f0000000000000, 0xffffffffffffffff, NV)       // 2^64
    TO(fcvt.lu.d, 0xfff0000000000000, 0, NV)
    TO(fcvt.lu.d, 0x7ff8000000000000, 0xffffffffffffffff, NV)
    TO(fcvt.l.s, 0xffffffff5f000000, 0x7fffffffffffffff, NV)        // 2^63
    TO(fcvt.w.s, 0xffffffffcf000000, 0xffffffff80000000, 0)
    TO(fcvt.lu.s, 0xffffffffbf800000, 0, NV)
    FROM(fcvt.d.w, 0xffffffff, 0xbff0000000000000, 0)
    FROM(fcvt.d.wu, 0xffffffffffffffff, 0x41efffffffe00000, 0)
    FROM(fcvt.d.l, 0x7fffffffffffffff, 0x43e0000000000000, NX)
    FROM(fcvt.d.lu, 0xffffffffffffffff, 0x43f0000000000000, NX)
    FROM(fcvt.d.lu, 0x8000000000000401, 0x43e0000000000001, NX)
    FROM(fcvt.s.l, 0x8000000000000000, 0xffffffffdf000000, 0)
    FROM(fcvt.s.lu, 0xffffff8000000000, 0xffffffff5f800000, NX)
    FROM(fcvt.s.w, 0x01000001, 0xffffffff4b800000, NX)
    j pass
