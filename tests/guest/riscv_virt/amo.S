// Atomic memory operations: the old value, sign extended, and the new one in memory.
// expect: tp = 0x38
#include "guest.h"
#define WORD(operation, old, operand, result) \
    li t0, (0x5a5a5a5a << 32) | (old); sd t0, 0(s0); li t1, operand; operation a0, t1, (s0); \
    li t2, old; sext.w t2, t2; CHECK_SAME(a0, t2); ld a0, 0(s0); CHECK(a0, (0x5a5a5a5a << 32) | (result))
#define DOUBLE(operation, old, operand, result) \
    li t0, old; sd t0, 0(s0); li t1, operand; operation a0, t1, (s0); CHECK(a0, old); ld a0, 0(s0); CHECK(a0, result)
#define LEAST 0x8000000000000000
main:
    li s0, PAGE(0)
    WORD(amoswap.w, 0x80000000, 0x12345678, 0x12345678)
    WORD(amoadd.w, 0xffffffff, 2, 1)
    WORD(amoadd.w.aqrl, 0x7fffffff, 0xffffffff00000001, 0x80000000)
    WORD(amoand.w, 0xff00ff00, 0x0ff00ff0, 0x0f000f00)
    WORD(amoor.w, 0xff00ff00, 0x0ff00ff0, 0xfff0fff0)
    WORD(amoxor.w, 0xff00ff00, 0x0ff00ff0, 0xf0f0f0f0)
    WORD(amomin.w, 0x80000000, 1, 0x80000000)
    WORD(amomin.w, 5, 0x1234567880000000, 0x80000000)
    WORD(amomax.w, 0x80000000, 1, 1)
    WORD(amomax.w, 1, 0xffffffff, 1)
    WORD(amominu.w, 0x80000000, 1, 1)
    WORD(amominu.w, 1, 0xff00000000, 0)
    WORD(amomaxu.w, 0x80000000, 1, 0x80000000)
    WORD(amomaxu.w, 1, 0xffffffff, 0xffffffff)
    DOUBLE(amoswap.d, LEAST, 0x12345678, 0x12345678)
    DOUBLE(amoadd.d, -1, 2, 1)
    DOUBLE(amoand.d, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0x0f000f000f000f00)
    DOUBLE(amoor.d, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xfff0fff0fff0fff0)
    DOUBLE(amoxor.d, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xf0f0f0f0f0f0f0f0)
    DOUBLE(amomin.d, LEAST, 1, LEAST)
    DOUBLE(amomin.d, 1, LEAST, LEAST)
    DOUBLE(amomax.d, LEAST, 1, 1)
    DOUBLE(amomax.d, 1, -1, 1)
    DOUBLE(amominu.d, LEAST, 1, 1)
    DOUBLE(amomaxu.d, LEAST, 1, LEAST)
    DOUBLE(amomaxu.d, 1, -1, -1)
    // The destination may be the address, or none.
    li t0, 5
    sd t0, 0(s0)
    mv t1, s0
    amoadd.d t1, t0, (t1)
    CHECK(t1, 5)
    amoadd.d zero, t0, (s0)
    ld a0, 0(s0)
    CHECK(a0, 15)
    mv t1, s0
    amoadd.d t1, t1, (t1)
    CHECK(t1, 15)
    ld a0, 0(s0)
    CHECK(a0, PAGE(0) + 15)
    j pass
