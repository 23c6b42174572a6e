#include "accel/kvm/x86/saved_area.hpp"

#include <cstring>

#include "cpu/x86/x87_unit.hpp"

namespace orrery::kvm {
namespace {

// SDM 1, table 10-2 (with REX.W) and figure 13-1
constexpr std::size_t fcw = 0, fsw = 2, ftw = 4, fop = 6, fip = 8, fdp = 16, mxcsr = 24, x87_registers = 32, xmm = 160,
                      components = 512, ymm_high = 576;
constexpr u16 top_shift = 11, top_mask = 7 << top_shift;

template <typename T> void put(std::span<u8> area, std::size_t at, T value) {
    std::memcpy(area.data() + at, &value, sizeof value);
}
template <typename T> T get(std::span<const u8> area, std::size_t at) {
    T value{};
    std::memcpy(&value, area.data() + at, sizeof value);
    return value;
}

// In the area they stand in the order of the stack, tags in the physical one.
u32 physical(u8 top, u32 place) { return (top + place) & 7; }

void put_x87(std::span<u8> area, const x86::X87& x87) {
    put(area, fcw, x87.control);
    put(area, fsw, static_cast<u16>(x87.status | x87.top << top_shift));
    put(area, ftw, u16{x87.valid});
    put(area, fop, x87.opcode);
    put(area, fip, x87.instruction);
    put(area, fdp, x87.data);
    for (u32 place = 0; place < 8; ++place) {
        const x86::X87::Register& value = x87.registers[physical(x87.top, place)];
        put(area, x87_registers + 16 * place, value.significand);
        put(area, x87_registers + 16 * place + 8, u64{value.sign_exponent});
    }
}

void take_x87(std::span<const u8> area, x86::X87& x87) {
    x87.control = static_cast<u16>((get<u16>(area, fcw) & x86::x87_control_bits) | x86::x87_control_fixed);
    const u16 status = get<u16>(area, fsw);
    x87.status = static_cast<u16>(status & ~top_mask);
    x87.top = static_cast<u8>(status >> top_shift & 7);
    x87.valid = get<u8>(area, ftw);
    x87.opcode = get<u16>(area, fop);
    x87.instruction = get<u64>(area, fip);
    x87.data = get<u64>(area, fdp);
    for (u32 place = 0; place < 8; ++place)
        x87.registers[physical(x87.top, place)] = {get<u64>(area, x87_registers + 16 * place),
                                                   get<u16>(area, x87_registers + 16 * place + 8)};
}

} // namespace

void put_saved_area(std::span<u8> area, const x86::State& state) {
    put_x87(area, state.x87);
    put(area, mxcsr, static_cast<u32>(state.mxcsr));
    std::memcpy(area.data() + xmm, state.xmm.data(), sizeof state.xmm);
    u64 present = get<u64>(area, components) | x86::xcr0::x87 | x86::xcr0::sse;
    if (state.xcr0 & x86::xcr0::avx) {
        std::memcpy(area.data() + ymm_high, state.ymm_high.data(), sizeof state.ymm_high);
        present |= x86::xcr0::avx;
    }
    put(area, components, present);
}

// A component whose bit is clear is in its initial state, whatever its bytes are (SDM 1, 13.6). Intel's processors
// leave MXCSR out of that, and KVM gives it always.
void take_saved_area(std::span<const u8> area, x86::State& state) {
    const u64 present = get<u64>(area, components);
    state.x87 = {};
    if (present & x86::xcr0::x87)
        take_x87(area, state.x87);
    else
        state.x87.control = x86::x87_control_after_init;
    state.mxcsr = get<u32>(area, mxcsr);
    state.xmm = {};
    if (present & x86::xcr0::sse) std::memcpy(state.xmm.data(), area.data() + xmm, sizeof state.xmm);
    if (!(state.xcr0 & x86::xcr0::avx)) return; // the guest can't reach them: they stay
    state.ymm_high = {};
    if (present & x86::xcr0::avx) std::memcpy(state.ymm_high.data(), area.data() + ymm_high, sizeof state.ymm_high);
}

} // namespace orrery::kvm
