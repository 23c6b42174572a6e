// Conversions between singles, doubles and integers (SDM 1, 11.6.4 and table 11-2; SDM 2 by instruction). MMX operands
// lie in low halves, so the instructions on vectors do for them; what isn't an operand is made zero, which converts
// without raising anything. A general register's value comes sign-extended; how many bytes a result in one has stands
// in the immediate.
#include "cpu/x86/floating_environment.hpp"

namespace orrery::x86 {
namespace {

#define INSTRUCTION(name)                                                                                              \
    ORRERY_HOST_INSTRUCTION(host_##name, #name)                                                                        \
    Vector name(const KernelOperands& o) { return host_##name(o.a, o.b); }
INSTRUCTION(cvtps2pd)
INSTRUCTION(cvtpd2ps)
INSTRUCTION(cvtss2sd)
INSTRUCTION(cvtsd2ss)
INSTRUCTION(cvtdq2ps)
INSTRUCTION(cvtps2dq)
INSTRUCTION(cvttps2dq)
INSTRUCTION(cvtdq2pd)
INSTRUCTION(cvtpd2dq)
INSTRUCTION(cvttpd2dq)
#undef INSTRUCTION

Vector low(const Vector& vector) { return {vector[0], 0}; }

Vector cvtpi2ps(const KernelOperands& o) { return {host_cvtdq2ps({}, low(o.b))[0], o.a[1]}; }
Vector cvtpi2pd(const KernelOperands& o) { return host_cvtdq2pd({}, low(o.b)); }
Vector cvtps2pi(const KernelOperands& o) { return host_cvtps2dq({}, low(o.b)); }
Vector cvttps2pi(const KernelOperands& o) { return host_cvttps2dq({}, low(o.b)); }
Vector cvtpd2pi(const KernelOperands& o) { return host_cvtpd2dq({}, o.b); }
Vector cvttpd2pi(const KernelOperands& o) { return host_cvttpd2dq({}, o.b); }

#define FROM_INTEGER(name)                                                                                             \
    Vector name(const KernelOperands& o) {                                                                             \
        auto result = std::bit_cast<HostVector>(o.a);                                                                  \
        asm volatile(#name "q %1, %0" : "+x"(result) : "r"(o.b[0]));                                                   \
        return std::bit_cast<Vector>(result);                                                                          \
    }
FROM_INTEGER(cvtsi2ss)
FROM_INTEGER(cvtsi2sd)
#undef FROM_INTEGER

#define TO_INTEGER(name)                                                                                               \
    Vector name(const KernelOperands& o) {                                                                             \
        const auto value = std::bit_cast<HostVector>(o.b);                                                             \
        u64 wide = 0;                                                                                                  \
        u32 narrow = 0;                                                                                                \
        if (o.immediate == 8)                                                                                          \
            asm volatile(#name "q %1, %0" : "=r"(wide) : "x"(value));                                                  \
        else                                                                                                           \
            asm volatile(#name "l %1, %0" : "=r"(narrow) : "x"(value));                                                \
        return {wide | narrow, 0};                                                                                     \
    }
TO_INTEGER(cvtss2si)
TO_INTEGER(cvtsd2si)
TO_INTEGER(cvttss2si)
TO_INTEGER(cvttsd2si)
#undef TO_INTEGER

constexpr auto table = std::to_array<KernelRow>({
#define ROW(name) {Op::name, name},
    ROW(cvtps2pd) ROW(cvtpd2ps) ROW(cvtss2sd) ROW(cvtsd2ss) ROW(cvtdq2ps) ROW(cvtps2dq) ROW(cvttps2dq) ROW(cvtdq2pd)
        ROW(cvtpd2dq) ROW(cvttpd2dq) ROW(cvtpi2ps) ROW(cvtpi2pd) ROW(cvtps2pi) ROW(cvttps2pi) ROW(cvtpd2pi)
            ROW(cvttpd2pi) ROW(cvtsi2ss) ROW(cvtsi2sd) ROW(cvtss2si) ROW(cvtsd2si) ROW(cvttss2si) ROW(cvttsd2si)
#undef ROW
});

} // namespace

std::span<const KernelRow> floating_conversions() { return table; }

} // namespace orrery::x86
