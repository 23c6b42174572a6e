#include "cpu/x86/x87_unit.hpp"

#include "cpu/x86/breakpoints.hpp"

namespace orrery::x86 {
namespace {

// The instruction is complete; what is behind it is translated differently now.
void leave_behind(Core& core, u32 length) {
    State& state = core.state();
    const u64 next = core.services().current_pc() + length;
    state.pc = core.code64() ? next : next & mask(Size::dword);
    state.interrupt_shadow = 0;
    if ((state.rflags & flag::trap) != 0) state.pending_debug |= dr6::single_step;
    core.services().leave_with_pc_in_state();
}

} // namespace

// SDM 1, 8.1.8 and 8.1.9: of the data pointer and the opcode only those of such an instruction are kept, as CPUID says.
void X87Unit::report_unmasked() {
    const u64 pc = core_.services().current_pc();
    x87_.instruction = core_.has_descriptors() ? core_.rip_of(pc) : pc;
    x87_.opcode = request_.opcode;
    if (data_ != no_data) x87_.data = data_;
    if ((x87_.status & x87_status::summary) != 0) return;
    x87_.status = static_cast<u16>(x87_.status | x87_status::pending);
    core_.state().ignne = false;
    leave_behind(core_, request_.length);
}

void update_x87_summary(Core& core, u32 length) {
    X87& x87 = core.state().x87;
    const bool was = (x87.status & x87_status::summary) != 0;
    const bool is = (x87.status & ~x87.control & softfloat::x87_flag::exceptions) != 0;
    x87.status = static_cast<u16>((x87.status & ~x87_status::pending) | (is ? x87_status::pending : 0));
    if (was == is) return;
    core.state().ignne = false;
    leave_behind(core, length);
}

void initialize_x87(X87& x87) {
    x87.control = x87_control_after_init;
    x87.status = 0;
    x87.top = 0;
    x87.valid = 0;
    x87.opcode = 0;
    x87.instruction = 0;
    x87.data = 0;
}

} // namespace orrery::x86
