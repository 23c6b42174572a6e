#include "devices/timer/system_control_b.hpp"

namespace orrery {
namespace {

enum Bit : u8 { gate_2 = 0x01, control = 0x0f, refresh = 0x10, out_2 = 0x20 };
// A row of memory is refreshed every 15 microseconds, by tradition 18 pulses of the timer's clock.
constexpr u64 pulses_per_refresh = 18;

} // namespace

void SystemControlB::reset() {
    s_ = {};
    timer_.set_gate(2, false);
}

u64 SystemControlB::read(u64, Width) {
    u8 value = s_.control;
    if (timer_.pulses() / pulses_per_refresh % 2 != 0) value |= refresh;
    if (timer_.out(2)) value |= out_2;
    return value;
}

void SystemControlB::write(u64, u64 value, Width) {
    s_.control = static_cast<u8>(value & control);
    timer_.set_gate(2, (value & gate_2) != 0);
}

} // namespace orrery
