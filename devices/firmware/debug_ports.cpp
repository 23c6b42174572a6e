#include "devices/firmware/debug_ports.hpp"

namespace orrery {

void DebugExit::write(u64, u64 value, Width) { power_.power_off(static_cast<u32>(value << 1) | 1); }

void DebugConsole::write(u64, u64 value, Width) {
    const u8 character = static_cast<u8>(value);
    backend_.write({&character, 1});
}

} // namespace orrery
