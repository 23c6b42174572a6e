#include "devices/storage/floppy.hpp"

#include <algorithm>

#include "devices/storage/floppy_registers.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {

using namespace floppy;

namespace {

log::TracePoint trace_register{"floppy.register"};
log::TracePoint trace_command{"floppy.command"};

namespace offset {
enum : u64 { output = 2, tape = 3, main_status = 4, fifo = 5 };
}

constexpr u8 kept_by_lock = 0x2f; // EFIFO and FIFOTHR of CONFIGURE

} // namespace

FloppyController::FloppyController(std::string name, const Drives& drives, Clock& clock, IrqLine irq, Dma8237& dma)
    : Component(std::move(name)), irq_(irq), dma_(dma), step_timer_(clock, this->name() + ".step", [this] { step(); }),
      seek_timer_(clock, this->name() + ".seek", [this] { seeks_end(); }), poll_timer_(clock, this->name() + ".poll", [this] { finish_reset(); }) {
    dma_.connect(dma_channel, *this);
    for (u32 i = 0; i < drive_count; ++i) drives_[i].configure(drives[i]);
}

void FloppyController::reset() {
    s_ = {};
    for (FloppyDrive& each : drives_) each.s = {};
    step_timer_.cancel();
    seek_timer_.cancel();
    poll_timer_.cancel();
    dma_.set_request(dma_channel, false);
    irq_.set(false);
}

void FloppyController::state(StateVisitor& visitor) {
    visit_fields(visitor, s_);
    for (u32 i = 0; i < drive_count; ++i) {
        visit(visitor, fmt::format("drive{}", i), drives_[i].s);
        drives_[i].disk_state(visitor);
    }
}

void FloppyController::restored() {
    s_.command_bytes = std::min<u8>(s_.command_bytes, kind_of(s_.command[0]).bytes);
    s_.result_bytes = std::min<u8>(s_.result_bytes, most_results);
    s_.result_read = std::min(s_.result_read, s_.result_bytes);
    s_.buffer_size = std::min<u32>(s_.buffer_size, sector_bytes);
    s_.buffer_at = std::min(s_.buffer_at, s_.buffer_size);
    s_.rate &= 3;
    s_.seeking &= 0x0f;
    if (s_.phase > Phase::result) s_.phase = Phase::command;
    if (s_.step > Step::data) s_.step = Step::none;
    if (s_.phase == Phase::command && s_.command_bytes == kind_of(s_.command[0]).bytes) s_.command_bytes = 0;
    if (s_.phase == Phase::result && s_.result_read == s_.result_bytes) end_command();
    const auto arm = [](Timer& timer, u64 at_ns) { at_ns != never_ns ? timer.arm_at(at_ns) : timer.cancel(); };
    arm(step_timer_, s_.step_at_ns);
    arm(seek_timer_, s_.seek_at_ns);
    arm(poll_timer_, s_.poll_at_ns);
}

// ---- registers (82077AA 2.1) ----

u8 FloppyController::read(u64 offset) {
    u8 value = 0xff; // registers A and B don't answer in AT mode
    if (offset == offset::output) value = s_.dor;
    if (offset == offset::tape) value = s_.tdr;
    if (offset == offset::main_status) value = main_status();
    if (offset == offset::fifo) value = read_data();
    trace_register("{} read  {} = {:#04x}", name(), offset, value);
    return value;
}

void FloppyController::write(u64 offset, u8 value) {
    trace_register("{} write {} = {:#04x}", name(), offset, value);
    if (offset == offset::output) write_output(value);
    if (offset == offset::tape) s_.tdr = value & 3;
    if (offset == offset::main_status) write_rate(value);
    if (offset == offset::fifo) write_data(value);
}

// DIR: only bit 7 is driven. Without a drive nothing says that a disk has been changed.
u8 FloppyController::read_input() const {
    const FloppyDrive& selected = drives_[s_.dor & dor::drive];
    return selected.present() && selected.s.changed ? 0x80 : 0x00;
}

