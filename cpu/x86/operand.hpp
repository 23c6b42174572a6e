// Operands in the notation of the SDM's opcode maps (SDM 2D, A.2): an upper-case letter says where the operand is
// found, a lower-case one its type. The rows are written with these constants.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::x86 {

// SDM 2D, A.2.1. `Z` (a register in the opcode's low three bits), `T` and the fixed places are ours: the SDM writes
// register names there.
enum class Place : u8 {
    none,
    A,    // far pointer in the instruction
    B,    // general register in VEX.vvvv
    C,    // control register in ModRM.reg
    D,    // debug register in ModRM.reg
    E,    // ModRM.rm: general register or memory
    G,    // general register in ModRM.reg
    H,    // vector register in VEX.vvvv
    I,    // immediate
    J,    // branch displacement
    L,    // vector register in the upper half of an immediate byte
    M,    // ModRM.rm: memory only
    N,    // ModRM.rm: MMX register only
    O,    // memory at an address in the instruction
    P,    // MMX register in ModRM.reg
    Q,    // ModRM.rm: MMX register or memory
    R,    // ModRM.rm: general register only
    S,    // segment register in ModRM.reg
    T,    // ModRM.rm: x87 stack register ST(i)
    U,    // ModRM.rm: vector register only
    V,    // vector register in ModRM.reg
    W,    // ModRM.rm: vector register or memory
    X,    // memory at seg:rSI
    Y,    // memory at ES:rDI
    Z,    // general register in the opcode
    one,  // the constant 1
    gpr0, // rAX
    gpr1, // rCX
    gpr2, // rDX
    st0,  // x87 stack top
    xmm0, // implicit mask
    es,
    cs,
    ss,
    ds,
    fs,
    gs,
};

// SDM 2D, A.2.2. `bs`, `bd`, `wd` and `wv` are ours.
enum class Type : u8 {
    none,
    a,  // two of operand size (BOUND)
    b,  // byte
    bs, // byte, sign-extended to operand size
    bd, // memory: byte; register: 32 bits
    d,  // 32 bits
    dq, // 128 bits
    p,  // far pointer: selector and an offset of operand size
    q,  // 64 bits
    qq, // 256 bits
    s,  // descriptor table: limit and base
    t,  // x87 extended: 80 bits
    v,  // operand size
    w,  // 16 bits
    wd, // memory: 16 bits; register: 32 bits
    wv, // memory: 16 bits; register: operand size
    x,  // 128 or 256 bits by VEX.L
    hx, // half of x
    qx, // a quarter of x
    ex, // an eighth of x
    y,  // 32 bits, or 64 where operand size is
    z,  // 16 bits where operand size is, else 32
};

struct Operand {
    Place place = Place::none;
    Type type = Type::none;
    constexpr bool operator==(const Operand&) const = default;
    constexpr explicit operator bool() const { return place != Place::none; }
};

