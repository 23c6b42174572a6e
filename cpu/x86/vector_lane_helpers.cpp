// What translated code calls for instructions that access memory lane by lane: masked moves and gathers. And what
// clears many registers at once.
#include <cstring>

#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/segmentation.hpp"
#include "cpu/x86/vector_places.hpp"

namespace orrery::x86 {
namespace {

// A register of 128 or 256 bits as lanes of some size.
class WideRegister {
public:
    WideRegister() = default;
    WideRegister(const Vector& lower, const Vector& upper) : halves_{lower, upper} {}
    [[nodiscard]] const Vector& half(std::size_t number) const { return halves_[number]; }
    [[nodiscard]] u64 lane(u64 number, u64 size) const {
        u64 value = 0;
        std::memcpy(&value, bytes() + number * size, size);
        return value;
    }
    void set_lane(u64 number, u64 size, u64 value) { std::memcpy(bytes() + number * size, &value, size); }
    [[nodiscard]] bool sign(u64 number, u64 size) const { return (lane(number, size) >> (8 * size - 1) & 1) != 0; }

private:
    [[nodiscard]] const u8* bytes() const { return reinterpret_cast<const u8*>(halves_.data()); }
    u8* bytes() { return reinterpret_cast<u8*>(halves_.data()); }
    std::array<Vector, 2> halves_{};
};

WideRegister read_wide(const State& state, u8 place, bool wide) {
    return {read_place(state, place), wide ? read_place(state, vector_place::upper(place)) : Vector{}};
}

u64 bytes_of(const VectorRequest& request) { return request.shape == Shape::both ? 32 : 16; }

// SDM 2, MASKMOVDQU and VMASKMOV. Nothing is stored unless all can be.
Faulting<void> store_lanes(Core& core, u64 linear, const VectorRequest& request, u64 size) {
    const bool wide = request.shape == Shape::both;
    const WideRegister value = read_wide(core.state(), request.a, wide);
    const WideRegister mask = read_wide(core.state(), request.b, wide);
    for (const bool writes : {false, true})
        for (u64 i = 0; i < bytes_of(request) / size; ++i) {
            if (!mask.sign(i, size)) continue;
            const u64 address = core.wrapped(linear + i * size);
            if (writes)
                TRY_STATUS(core.write(address, value.lane(i, size), static_cast<u32>(size), explicit_access));
            else
                TRY_STATUS(core.check_writable(address, size));
        }
    return {};
}

Faulting<void> load_lanes(Core& core, u64 linear, const VectorRequest& request, u64 size) {
    State& state = core.state();
    const bool wide = request.shape == Shape::both;
    const WideRegister mask = read_wide(state, request.b, wide);
    WideRegister result;
    for (u64 i = 0; i < bytes_of(request) / size; ++i) {
        if (!mask.sign(i, size)) continue;
        const u64 address = core.wrapped(linear + i * size);
        result.set_lane(i, size, TRY(core.read(address, static_cast<u32>(size), explicit_access)));
    }
    state.xmm[request.destination] = result.half(0);
    state.ymm_high[request.destination] = result.half(1);
    return {};
}

// SDM 2, VGATHERDPS: what was gathered before a fault stays, and the mask says what is left to do.
class Gather {
public:
    Gather(Core& core, u64 offset, const GatherRequest& request) : core_(core), offset_(offset), request_(request) {
        const State& state = core.state();
        const auto read = [&](u8 number) { return WideRegister(state.xmm[number], state.ymm_high[number]); };
        result_ = read(request.destination);
        index_ = read(request.index);
        const WideRegister mask = read(request.mask);
        for (u64 i = 0; i < request.count; ++i)
            if (mask.sign(i, request.lane_size)) mask_.set_lane(i, request.lane_size, ~u64{0});
    }

    Faulting<void> run() {
        for (u64 i = 0; i < request_.count; ++i) {
            if (!mask_.sign(i, request_.lane_size)) continue;
            const auto value = load(i);
            if (!value) {
                put();
                return std::unexpected(value.error());
            }
            result_.set_lane(i, request_.lane_size, *value);
            mask_.set_lane(i, request_.lane_size, 0);
        }
        const u64 bytes = u64{request_.count} * request_.lane_size;
        for (u64 at = bytes; at < 32; at += 8) result_.set_lane(at / 8, 8, 0);
        put();
        return {};
    }

private:
    Faulting<u64> load(u64 number) {
        const u64 index = index_.lane(number, request_.index_size);
        const u64 extended = request_.index_size == 4 ? static_cast<u64>(i64{static_cast<i32>(index)}) : index;
        const u64 sum = offset_ + (extended << request_.scale);
        const u64 offset = request_.address_size == 8 ? sum : sum & mask(Size::dword);
        const u64 linear = TRY(linear_address(core_, request_.segment, offset, request_.lane_size, false));
        return core_.read(linear, request_.lane_size, explicit_access);
    }

    void put() {
        State& state = core_.state();
        const auto write = [&](u8 number, const WideRegister& value) {
            state.xmm[number] = value.half(0);
            state.ymm_high[number] = value.half(1);
        };
        write(request_.destination, result_);
        write(request_.mask, mask_);
    }

    Core& core_;
    const u64 offset_;
    const GatherRequest request_;
    WideRegister result_, index_, mask_;
};

} // namespace

namespace helper {

u64 store_masked(void* self, u64 linear, u64 packed, u64 size) {
    Core& core = core_of(self);
    const VectorRequest request = VectorRequest::unpack(packed);
    const auto stored = store_lanes(core, linear, request, size);
    if (stored && vector_place::is_mmx(request.a)) x86::enter_mmx(core.state().x87);
    return done(core, stored);
}

u64 load_masked(void* self, u64 linear, u64 packed, u64 size) {
    Core& core = core_of(self);
    return done(core, load_lanes(core, linear, VectorRequest::unpack(packed), size));
}

u64 gather(void* self, u64 offset, u64 packed, u64) {
    Core& core = core_of(self);
    return done(core, Gather(core, offset, GatherRequest::unpack(packed)).run());
}

u64 zero_vectors(void* self, u64 count, u64 all, u64) {
    State& state = core_of(self).state();
    for (u64 i = 0; i < count; ++i) {
        state.ymm_high[i] = {};
        if (all != 0) state.xmm[i] = {};
    }
    return 0;
}

} // namespace helper

} // namespace orrery::x86
