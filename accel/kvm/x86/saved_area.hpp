// The XSAVE area (SDM 1, 13.4) in its standard form, and the part of the state that it holds.
#pragma once

#include <span>

#include "cpu/x86/state.hpp"

namespace orrery::kvm {

// Of `area`, at least 832 bytes, only what the state has is changed. AVX state is written only if it is enabled.
void put_saved_area(std::span<u8> area, const x86::State& state);
void take_saved_area(std::span<const u8> area, x86::State& state);

} // namespace orrery::kvm
