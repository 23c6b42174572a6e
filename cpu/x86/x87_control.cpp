// Helpers of the x87 control instructions, and of an exception that is pending (SDM 1, 8.3.11 and 8.7).
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/x87_environment.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

// What the environment's helpers are told.
struct EnvironmentRequest {
    X87Layout layout;
    bool registers;
    u32 length;
    explicit EnvironmentRequest(u64 packed)
        : layout{(packed & 1) != 0, (packed & 2) != 0}, registers((packed & 4) != 0),
          length(static_cast<u32>(packed >> 8)) {}
};

} // namespace

namespace helper {

// SDM 1, 8.7: with CR0.NE set it is the exception 16; else FERR# asks the board for an interrupt, and the processor
// waits for it before the instruction.
u64 x87_error(void* self, u64, u64, u64) {
    Processor& processor = processor_of(self);
    State& state = processor.core().state();
    const bool reports_outside = (state.cr0 & cr0::ne) == 0 && processor.configuration().floating_point_error;
    if (!reports_outside) {
        processor.core().services().leave_raising(exception(vector::mf));
        return 0;
    }
    processor.configuration().floating_point_error();
    state.activity = Activity::halted;
    return 0;
}

u64 x87_control_word(void* self, u64, u64, u64) { return core_of(self).state().x87.control; }

u64 x87_status_word(void* self, u64, u64, u64) {
    const X87& x87 = core_of(self).state().x87;
    return x87.status | u64{x87.top} << 11;
}

u64 x87_load_control(void* self, u64 value, u64 length, u64) {
    Core& core = core_of(self);
    core.state().x87.control = static_cast<u16>((value & x87_control_bits) | x87_control_fixed);
    update_x87_summary(core, static_cast<u32>(length));
    return 0;
}

u64 x87_clear_exceptions(void* self, u64 length, u64, u64) {
    Core& core = core_of(self);
    X87& x87 = core.state().x87;
    x87.status = static_cast<u16>(x87.status & ~(softfloat::x87_flag::exceptions | x87_status::stack_fault));
    update_x87_summary(core, static_cast<u32>(length));
    return 0;
}

u64 x87_initialize(void* self, u64 length, u64, u64) {
    Core& core = core_of(self);
    X87& x87 = core.state().x87;
    const u16 pending = x87.status & x87_status::pending;
    initialize_x87(x87);
    x87.status = pending;
    update_x87_summary(core, static_cast<u32>(length));
    return 0;
}

u64 x87_store_environment(void* self, u64 address, u64 packed, u64) {
    Core& core = core_of(self);
    const EnvironmentRequest request(packed);
    const auto stored = request.registers ? store_x87_state(core, address, request.layout)
                                          : store_x87_environment(core, address, request.layout);
    if (!stored) {
        core.services().leave_raising(stored.error());
        return 0;
    }
    X87& x87 = core.state().x87;
    if (request.registers) return x87_initialize(self, request.length, 0, 0);
    x87.control = static_cast<u16>(x87.control | softfloat::x87_flag::exceptions);
    update_x87_summary(core, request.length);
    return 0;
}

u64 x87_load_environment(void* self, u64 address, u64 packed, u64) {
    Core& core = core_of(self);
    const EnvironmentRequest request(packed);
    const u16 pending = core.state().x87.status & x87_status::pending;
    const auto loaded = request.registers ? load_x87_state(core, address, request.layout)
                                          : load_x87_environment(core, address, request.layout);
    if (!loaded) {
        core.services().leave_raising(loaded.error());
        return 0;
    }
    // What is loaded of ES and B doesn't count; what they were says whether anything changes.
    X87& x87 = core.state().x87;
    x87.status = static_cast<u16>((x87.status & ~x87_status::pending) | pending);
    update_x87_summary(core, request.length);
    return 0;
}

} // namespace helper
} // namespace orrery::x86