u8 FloppyController::main_status() const {
    if ((s_.dor & dor::not_reset) == 0 || s_.poll_at_ns != never_ns) return 0;
    u8 value = s_.seeking;
    switch (s_.phase) {
    case Phase::command:
        return static_cast<u8>(value | msr::request | (s_.command_bytes != 0 ? msr::busy : 0));
    case Phase::result:
        return static_cast<u8>(value | msr::request | msr::to_host | msr::busy);
    case Phase::execution:
        break;
    }
    value |= msr::busy;
    if (uses_dma() || s_.buffer_at == s_.buffer_size || s_.step != Step::none) return value;
    return static_cast<u8>(value | msr::request | msr::no_dma | (to_host() ? msr::to_host : 0));
}

// DOR: bit 2 holds the chip in reset; the drives are polled when it is let go.
void FloppyController::write_output(u8 value) {
    const bool was_reset = (s_.dor & dor::not_reset) == 0, is_reset = (value & dor::not_reset) == 0;
    s_.dor = value;
    if (is_reset && !was_reset) chip_reset();
    if (!is_reset && was_reset) {
        s_.poll_at_ns = poll_timer_.clock().now_ns() + delay_ns;
        poll_timer_.arm_at(s_.poll_at_ns);
    }
    irq_.set(s_.interrupt && outputs_enabled());
    // A transfer that waited for the gate goes on.
    if (outputs_enabled() && s_.phase == Phase::execution && s_.buffer_size != 0) dma_ready();
}

// DSR: the same reset, which ends by itself.
void FloppyController::write_rate(u8 value) {
    s_.rate = value & 3;
    if ((value & 0x80) == 0 || (s_.dor & dor::not_reset) == 0) return;
    chip_reset();
    s_.poll_at_ns = poll_timer_.clock().now_ns() + delay_ns;
    poll_timer_.arm_at(s_.poll_at_ns);
}

// What a reset by DOR or DSR leaves: SPECIFY's settings, PERPENDICULAR MODE's drives, and with LOCK the FIFO's.
void FloppyController::chip_reset() {
    State next{.dor = s_.dor, .tdr = s_.tdr, .rate = s_.rate};
    next.step_and_unload = s_.step_and_unload;
    next.load_and_no_dma = s_.load_and_no_dma;
    next.perpendicular = s_.perpendicular & 0x3c;
    next.locked = s_.locked;
    if (s_.locked) {
        next.configuration = static_cast<u8>(s_.configuration & kept_by_lock);
        next.precompensation = s_.precompensation;
    }
    s_ = next;
    step_timer_.cancel();
    seek_timer_.cancel();
    poll_timer_.cancel();
    dma_.set_request(dma_channel, false);
    irq_.set(false);
}

// The poll finds that every drive's ready line has changed, unless CONFIGURE has switched it off.
void FloppyController::finish_reset() {
    s_.poll_at_ns = never_ns;
    if (s_.configuration & configuration::no_poll) return;
    s_.polled = 0x0f;
    raise_interrupt(true);
}

// ---- command and result bytes (82077AA, command set) ----

const FloppyController::CommandKind FloppyController::command_kinds[] = {
    {0x02, 0x9f, 9, &FloppyController::read_track, true},
    {0x03, 0xff, 3, &FloppyController::specify, false},
    {0x04, 0xff, 2, &FloppyController::sense_drive_status, false},
    {0x05, 0x3f, 9, &FloppyController::write_sectors, true},
    {0x06, 0x1f, 9, &FloppyController::read_sectors, true},
    {0x07, 0xff, 2, &FloppyController::recalibrate, false},
    {0x08, 0xff, 1, &FloppyController::sense_interrupt, false},
    {0x09, 0x3f, 9, &FloppyController::write_sectors, true}, // WRITE DELETED DATA
    {0x0a, 0xbf, 2, &FloppyController::read_id, true},
    {0x0c, 0x1f, 9, &FloppyController::read_sectors, true}, // READ DELETED DATA
    {0x0d, 0xbf, 6, &FloppyController::format_track, true},
    {0x0e, 0xff, 1, &FloppyController::dump_registers, false},
    {0x0f, 0xff, 3, &FloppyController::seek, false},
    {0x10, 0xff, 1, &FloppyController::version, false},
    {0x12, 0xff, 2, &FloppyController::set_perpendicular, false},
    {0x13, 0xff, 4, &FloppyController::configure, false},
    {0x14, 0x7f, 1, &FloppyController::lock, false},
    {0x16, 0x1f, 9, &FloppyController::verify, true},
    {0x8f, 0xbf, 3, &FloppyController::relative_seek, false},
    {0x00, 0x00, 1, &FloppyController::invalid, false}, // anything else
};

