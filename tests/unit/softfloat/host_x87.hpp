// The host's x87 unit as an oracle: a whole state goes in, one instruction runs, the whole state comes out. Exceptions
// may be unmasked, for nothing in between waits for them.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstring>

#include "cpu/float/extended.hpp"

namespace orrery::test {

// As FRSTOR and FNSAVE have it in 32-bit protected mode (SDM 1, figure 8-9). Registers are in the order of the stack.
struct X87Image {
    u16 control = 0x037f, reserved1 = 0xffff;
    u16 status = 0, reserved2 = 0xffff;
    u16 tags = 0xffff, reserved3 = 0xffff;
    u32 instruction = 0;
    u16 instruction_selector = 0, opcode = 0;
    u32 data = 0;
    u16 data_selector = 0, reserved4 = 0;
    std::array<std::array<u8, 10>, 8> registers{};

    void set(std::size_t index, softfloat::Extended value) {
        std::memcpy(registers[index].data(), &value.significand, 8);
        std::memcpy(registers[index].data() + 8, &value.sign_exponent, 2);
    }
    [[nodiscard]] softfloat::Extended get(std::size_t index) const {
        softfloat::Extended value;
        std::memcpy(&value.significand, registers[index].data(), 8);
        std::memcpy(&value.sign_exponent, registers[index].data() + 8, 2);
        return value;
    }
    // TOP is 0, and registers 0 to count - 1 are full.
    void fill(std::size_t count) { tags = static_cast<u16>(0xffff << (2 * count)); }
    [[nodiscard]] u32 top() const { return status >> 11 & 7; }
    static constexpr u16 flags = softfloat::x87_flag::exceptions | softfloat::x87_flag::rounded_up;
};
static_assert(sizeof(X87Image) == 108);

// One instruction, with `memory` as its operand if it has one.
#define ORRERY_HOST_X87(name, instruction)                                                                             \
    inline void name(X87Image& image) {                                                                                \
        asm volatile("frstor %0\n\t" instruction "\n\tfnsave %0" : "+m"(image) : : "memory");                          \
    }
#define ORRERY_HOST_X87_MEMORY(name, instruction, type)                                                                \
    inline void name(X87Image& image, type& memory) {                                                                  \
        asm volatile("frstor %0\n\t" instruction " %1\n\tfnsave %0" : "+m"(image), "+m"(memory) : : "memory");         \
    }

namespace host_x87 {
struct Bytes10 {
    std::array<u8, 10> bytes{};
};
ORRERY_HOST_X87(add, "fadd %%st(1), %%st")
ORRERY_HOST_X87(sub, "fsub %%st(1), %%st")
ORRERY_HOST_X87(mul, "fmul %%st(1), %%st")
ORRERY_HOST_X87(div, "fdiv %%st(1), %%st")
ORRERY_HOST_X87(sqrt, "fsqrt")
ORRERY_HOST_X87(round_to_integral, "frndint")
ORRERY_HOST_X87(compare, "fcom %%st(1)")
ORRERY_HOST_X87(compare_quietly, "fucom %%st(1)")
ORRERY_HOST_X87(scale, "fscale")
ORRERY_HOST_X87(extract, "fxtract")
ORRERY_HOST_X87(remainder, "fprem")
ORRERY_HOST_X87(nearest_remainder, "fprem1")
ORRERY_HOST_X87(sine, "fsin")
ORRERY_HOST_X87(cosine, "fcos")
ORRERY_HOST_X87(sine_and_cosine, "fsincos")
ORRERY_HOST_X87(tangent, "fptan")
ORRERY_HOST_X87(arctangent, "fpatan")
ORRERY_HOST_X87(power_of_two, "f2xm1")
ORRERY_HOST_X87(logarithm, "fyl2x")
ORRERY_HOST_X87(logarithm_near_one, "fyl2xp1")
ORRERY_HOST_X87_MEMORY(load_f32, "flds", u32)
ORRERY_HOST_X87_MEMORY(load_f64, "fldl", u64)
ORRERY_HOST_X87_MEMORY(store_f32, "fsts", u32)
ORRERY_HOST_X87_MEMORY(store_f64, "fstl", u64)
ORRERY_HOST_X87_MEMORY(store_i16, "fists", u16)
ORRERY_HOST_X87_MEMORY(store_i32, "fistl", u32)
ORRERY_HOST_X87_MEMORY(store_i64, "fistpll", u64)
ORRERY_HOST_X87_MEMORY(load_i64, "fildll", u64)
ORRERY_HOST_X87_MEMORY(truncate_i64, "fisttpll", u64)
ORRERY_HOST_X87_MEMORY(load_decimal, "fbld", Bytes10)
ORRERY_HOST_X87_MEMORY(store_decimal, "fbstp", Bytes10)
ORRERY_HOST_X87_MEMORY(add_f32, "fadds", u32)
ORRERY_HOST_X87_MEMORY(add_f64, "faddl", u64)
} // namespace host_x87

#undef ORRERY_HOST_X87
#undef ORRERY_HOST_X87_MEMORY

} // namespace orrery::test

#endif
