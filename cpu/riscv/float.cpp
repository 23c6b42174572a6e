#include "cpu/riscv/float.hpp"

#include "cpu/float/host_float.hpp"

namespace orrery::riscv {
namespace {

using softfloat::F16;
using softfloat::F32;
using softfloat::F64;
using softfloat::NanComparison;
using softfloat::Relation;
using softfloat::Rounding;

Rounding rounding_of(u32 rm) { return static_cast<Rounding>(rm); }

u64 sign_extended(u64 value) { return value; }
u64 sign_extended(i64 value) { return static_cast<u64>(value); }
u64 sign_extended(i32 value) { return static_cast<u64>(i64{value}); }
u64 sign_extended(u32 value) { return sign_extended(static_cast<i32>(value)); }

template <typename F> bool equal(typename F::Bits a, typename F::Bits b, u8& fflags) {
    return softfloat::compare<F>(a, b, NanComparison::quiet, fflags) == Relation::equal;
}
template <typename F> bool less(typename F::Bits a, typename F::Bits b, u8& fflags) {
    return softfloat::compare<F>(a, b, NanComparison::signaling, fflags) == Relation::less;
}
template <typename F> bool less_or_equal(typename F::Bits a, typename F::Bits b, u8& fflags) {
    const Relation relation = softfloat::compare<F>(a, b, NanComparison::signaling, fflags);
    return relation == Relation::less || relation == Relation::equal;
}

constexpr u32 negated(u32 a) { return softfloat::negate<F32>(a); }
constexpr u64 negated(u64 a) { return softfloat::negate<F64>(a); }

} // namespace

// The rows below differ only in operation and format, so they are written as such.
#define ORRERY_TEMPLATE template <template <typename> typename Arithmetic>
#define ORRERY_BINARY(name, operation)                                                                                 \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::name##_s(u64 a, u64 b, u32 rm, u8& fflags) {                    \
        return box_s(Arithmetic<F32>::operation(unbox_s(a), unbox_s(b), rounding_of(rm), fflags));                     \
    }                                                                                                                  \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::name##_d(u64 a, u64 b, u32 rm, u8& fflags) {                    \
        return Arithmetic<F64>::operation(a, b, rounding_of(rm), fflags);                                              \
    }

ORRERY_BINARY(fadd, add)
ORRERY_BINARY(fsub, sub)
ORRERY_BINARY(fmul, mul)
ORRERY_BINARY(fdiv, div)

ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fsqrt_s(u64 a, u32 rm, u8& fflags) {
    return box_s(Arithmetic<F32>::sqrt(unbox_s(a), rounding_of(rm), fflags));
}
ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fsqrt_d(u64 a, u32 rm, u8& fflags) {
    return Arithmetic<F64>::sqrt(a, rounding_of(rm), fflags);
}

// Negating an operand first is exact; a NaN's sign is lost in the canonical result anyway.
#define ORRERY_FUSED(name, left, right)                                                                                \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::name##_s(u64 x, u64 y, u64 z, u32 rm, u8& fflags) {             \
        const u32 a = unbox_s(x), b = unbox_s(y), c = unbox_s(z);                                                      \
        return box_s(Arithmetic<F32>::multiply_add(left, b, right, rounding_of(rm), fflags));                          \
    }                                                                                                                  \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::name##_d(u64 a, u64 b, u64 c, u32 rm, u8& fflags) {             \
        return Arithmetic<F64>::multiply_add(left, b, right, rounding_of(rm), fflags);                                 \
    }

ORRERY_FUSED(fmadd, a, c)
ORRERY_FUSED(fmsub, a, negated(c))
ORRERY_FUSED(fnmsub, negated(a), c)
ORRERY_FUSED(fnmadd, negated(a), negated(c))

#define ORRERY_BITWISE(name, function, to_register)                                                                    \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::name##_s(u64 a, u64 b, u8& fflags) {                            \
        return to_register(function<F32>(unbox_s(a), unbox_s(b), fflags));                                             \
    }                                                                                                                  \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::name##_d(u64 a, u64 b, u8& fflags) {                            \
        return function<F64>(a, b, fflags);                                                                            \
    }

ORRERY_BITWISE(fmin, softfloat::minimum_number, box_s)
ORRERY_BITWISE(fmax, softfloat::maximum_number, box_s)
ORRERY_BITWISE(feq, equal, static_cast<u64>)
ORRERY_BITWISE(flt, less, static_cast<u64>)
ORRERY_BITWISE(fle, less_or_equal, static_cast<u64>)

#define ORRERY_INTEGER(letters, Integer)                                                                               \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_##letters##_s(u64 a, u32 rm, u8& fflags) {                 \
        return sign_extended(Arithmetic<F32>::template to_integer<Integer>(unbox_s(a), rounding_of(rm), fflags));      \
    }                                                                                                                  \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_##letters##_d(u64 a, u32 rm, u8& fflags) {                 \
        return sign_extended(Arithmetic<F64>::template to_integer<Integer>(a, rounding_of(rm), fflags));               \
    }                                                                                                                  \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_s_##letters(u64 x, u32 rm, u8& fflags) {                   \
        return box_s(Arithmetic<F32>::from_integer(static_cast<Integer>(x), rounding_of(rm), fflags));                 \
    }                                                                                                                  \
    ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_d_##letters(u64 x, u32 rm, u8& fflags) {                   \
        return Arithmetic<F64>::from_integer(static_cast<Integer>(x), rounding_of(rm), fflags);                        \
    }

ORRERY_INTEGER(w, i32)
ORRERY_INTEGER(wu, u32)
ORRERY_INTEGER(l, i64)
ORRERY_INTEGER(lu, u64)

#undef ORRERY_INTEGER
#undef ORRERY_BITWISE
#undef ORRERY_FUSED
#undef ORRERY_BINARY

ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_s_d(u64 a, u32 rm, u8& fflags) {
    return box_s(Arithmetic<F64>::template convert<F32>(a, rounding_of(rm), fflags));
}
ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_d_s(u64 a, u32, u8& fflags) {
    return Arithmetic<F32>::template convert<F64>(unbox_s(a), Rounding::nearest_even, fflags);
}
ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_s_h(u64 a, u32, u8& fflags) {
    return box_s(Arithmetic<F16>::template convert<F32>(unbox_h(a), Rounding::nearest_even, fflags));
}
ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_h_s(u64 a, u32 rm, u8& fflags) {
    return box_h(Arithmetic<F32>::template convert<F16>(unbox_s(a), rounding_of(rm), fflags));
}
ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_d_h(u64 a, u32, u8& fflags) {
    return Arithmetic<F16>::template convert<F64>(unbox_h(a), Rounding::nearest_even, fflags);
}
ORRERY_TEMPLATE u64 FloatInstructions<Arithmetic>::fcvt_h_d(u64 a, u32 rm, u8& fflags) {
    return box_h(Arithmetic<F64>::template convert<F16>(a, rounding_of(rm), fflags));
}

u64 fclass_s(u64 a) { return softfloat::classify<F32>(unbox_s(a)); }
u64 fclass_d(u64 a) { return softfloat::classify<F64>(a); }

template struct FloatInstructions<softfloat::Soft>;
template struct FloatInstructions<softfloat::Host>;

} // namespace orrery::riscv
