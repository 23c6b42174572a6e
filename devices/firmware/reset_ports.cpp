#include "devices/firmware/reset_ports.hpp"

namespace orrery {
namespace {

// CF9h
namespace reset_control {
enum : u8 { reset_cpu = 0x04, writable = 0x0e };
}

// 92h
namespace port_a {
enum : u8 { fast_reset = 0x01, gate_a20 = 0x02 };
}

} // namespace

u64 ResetControl::read(u64, Width) { return s_.control; }

// The reset is made by the rise of RST_CPU; with or without SYS_RST it is one of the whole machine here.
void ResetControl::write(u64, u64 value, Width) {
    const bool rises = (value & reset_control::reset_cpu) && !(s_.control & reset_control::reset_cpu);
    s_.control = static_cast<u8>(value & reset_control::writable);
    if (rises) power_.reset();
}

void SystemControlA::reset() {
    s_ = {};
    a20_.set(false);
}

u64 SystemControlA::read(u64, Width) { return s_.control; }

void SystemControlA::write(u64, u64 value, Width) {
    const bool rises = (value & port_a::fast_reset) && !(s_.control & port_a::fast_reset);
    s_.control = static_cast<u8>(value);
    a20_.set((value & port_a::gate_a20) != 0);
    if (rises) power_.reset();
}

} // namespace orrery
