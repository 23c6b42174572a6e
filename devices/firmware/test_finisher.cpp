#include "devices/firmware/test_finisher.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {

u64 TestFinisher::read(u64, Width) { return 0; }

std::string TestFinisher::register_name(u64 offset, bool) const { return offset == 0 ? "finisher" : ""; }

void TestFinisher::write(u64 offset, u64 value, Width) {
    if (offset != 0) return;
    const u32 code = (value >> 16) & 0xffff;
    switch (value & 0xffff) {
    case fail:
        // A failure without a code of its own must not look like success.
        power_.power_off(code == 0 ? 1 : code);
        return;
    case pass:
        power_.power_off(0);
        return;
    case restart:
        power_.reset();
        return;
    default:
        log::guest_error(name(), "no verdict has the value {:#x}", value);
    }
}

} // namespace orrery
