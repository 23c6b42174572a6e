#include "tests/differ/x86/fpu_image.hpp"

#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace orrery::test {
namespace {

constexpr u32 top_shift = 11;

u32 special_single(Random& random) {
    constexpr std::array<u32, 24> values{0,           0x8000'0000, 0x3f80'0000, 0xbf80'0000, 0x7f80'0000, 0xff80'0000,
                                         0x7fc0'0000, 0xffc0'1234, 0x7f80'0001, 0xffa0'0000, 1,           0x8000'0001,
                                         0x007f'ffff, 0x0080'0000, 0x8080'0000, 0x7f7f'ffff, 0xff7f'ffff, 0x4f00'0000,
                                         0xcf00'0000, 0x4eff'ffff, 0x3f00'0000, 0x3fc0'0000, 0x5f00'0000, 0x3eff'ffff};
    return random.among(std::span<const u32>(values));
}

u64 special_double(Random& random) {
    constexpr std::array<u64, 22> values{0,
                                         0x8000'0000'0000'0000,
                                         0x3ff0'0000'0000'0000,
                                         0xbff0'0000'0000'0000,
                                         0x7ff0'0000'0000'0000,
                                         0xfff0'0000'0000'0000,
                                         0x7ff8'0000'0000'0000,
                                         0xfff8'0000'1234'5678,
                                         0x7ff0'0000'0000'0001,
                                         0xfff4'0000'0000'0000,
                                         1,
                                         0x800f'ffff'ffff'ffff,
                                         0x0010'0000'0000'0000,
                                         0x7fef'ffff'ffff'ffff,
                                         0x41e0'0000'0000'0000,
                                         0xc1e0'0000'0020'0000,
                                         0x43e0'0000'0000'0000,
                                         0xc3e0'0000'0000'0000,
                                         0x3fe0'0000'0000'0000,
                                         0x3ff8'0000'0000'0000,
                                         0x47ef'ffff'ffff'ffff,
                                         0x3690'0000'0000'0001};
    return random.among(std::span<const u64>(values));
}

// A finite number of moderate size, so that sums and products are ordinary.
u64 moderate_double(Random& random) {
    return std::bit_cast<u64>(static_cast<double>(static_cast<i64>(random.next()) >> random.below(62)) / 1024);
}
u32 moderate_single(Random& random) {
    return std::bit_cast<u32>(static_cast<float>(static_cast<i32>(random.next()) >> random.below(30)) / 16);
}

// Bytes or words of which many are the same, and some are zero.
u64 characters(Random& random) {
    u64 value = 0;
    const u32 step = random.one_in(3) ? 16 : 8;
    for (u32 at = 0; at < 64; at += step) value |= (random.one_in(6) ? 0 : 0x61 + random.below(3)) << at;
    return value;
}

bool nearly_equal(u32 a, u32 b) {
    const float x = std::bit_cast<float>(a), y = std::bit_cast<float>(b);
    if (a == b) return true;
    // About the smallest normal number processors flush differently.
    if (std::abs(x) < 0x1p-125F && std::abs(y) < 0x1p-125F) return true;
    return std::abs(x - y) <= std::abs(x) * 0x1p-10F;
}

} // namespace

bool nearly_equal(u64 a, u64 b) {
    return nearly_equal(static_cast<u32>(a), static_cast<u32>(b)) &&
           nearly_equal(static_cast<u32>(a >> 32), static_cast<u32>(b >> 32));
}

u64 special_value(Random& random) {
    switch (random.below(7)) {
    case 0:
        return special_single(random) | u64{special_single(random)} << 32;
    case 1:
        return special_double(random);
    case 2:
        return moderate_double(random);
    case 3:
        return moderate_single(random) | u64{moderate_single(random)} << 32;
    case 4:
        return special_single(random) | u64{moderate_single(random)} << 32;
    case 5:
        return characters(random);
    default:
        return random.next() >> random.below(64);
    }
}

FpuImage random_fpu(Random& random) {
    FpuImage image;
    constexpr u16 usual_control = 0x037f;
    image.put<u16>(FpuImage::control, usual_control);
    image.put<u16>(FpuImage::status, static_cast<u16>(random.below(8) << top_shift | random.below(2) << 14));
    image.put<u8>(FpuImage::valid, static_cast<u8>(random.next()));
    u32 mxcsr = 0x1f80;
    if (random.one_in(2)) mxcsr |= static_cast<u32>(random.next() & 0xe07f); // flags, rounding, DAZ, FTZ
    if (random.one_in(8)) mxcsr &= ~static_cast<u32>(random.next() & 0x1f80);
    // The processor itself looks at unmasked flags only when an instruction raises them.
    image.put<u32>(FpuImage::mxcsr, mxcsr);
    for (u32 i = 0; i < 8; ++i) {
        image.put<u64>(FpuImage::st(i), special_value(random));
        image.put<u16>(FpuImage::st(i) + 8, static_cast<u16>(random.next()));
    }
    for (u32 half = 0; half < 32; ++half) image.put<u64>(FpuImage::xmm_half(half), special_value(random));
    return image;
}

void set_fpu(x86::State& state, const FpuImage& image) {
    const auto status = image.get<u16>(FpuImage::status);
    state.x87 = {};
    state.x87.control = image.get<u16>(FpuImage::control);
    state.x87.status = static_cast<u16>(status & ~(7U << top_shift));
    state.x87.top = static_cast<u8>(status >> top_shift & 7);
    state.x87.valid = image.get<u8>(FpuImage::valid);
    state.mxcsr = image.get<u32>(FpuImage::mxcsr);
    for (u32 i = 0; i < 8; ++i)
        state.x87.registers[(state.x87.top + i) % 8] = {image.get<u64>(FpuImage::st(i)),
                                                        image.get<u16>(FpuImage::st(i) + 8)};
    for (u32 half = 0; half < 32; ++half) state.xmm[half / 2][half % 2] = image.get<u64>(FpuImage::xmm_half(half));
}

FpuImage fpu_of(const x86::State& state) {
    FpuImage image;
    image.put<u16>(FpuImage::control, state.x87.control);
    image.put<u16>(FpuImage::status, static_cast<u16>(state.x87.status | state.x87.top << top_shift));
    image.put<u8>(FpuImage::valid, state.x87.valid);
    image.put<u32>(FpuImage::mxcsr, static_cast<u32>(state.mxcsr));
    for (u32 i = 0; i < 8; ++i) {
        const auto& from = state.x87.registers[(state.x87.top + i) % 8];
        image.put<u64>(FpuImage::st(i), from.significand);
        image.put<u16>(FpuImage::st(i) + 8, from.sign_exponent);
    }
    for (u32 half = 0; half < 32; ++half) image.put<u64>(FpuImage::xmm_half(half), state.xmm[half / 2][half % 2]);
    return image;
}

std::string difference(const FpuImage& host, const FpuImage& guest, bool approximate) {
    std::string text;
    const auto compare = [&]<typename T>(const char* name, std::size_t at, T, u32 number = 0) {
        const T a = host.get<T>(at), b = guest.get<T>(at);
        if (a != b)
            text += fmt::format(" {}: {:#x} on the host, {:#x} here;", fmt::format(fmt::runtime(name), number), a, b);
    };
    compare("x87 control", FpuImage::control, u16{});
    compare("x87 status", FpuImage::status, u16{});
    compare("x87 tags", FpuImage::valid, u8{});
    compare("mxcsr", FpuImage::mxcsr, u32{});
    for (u32 i = 0; i < 8; ++i) {
        compare("st{} significand", FpuImage::st(i), u64{}, i);
        compare("st{} exponent", FpuImage::st(i) + 8, u16{}, i);
    }
    for (u32 half = 0; half < 32; ++half) {
        const std::size_t at = FpuImage::xmm_half(half);
        if (approximate && nearly_equal(host.get<u64>(at), guest.get<u64>(at))) continue;
        if (half % 2 == 0)
            compare("xmm{}.low", at, u64{}, half / 2);
        else
            compare("xmm{}.high", at, u64{}, half / 2);
    }
    return text;
}

} // namespace orrery::test
