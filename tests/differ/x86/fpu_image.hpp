// The x87, MMX and SSE state of a case in the form of FXSAVE's area (SDM 1, table 10-2): what the host loads and
// stores, and an engine's state is set from and compared with.
#pragma once

#include <array>
#include <cstring>
#include <string>

#include "cpu/x86/state.hpp"
#include "tests/support/random.hpp"

namespace orrery::test {

struct alignas(16) FpuImage {
    std::array<u8, 512> bytes{};

    template <typename T> [[nodiscard]] T get(std::size_t at) const {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    }
    template <typename T> void put(std::size_t at, T value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

    static constexpr std::size_t control = 0, status = 2, valid = 4, mxcsr = 24, x87 = 32, xmm = 160;
    [[nodiscard]] static constexpr std::size_t st(u32 number) { return x87 + 16 * number; }
    [[nodiscard]] static constexpr std::size_t xmm_half(u32 half) { return xmm + 8 * half; }
};

// A number that is special for some type of lane, or any.
u64 special_value(Random& random);
FpuImage random_fpu(Random& random);
void set_fpu(x86::State& state, const FpuImage& image);
FpuImage fpu_of(const x86::State& state);
// Two singles that differ by less than processors' approximations may.
bool nearly_equal(u64 a, u64 b);
// Empty: they are the same, but for where the last x87 instruction was. `approximate`: singles that differ by less than
// processors may are the same.
std::string difference(const FpuImage& host, const FpuImage& guest, bool approximate);

} // namespace orrery::test
