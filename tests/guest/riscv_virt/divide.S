// Division by zero and its overflow yield fixed values, no trap (Unprivileged manual, "M" 7.2); and high products.
// expect: tp = 0x1a
#include "guest.h"
#define OP(operation, left, right, result) li a1, left; li a2, right; operation a0, a1, a2; CHECK(a0, result)
#define LEAST 0x8000000000000000
main:
    OP(div, 7, 0, -1)
    OP(divu, 7, 0, -1)
    OP(rem, 7, 0, 7)
    OP(remu, -7, 0, -7)
    OP(div, LEAST, -1, LEAST)
    OP(rem, LEAST, -1, 0)
    OP(div, -7, 2, -3)
    OP(rem, -7, 2, -1)
    OP(rem, 7, -2, 1)
    OP(divw, 0x180000000, -1, 0xffffffff80000000)
    OP(remw, 0x180000000, -1, 0)
    OP(divw, 5, 0x100000000, -1)
    OP(divuw, 0xffffffff80000000, 1, 0xffffffff80000000)
    OP(divuw, 5, 0xf00000000, -1)
    OP(remw, 0x1ffffffff, 0x100000000, -1)
    OP(remuw, 0xffffffff80000000, 0, 0xffffffff80000000)
    OP(remuw, 0xffffffff, 10, 5)
    OP(mul, 0x123456789abcdef1, 0x1000000010, 0xcf135699abcdef10)
    OP(mulh, LEAST, LEAST, 0x4000000000000000)
    OP(mulh, -1, -1, 0)
    OP(mulhu, -1, -1, -2)
    OP(mulhsu, -1, -1, -1)
    OP(mulhsu, 5, -1, 4)
    OP(mulw, 0x7fffffff, 2, -2)
    // The result may go where an operand is.
    li a0, 100
    li a1, 7
    divu a1, a0, a1
    CHECK(a1, 14)
    remu a0, a0, a1
    CHECK(a0, 2)
    j pass
