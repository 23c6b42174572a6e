// The helpers of float_helpers.def: FloatInstructions on the host's arithmetic, and the flags into the state.
#include "cpu/float/host_float.hpp"
#include "cpu/riscv/float.hpp"
#include "cpu/riscv/hart.hpp"
#include "cpu/riscv/helpers.hpp"

namespace orrery::riscv::helper {
namespace {

using Instructions = FloatInstructions<softfloat::Host>;

State& state_of(void* self) { return static_cast<Hart&>(*static_cast<Frontend*>(self)).registers(); }

// Most operations raise nothing that isn't raised already; a store for each would only delay the next.
void accumulate(void* self, u8 flags) {
    if (flags == 0) return;
    u64& fflags = state_of(self).fflags;
    if ((fflags & flags) != flags) fflags |= flags;
}

template <auto operation> u64 fused(void* self, u64 a, u64 b, u64 c, u32 rm) {
    u8 flags = 0;
    const u64 result = operation(a, b, c, rm, flags);
    accumulate(self, flags);
    return result;
}

} // namespace

#define FUSED(name)                                                                                                    \
    u64 name##_rne(void* self, u64 a, u64 b, u64 c) { return fused<Instructions::name>(self, a, b, c, 0); }            \
    u64 name##_rtz(void* self, u64 a, u64 b, u64 c) { return fused<Instructions::name>(self, a, b, c, 1); }            \
    u64 name##_rdn(void* self, u64 a, u64 b, u64 c) { return fused<Instructions::name>(self, a, b, c, 2); }            \
    u64 name##_rup(void* self, u64 a, u64 b, u64 c) { return fused<Instructions::name>(self, a, b, c, 3); }            \
    u64 name##_rmm(void* self, u64 a, u64 b, u64 c) { return fused<Instructions::name>(self, a, b, c, 4); }            \
    u64 name##_dyn(void* self, u64 a, u64 b, u64 c) {                                                                  \
        return fused<Instructions::name>(self, a, b, c, static_cast<u32>(state_of(self).frm));                         \
    }
#define ROUNDED(name)                                                                                                  \
    u64 name(void* self, u64 a, u64 b, u64 rm) {                                                                       \
        u8 flags = 0;                                                                                                  \
        const u64 result = Instructions::name(a, b, static_cast<u32>(rm), flags);                                      \
        accumulate(self, flags);                                                                                       \
        return result;                                                                                                 \
    }
#define CONVERSION(name)                                                                                               \
    u64 name(void* self, u64 a, u64 rm, u64) {                                                                         \
        u8 flags = 0;                                                                                                  \
        const u64 result = Instructions::name(a, static_cast<u32>(rm), flags);                                         \
        accumulate(self, flags);                                                                                       \
        return result;                                                                                                 \
    }
#define TO_INTEGER(name) CONVERSION(name)
#define FROM_INTEGER(name) CONVERSION(name)
#define SELECTION(name)                                                                                                \
    u64 name(void* self, u64 a, u64 b, u64) {                                                                          \
        u8 flags = 0;                                                                                                  \
        const u64 result = Instructions::name(a, b, flags);                                                            \
        accumulate(self, flags);                                                                                       \
        return result;                                                                                                 \
    }
#define COMPARISON(name) SELECTION(name)
#define CLASSIFICATION(name)                                                                                           \
    u64 name(void*, u64 a, u64, u64) { return riscv::name(a); }
#include "cpu/riscv/float_shapes.def"
#undef FUSED
#undef ROUNDED
#undef CONVERSION
#undef TO_INTEGER
#undef FROM_INTEGER
#undef SELECTION
#undef COMPARISON
#undef CLASSIFICATION

} // namespace orrery::riscv::helper
