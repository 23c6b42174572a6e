// Private to the helpers of vector instructions: registers by the numbers of vector_place.
#pragma once

#include "cpu/x86/mmx.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {

inline Vector read_place(const State& state, u8 place) {
    if (place < vector_place::ymm_high(0)) return state.xmm[place];
    if (place < vector_place::scratch(0)) return state.ymm_high[place - vector_place::ymm_high(0)];
    if (!vector_place::is_mmx(place)) return state.scratch[place - vector_place::scratch(0)];
    return {state.x87.registers[place - vector_place::mmx(0)].significand, 0};
}

inline void write_place(State& state, u8 place, const Vector& value) {
    if (place == vector_place::none) return;
    if (place < vector_place::ymm_high(0))
        state.xmm[place] = value;
    else if (place < vector_place::scratch(0))
        state.ymm_high[place - vector_place::ymm_high(0)] = value;
    else if (!vector_place::is_mmx(place))
        state.scratch[place - vector_place::scratch(0)] = value;
    else
        write_mmx(state.x87, place - vector_place::mmx(0), value[0]);
}

} // namespace orrery::x86