const FloppyController::CommandKind& FloppyController::kind_of(u8 first) {
    return *std::ranges::find_if(command_kinds,
                                 [&](const CommandKind& kind) { return (first & kind.code_mask) == kind.code; });
}

void FloppyController::write_data(u8 value) {
    const u8 status = main_status();
    if ((status & (msr::request | msr::to_host)) != msr::request) return;
    if (s_.phase == Phase::command) return take_command_byte(value);
    s_.buffer[s_.buffer_at++] = value;
    if (s_.buffer_at == s_.buffer_size) schedule(Step::data);
}

u8 FloppyController::read_data() {
    const u8 status = main_status();
    if ((status & msr::request) == 0 || (status & msr::to_host) == 0) return 0;
    if (s_.phase == Phase::execution) {
        const u8 value = s_.buffer[s_.buffer_at++];
        if (s_.buffer_at == s_.buffer_size) schedule(Step::data);
        return value;
    }
    raise_interrupt(false); // the first byte of the result takes note of it
    const u8 value = s_.result[s_.result_read++];
    if (s_.result_read < s_.result_bytes) return value;
    end_command();
    if (s_.seek_done != 0) raise_interrupt(true); // another drive's seek has ended, too
    return value;
}

void FloppyController::take_command_byte(u8 value) {
    s_.command[s_.command_bytes++] = value;
    const CommandKind& kind = kind_of(s_.command[0]);
    if (s_.command_bytes < kind.bytes) return;
    trace_command("{}: {:02x}", name(), fmt::join(std::span(s_.command).first(kind.bytes), " "));
    if (kind.executes) {
        s_.phase = Phase::execution;
        s_.buffer_size = s_.buffer_at = 0;
        return schedule(Step::execute);
    }
    s_.phase = Phase::execution;
    (this->*kind.run)();
    if (s_.phase == Phase::execution) end_command(); // no result
}

void FloppyController::give_results(std::initializer_list<u8> bytes) {
    std::ranges::copy(bytes, s_.result.begin());
    s_.result_bytes = static_cast<u8>(bytes.size());
    s_.result_read = 0;
    s_.phase = Phase::result;
}

void FloppyController::end_command() {
    s_.phase = Phase::command;
    s_.command_bytes = 0;
    s_.result_bytes = s_.result_read = 0;
    s_.buffer_size = s_.buffer_at = 0;
}

void FloppyController::raise_interrupt(bool wanted) {
    s_.interrupt = wanted;
    irq_.set(wanted && outputs_enabled());
}

// ---- what takes time ----

void FloppyController::schedule(Step step) {
    s_.step = step;
    s_.step_at_ns = step_timer_.clock().now_ns() + delay_ns;
    step_timer_.arm_at(s_.step_at_ns);
}

void FloppyController::step() {
    const Step step = s_.step;
    s_.step = Step::none;
    s_.step_at_ns = never_ns;
    if (s_.phase != Phase::execution) return;
    if (step == Step::execute) (this->*kind_of(s_.command[0]).run)();
    if (step == Step::data) run_data();
}

void FloppyController::dma_ready() {
    if (s_.phase == Phase::execution && s_.step == Step::none && s_.buffer_size != 0 && uses_dma())
        schedule(Step::data);
}

void FloppyController::seeks_end() {
    s_.seek_at_ns = never_ns;
    for (u32 i = 0; i < drive_count; ++i) {
        if ((s_.seeking >> i & 1) == 0) continue;
        if (drives_[i].present()) drives_[i].step_to(s_.seek_target[i]);
    }
    s_.seek_done |= s_.seeking;
    s_.seeking = 0;
    raise_interrupt(true);
}

} // namespace orrery