// The constants' names are the SDM's.
namespace operands {
#define ORRERY_OPERAND(letter, kind) inline constexpr Operand letter##kind{Place::letter, Type::kind};
ORRERY_OPERAND(A, p)
ORRERY_OPERAND(B, y)
ORRERY_OPERAND(C, y)
ORRERY_OPERAND(D, y)
ORRERY_OPERAND(E, b)
ORRERY_OPERAND(E, w)
ORRERY_OPERAND(E, d)
ORRERY_OPERAND(E, v)
ORRERY_OPERAND(E, y)
ORRERY_OPERAND(E, z)
ORRERY_OPERAND(E, bd)
ORRERY_OPERAND(E, wd)
ORRERY_OPERAND(E, wv)
ORRERY_OPERAND(G, b)
ORRERY_OPERAND(G, w)
ORRERY_OPERAND(G, d)
ORRERY_OPERAND(G, v)
ORRERY_OPERAND(G, y)
ORRERY_OPERAND(H, dq)
ORRERY_OPERAND(H, qq)
ORRERY_OPERAND(H, d)
ORRERY_OPERAND(H, hx)
ORRERY_OPERAND(H, q)
ORRERY_OPERAND(H, x)
ORRERY_OPERAND(I, b)
ORRERY_OPERAND(I, bs)
ORRERY_OPERAND(I, v)
ORRERY_OPERAND(I, w)
ORRERY_OPERAND(I, z)
ORRERY_OPERAND(J, b)
ORRERY_OPERAND(J, z)
ORRERY_OPERAND(L, x)
ORRERY_OPERAND(M, a)
ORRERY_OPERAND(M, b)
ORRERY_OPERAND(M, d)
ORRERY_OPERAND(M, dq)
ORRERY_OPERAND(M, p)
ORRERY_OPERAND(M, q)
ORRERY_OPERAND(M, s)
ORRERY_OPERAND(M, t)
ORRERY_OPERAND(M, v)
ORRERY_OPERAND(M, w)
ORRERY_OPERAND(M, x)
ORRERY_OPERAND(M, y)
ORRERY_OPERAND(N, q)
ORRERY_OPERAND(O, b)
ORRERY_OPERAND(O, v)
ORRERY_OPERAND(P, q)
ORRERY_OPERAND(Q, d)
ORRERY_OPERAND(Q, q)
ORRERY_OPERAND(R, v)
ORRERY_OPERAND(R, y)
ORRERY_OPERAND(S, w)
ORRERY_OPERAND(U, dq)
ORRERY_OPERAND(U, d)
ORRERY_OPERAND(U, q)
ORRERY_OPERAND(U, x)
ORRERY_OPERAND(V, d)
ORRERY_OPERAND(V, dq)
ORRERY_OPERAND(V, hx)
ORRERY_OPERAND(V, q)
ORRERY_OPERAND(V, qq)
ORRERY_OPERAND(V, x)
ORRERY_OPERAND(V, y)
ORRERY_OPERAND(W, b)
ORRERY_OPERAND(W, w)
ORRERY_OPERAND(W, d)
ORRERY_OPERAND(W, dq)
ORRERY_OPERAND(W, ex)
ORRERY_OPERAND(W, hx)
ORRERY_OPERAND(W, q)
ORRERY_OPERAND(W, qq)
ORRERY_OPERAND(W, qx)
ORRERY_OPERAND(W, x)
ORRERY_OPERAND(X, b)
ORRERY_OPERAND(X, v)
ORRERY_OPERAND(X, z)
ORRERY_OPERAND(Y, b)
ORRERY_OPERAND(Y, v)
ORRERY_OPERAND(Y, z)
ORRERY_OPERAND(Z, b)
ORRERY_OPERAND(Z, v)
#undef ORRERY_OPERAND
inline constexpr Operand M{Place::M, Type::none}; // an address, or a structure with a size of its own
inline constexpr Operand STi{Place::T, Type::t};
inline constexpr Operand ST0{Place::st0, Type::t};
inline constexpr Operand XMM0{Place::xmm0, Type::dq};
inline constexpr Operand one{Place::one, Type::b};
inline constexpr Operand AL{Place::gpr0, Type::b};
inline constexpr Operand AX{Place::gpr0, Type::w};
inline constexpr Operand eAX{Place::gpr0, Type::z};
inline constexpr Operand rAX{Place::gpr0, Type::v};
inline constexpr Operand CL{Place::gpr1, Type::b};
inline constexpr Operand DX{Place::gpr2, Type::w};
inline constexpr Operand ES{Place::es, Type::w};
inline constexpr Operand CS{Place::cs, Type::w};
inline constexpr Operand SS{Place::ss, Type::w};
inline constexpr Operand DS{Place::ds, Type::w};
inline constexpr Operand FS{Place::fs, Type::w};
inline constexpr Operand GS{Place::gs, Type::w};
} // namespace operands

} // namespace orrery::x86
