// What the F, D and Zfhmin instructions compute, as functions on whole registers (FLEN = XLEN = 64): floating-point
// arguments and results are NaN-boxed f-register values, integers are x-register values. Nothing else is read or
// written but `fflags`, which only gains bits, so translated code may call each of them directly.
//
// `rm` is a resolved rounding mode, 0..4: the caller replaces 7 by `frm` and has raised illegal-instruction for 5
// and 6.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::riscv {

// Arithmetic is softfloat::Soft, the reference, or softfloat::Host, the fast one; both give the same bits and flags.
template <template <typename> typename Arithmetic> struct FloatInstructions {
    // Unprivileged manual, "F": computation.
    static u64 fadd_s(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fsub_s(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fmul_s(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fdiv_s(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fsqrt_s(u64 a, u32 rm, u8& fflags);
    static u64 fmadd_s(u64 a, u64 b, u64 c, u32 rm, u8& fflags);  //  a * b + c
    static u64 fmsub_s(u64 a, u64 b, u64 c, u32 rm, u8& fflags);  //  a * b - c
    static u64 fnmsub_s(u64 a, u64 b, u64 c, u32 rm, u8& fflags); // -a * b + c
    static u64 fnmadd_s(u64 a, u64 b, u64 c, u32 rm, u8& fflags); // -a * b - c
    static u64 fmin_s(u64 a, u64 b, u8& fflags);
    static u64 fmax_s(u64 a, u64 b, u8& fflags);

    // "D": the same in double precision.
    static u64 fadd_d(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fsub_d(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fmul_d(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fdiv_d(u64 a, u64 b, u32 rm, u8& fflags);
    static u64 fsqrt_d(u64 a, u32 rm, u8& fflags);
    static u64 fmadd_d(u64 a, u64 b, u64 c, u32 rm, u8& fflags);
    static u64 fmsub_d(u64 a, u64 b, u64 c, u32 rm, u8& fflags);
    static u64 fnmsub_d(u64 a, u64 b, u64 c, u32 rm, u8& fflags);
    static u64 fnmadd_d(u64 a, u64 b, u64 c, u32 rm, u8& fflags);
    static u64 fmin_d(u64 a, u64 b, u8& fflags);
    static u64 fmax_d(u64 a, u64 b, u8& fflags);

    // Comparisons give 0 or 1 in an x register.
    static u64 feq_s(u64 a, u64 b, u8& fflags);
    static u64 flt_s(u64 a, u64 b, u8& fflags);
    static u64 fle_s(u64 a, u64 b, u8& fflags);
    static u64 feq_d(u64 a, u64 b, u8& fflags);
    static u64 flt_d(u64 a, u64 b, u8& fflags);
    static u64 fle_d(u64 a, u64 b, u8& fflags);

    // To an x register; 32-bit results, signed or not, are sign-extended.
    static u64 fcvt_w_s(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_wu_s(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_l_s(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_lu_s(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_w_d(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_wu_d(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_l_d(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_lu_d(u64 a, u32 rm, u8& fflags);

    // From an x register.
    static u64 fcvt_s_w(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_s_wu(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_s_l(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_s_lu(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_d_w(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_d_wu(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_d_l(u64 x, u32 rm, u8& fflags);
    static u64 fcvt_d_lu(u64 x, u32 rm, u8& fflags);

    // Between formats; those with h are Zfhmin. Widening ignores `rm`.
    static u64 fcvt_s_d(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_d_s(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_s_h(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_h_s(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_d_h(u64 a, u32 rm, u8& fflags);
    static u64 fcvt_h_d(u64 a, u32 rm, u8& fflags);
};

// NaN boxing ("D", NaN Boxing of Narrower Values): a narrower value has all ones above it; computation and conversion
// take anything else as the canonical NaN, while moves and stores take the low bits as they are.
constexpr u64 box_s(u32 value) { return ~u64{0xffff'ffff} | value; }
constexpr u64 box_h(u16 value) { return ~u64{0xffff} | value; }
constexpr u32 unbox_s(u64 a) { return a >> 32 == 0xffff'ffff ? static_cast<u32>(a) : u32{0x7fc0'0000}; }
constexpr u16 unbox_h(u64 a) { return a >> 16 == 0xffff'ffff'ffff ? static_cast<u16>(a) : u16{0x7e00}; }

// Sign injection keeps a NaN's payload and raises nothing.
constexpr u64 fsgnj_s(u64 a, u64 b) { return box_s((unbox_s(a) & 0x7fff'ffff) | (unbox_s(b) & 0x8000'0000)); }
constexpr u64 fsgnjn_s(u64 a, u64 b) { return box_s((unbox_s(a) & 0x7fff'ffff) | (~unbox_s(b) & 0x8000'0000)); }
constexpr u64 fsgnjx_s(u64 a, u64 b) { return box_s(unbox_s(a) ^ (unbox_s(b) & 0x8000'0000)); }
constexpr u64 fsgnj_d(u64 a, u64 b) { return (a & ~(u64{1} << 63)) | (b & u64{1} << 63); }
constexpr u64 fsgnjn_d(u64 a, u64 b) { return (a & ~(u64{1} << 63)) | (~b & u64{1} << 63); }
constexpr u64 fsgnjx_d(u64 a, u64 b) { return a ^ (b & u64{1} << 63); }

// Moves between the register files; flw and flh box as fmv_w_x and fmv_h_x do.
constexpr u64 fmv_x_w(u64 a) { return static_cast<u64>(static_cast<i64>(static_cast<i32>(a))); }
constexpr u64 fmv_x_h(u64 a) { return static_cast<u64>(static_cast<i64>(static_cast<i16>(a))); }
constexpr u64 fmv_x_d(u64 a) { return a; }
constexpr u64 fmv_w_x(u64 x) { return box_s(static_cast<u32>(x)); }
constexpr u64 fmv_h_x(u64 x) { return box_h(static_cast<u16>(x)); }
constexpr u64 fmv_d_x(u64 x) { return x; }

// A mask of ten bits, one of them set ("F", Classify Instruction).
u64 fclass_s(u64 a);
u64 fclass_d(u64 a);

} // namespace orrery::riscv
