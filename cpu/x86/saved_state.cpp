#include "cpu/x86/saved_state.hpp"

#include <cstring>

#include "cpu/x86/floating_environment.hpp"

namespace orrery::x86 {
namespace {

// SDM 1, table 10-2 and 13.4.
constexpr u64 instruction_at = 8, data_at = 16, mxcsr_at = 24, x87_at = 32, xmm_at = 160;
constexpr u64 xmm_end = xmm_at + 16 * sizeof(Vector);
constexpr u64 header_at = 512, header_bytes = 64, ymm_at = 576;
constexpr u64 register_stride = 16;
constexpr u64 area_bytes = ymm_at + 16 * sizeof(Vector);
constexpr u32 top_shift = 11;
constexpr u64 fxsave_alignment = 16, xsave_alignment = 64;

// What lies in memory, in units of eight bytes.
class Area {
public:
    template <typename T> [[nodiscard]] T get(u64 at) const {
        T value;
        std::memcpy(&value, bytes_.data() + at, sizeof value);
        return value;
    }
    template <typename T> void put(u64 at, T value) { std::memcpy(bytes_.data() + at, &value, sizeof value); }

    Faulting<void> load(Core& core, u64 linear, u64 from, u64 to) {
        for (u64 at = from; at < to;) {
            const u64 place = address(core, linear, at);
            const auto host = TRY(core.services().direct({place}, to - at, MemoryAction::read));
            if (host.empty())
                put(at, TRY(core.read(place, 8, explicit_access)));
            else
                std::memcpy(bytes_.data() + at, host.data(), host.size());
            at += host.empty() ? 8 : host.size();
        }
        return {};
    }
    Faulting<void> store(Core& core, u64 linear, u64 from, u64 to) const {
        for (u64 at = from; at < to;) {
            const u64 place = address(core, linear, at);
            const auto host = TRY(core.services().direct({place}, to - at, MemoryAction::write));
            if (host.empty())
                TRY_STATUS(core.write(place, get<u64>(at), 8, explicit_access));
            else
                std::memcpy(host.data(), bytes_.data() + at, host.size());
            at += host.empty() ? 8 : host.size();
        }
        return {};
    }

private:
    static u64 address(const Core& core, u64 linear, u64 at) {
        return core.code64() ? linear + at : (linear + at) & mask(Size::dword);
    }
    std::array<u8, area_bytes> bytes_{};
};

Faulting<void> check_alignment(u64 linear, u64 alignment) {
    if (linear % alignment != 0) return std::unexpected(general_protection());
    return {};
}

u32 vector_count(const SaveRequest& request) { return request.code64 ? 16 : 8; }
u64 xmm_end_of(const SaveRequest& request) { return xmm_at + vector_count(request) * sizeof(Vector); }
u64 ymm_end_of(const SaveRequest& request) { return ymm_at + vector_count(request) * sizeof(Vector); }

// ---- x87. Registers are saved in the order of the stack.

// Selectors are zero.
void put_address(Area& area, u64 at, bool wide, u64 address) { area.put(at, wide ? address : address & 0xffff'ffff); }

void put_x87(Area& area, const X87& x87, bool wide) {
    area.put(0, x87.control);
    area.put(2, static_cast<u16>(x87.status | x87.top << top_shift));
    area.put(4, u16{x87.valid});
    area.put(6, x87.opcode);
    put_address(area, instruction_at, wide, x87.instruction);
    put_address(area, data_at, wide, x87.data);
    for (u32 i = 0; i < x87.registers.size(); ++i) {
        const X87::Register& from = x87.registers[(x87.top + i) % x87.registers.size()];
        area.put(x87_at + i * register_stride, from.significand);
        area.put(x87_at + i * register_stride + 8, u64{from.sign_exponent});
    }
}

// The summary of exceptions follows from the flags and what the control word masks (SDM 1, 8.1.3.3).
u16 with_summary(u16 status, u16 control) {
    constexpr u16 summary = 1 << 7, busy = 1 << 15, exceptions = 0x3f;
    const auto others = static_cast<u16>(status & ~(summary | busy));
    return (status & ~control & exceptions) != 0 ? static_cast<u16>(others | summary | busy) : others;
}

X87 get_x87(const Area& area, bool wide) {
    X87 x87;
    constexpr u16 top_bits = 7 << top_shift;
    const auto status = area.get<u16>(2);
    x87.control = static_cast<u16>((area.get<u16>(0) & 0x1f3f) | 0x40);
    x87.status = with_summary(static_cast<u16>(status & ~top_bits), x87.control);
    x87.top = static_cast<u8>(status >> top_shift & 7);
    x87.valid = area.get<u8>(4);
    x87.opcode = static_cast<u16>(area.get<u16>(6) & 0x7ff);
    x87.instruction = wide ? area.get<u64>(instruction_at) : area.get<u32>(instruction_at);
    x87.data = wide ? area.get<u64>(data_at) : area.get<u32>(data_at);
    for (u32 i = 0; i < x87.registers.size(); ++i)
        x87.registers[(x87.top + i) % x87.registers.size()] = {area.get<u64>(x87_at + i * register_stride),
                                                               area.get<u16>(x87_at + i * register_stride + 8)};
    return x87;
}

constexpr u16 initial_control = 0x037f;

bool is_initial(const X87& x87) {
    bool initial = x87.control == initial_control && x87.status == 0 && x87.top == 0 && x87.valid == 0 &&
                   x87.opcode == 0 && x87.instruction == 0 && x87.data == 0;
    for (const X87::Register& each : x87.registers)
        initial = initial && each.significand == 0 && each.sign_exponent == 0;
    return initial;
}

// ---- vectors

using Vectors = std::array<Vector, 16>;

void put_vectors(Area& area, u64 at, const Vectors& vectors) { area.put(at, vectors); }
void get_vectors(const Area& area, u64 at, Vectors& vectors, u32 count) {
    for (u32 i = 0; i < count; ++i) vectors[i] = area.get<Vector>(at + i * sizeof(Vector));
}

void put_mxcsr(Area& area, const State& state) {
    area.put(mxcsr_at, static_cast<u32>(state.mxcsr));
    area.put(mxcsr_at + 4, mxcsr::known);
}
Faulting<void> check_mxcsr(const Area& area) {
    if ((area.get<u32>(mxcsr_at) & ~mxcsr::known) != 0) return std::unexpected(general_protection());
    return {};
}

// SDM 1, 13.6: what isn't in its initial state.
u64 in_use(const State& state) {
    u64 used = 0;
    if (!is_initial(state.x87)) used |= xcr0::x87;
    if (state.xmm != Vectors{}) used |= xcr0::sse;
    if (state.ymm_high != Vectors{}) used |= xcr0::avx;
    return used;
}

Faulting<void> check_header(const Area& area, u64 enabled) {
    bool valid = (area.get<u64>(header_at) & ~enabled) == 0;
    // Nothing is compacted, and the rest is reserved (SDM 1, 13.8.1).
    valid = valid && area.get<u64>(header_at + 8) == 0 && area.get<u64>(header_at + 16) == 0;
    if (!valid) return std::unexpected(general_protection());
    return {};
}

} // namespace

Faulting<void> fxsave(Core& core, const SaveRequest& request) {
    const State& state = core.state();
    TRY_STATUS(check_alignment(request.linear, fxsave_alignment));
    TRY_STATUS(core.check_writable(request.linear, header_at));
    Area area;
    put_x87(area, state.x87, request.wide);
    put_mxcsr(area, state);
    put_vectors(area, xmm_at, state.xmm);
    return area.store(core, request.linear, 0, xmm_end_of(request));
}

Faulting<void> fxrstor(Core& core, const SaveRequest& request) {
    State& state = core.state();
    TRY_STATUS(check_alignment(request.linear, fxsave_alignment));
    Area area;
    TRY_STATUS(area.load(core, request.linear, 0, xmm_end));
    TRY_STATUS(check_mxcsr(area));
    state.x87 = get_x87(area, request.wide);
    state.mxcsr = area.get<u32>(mxcsr_at);
    get_vectors(area, xmm_at, state.xmm, vector_count(request));
    return {};
}

// SDM 1, 13.7 and 13.9.
Faulting<void> xsave(Core& core, const SaveRequest& request) {
    const State& state = core.state();
    const u64 wanted = request.components & state.xcr0;
    TRY_STATUS(check_alignment(request.linear, xsave_alignment));
    const u64 bytes = (state.xcr0 & xcr0::avx) != 0 ? area_bytes : ymm_at;
    TRY_STATUS(core.check_writable(request.linear, bytes));
    Area area;
    TRY_STATUS(area.load(core, request.linear, header_at, header_at + 8));
    u64 used = in_use(state);
    if (state.mxcsr != mxcsr::host_default) used |= xcr0::sse;
    const u64 written = request.optimised ? wanted & used : wanted;
    area.put(header_at, (area.get<u64>(header_at) & ~wanted) | (wanted & used));
    put_x87(area, state.x87, request.wide);
    put_mxcsr(area, state);
    put_vectors(area, xmm_at, state.xmm);
    put_vectors(area, ymm_at, state.ymm_high);
    const auto store = [&](u64 from, u64 to) { return area.store(core, request.linear, from, to); };
    if ((written & xcr0::x87) != 0) {
        TRY_STATUS(store(0, mxcsr_at));
        TRY_STATUS(store(x87_at, xmm_at));
    }
    if ((wanted & (xcr0::sse | xcr0::avx)) != 0) TRY_STATUS(store(mxcsr_at, x87_at));
    if ((written & xcr0::sse) != 0) TRY_STATUS(store(xmm_at, xmm_end_of(request)));
    if ((written & xcr0::avx) != 0) TRY_STATUS(store(ymm_at, ymm_end_of(request)));
    return store(header_at, header_at + 8);
}

// SDM 1, 13.8. What the header doesn't have goes back to its initial state.
Faulting<void> xrstor(Core& core, const SaveRequest& request) {
    State& state = core.state();
    const u64 wanted = request.components & state.xcr0;
    TRY_STATUS(check_alignment(request.linear, xsave_alignment));
    Area area;
    TRY_STATUS(area.load(core, request.linear, 0, header_at + header_bytes));
    TRY_STATUS(check_header(area, state.xcr0));
    const u64 present = area.get<u64>(header_at);
    if ((wanted & present & xcr0::avx) != 0) TRY_STATUS(area.load(core, request.linear, ymm_at, ymm_end_of(request)));
    const bool has_mxcsr = (wanted & (xcr0::sse | xcr0::avx)) != 0;
    if (has_mxcsr) {
        TRY_STATUS(check_mxcsr(area));
        state.mxcsr = area.get<u32>(mxcsr_at);
    }
    const auto restore = [&](u64 component, u64 at, Vectors& vectors) {
        if ((wanted & component) == 0) return;
        const Area zeros;
        get_vectors((present & component) != 0 ? area : zeros, at, vectors, vector_count(request));
    };
    if ((wanted & xcr0::x87) != 0) {
        X87 initial;
        initial.control = initial_control;
        state.x87 = (present & xcr0::x87) != 0 ? get_x87(area, request.wide) : initial;
    }
    restore(xcr0::sse, xmm_at, state.xmm);
    restore(xcr0::avx, ymm_at, state.ymm_high);
    return {};
}

} // namespace orrery::x86
