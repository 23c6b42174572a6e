// MMX's view of the x87 unit (SDM 1, 9.2.2, 9.5; SDM 3A 12.2): its registers are the significands of the physical
// registers. Writing one makes the rest of it ones, and any MMX instruction makes TOP 0 and all registers valid.
#pragma once

#include "cpu/x86/state.hpp"

namespace orrery::x86 {

constexpr void enter_mmx(X87& x87) {
    x87.top = 0;
    x87.valid = 0xff;
}
constexpr void leave_mmx(X87& x87) {
    x87.top = 0;
    x87.valid = 0;
}
constexpr void write_mmx(X87& x87, u64 number, u64 value) { x87.registers[number] = {value, 0xffff}; }

} // namespace orrery::x86
