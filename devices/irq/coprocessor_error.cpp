#include "devices/irq/coprocessor_error.hpp"

namespace orrery {

void CoprocessorError::set(bool reported) {
    s_.reported = reported;
    interrupt_.set(reported);
}

// Any value. IGNNE# goes with the exception, which the CPU sees to itself.
void CoprocessorError::write(u64 offset, u64, Width) {
    if (offset != 0 || !s_.reported) return;
    set(false);
    ignore_.set(true);
    ignore_.set(false);
}

} // namespace orrery
