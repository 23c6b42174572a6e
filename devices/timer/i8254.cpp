#include "devices/timer/i8254.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"pit.register"};

constexpr u64 control_port = 3;
constexpr u8 read_back = 3;

} // namespace

I8254::I8254(std::string name, Clock& clock, IrqLine out0)
    : Component(std::move(name)), out0_(out0), event_(clock, this->name() + ".out0", [this] { out0_changes(); }) {}

// The chip has no reset: its state at power-on is undefined, and here that of a mode 0 that awaits its count.
void I8254::reset() {
    counter_ = {};
    s_ = {};
    event_.cancel();
    out0_.set(false);
}

void I8254::state(StateVisitor& visitor) {
    for (u32 i = 0; i < counters; ++i) visit(visitor, fmt::format("counter[{}]", i), counter_[i].state());
    visit_fields(visitor, s_);
}

void I8254::restored() {
    for (I8254Counter& counter : counter_) counter.restored();
    if (s_.at_pulse == never_tick)
        event_.cancel();
    else
        event_.arm_at(clock_signal_.ns_at(s_.at_pulse));
}

void I8254::set_gate(u32 counter, bool level) {
    settle();
    counter_[counter].set_gate(level, pulses());
    if (counter == 0) update_out0();
}

bool I8254::out(u32 counter) { return counter_[counter].out(pulses()); }

// ---- registers ----

u64 I8254::read(u64 offset, Width) {
    if (offset >= control_port) return 0xff; // the control word register can't be read
    const u8 value = counter_[offset].read(pulses());
    trace_register("{} read  counter {} = {:#04x}", name(), offset, value);
    return value;
}

void I8254::write(u64 offset, u64 wide_value, Width) {
    const u8 value = static_cast<u8>(wide_value);
    trace_register("{} write {}{} = {:#04x}", name(), offset < control_port ? "counter " : "control ", offset, value);
    settle();
    if (offset < control_port)
        counter_[offset].write_count(value, pulses());
    else if (offset == control_port)
        write_control(value);
    update_out0();
}

void I8254::write_control(u8 value) {
    const u8 select = value >> 6;
    const u64 now = pulses();
    if (select == read_back) { // 8254, read-back command: low bits latch
        for (u32 i = 0; i < counters; ++i) {
            if (!(value & 2u << i)) continue;
            if (!(value & 0x20)) counter_[i].latch_count(now);
            if (!(value & 0x10)) counter_[i].latch_status(now);
        }
    } else if ((value & 0x30) == 0) {
        counter_[select].latch_count(now);
    } else {
        counter_[select].write_control(value & 0x3f, now);
    }
}

// ---- OUT0 ----

void I8254::update_out0() {
    if (!out0_.connected()) return;
    out0_.set(out(0));
    schedule();
}

// What is due but whose event hasn't come yet isn't lost to an access.
void I8254::settle() {
    if (s_.at_pulse <= pulses()) out0_changes();
}

void I8254::schedule() {
    const u64 now = pulses();
    const u64 least = clock_signal_.shortest_interrupt_period();
    const bool periodic = counter_[0].periodic();
    const u64 period = counter_[0].period();
    s_.edge_only = periodic && (counter_[0].state().mode == 2 || period < 2 * least);
    u64 at = s_.edge_only ? counter_[0].next_cycle(now) : counter_[0].next_change(now);
    if (periodic && period < least) at += (least + period - 1) / period * period;
    if (at == s_.at_pulse) return;
    s_.at_pulse = at;
    if (at == never_tick)
        event_.cancel();
    else
        event_.arm_at(clock_signal_.ns_at(at));
}

// If the host was late, a few edges are made up for; the rest are merged.
void I8254::out0_changes() {
    const u64 now = pulses();
    u64 pulse = std::min(s_.at_pulse, now);
    if (s_.edge_only) {
        out0_.set(false);
        out0_.set(true);
    } else {
        for (u32 edges = 0; edges < 4 && pulse <= now; ++edges) {
            out0_.set(counter_[0].out(pulse));
            pulse = counter_[0].next_change(pulse);
        }
    }
    s_.at_pulse = never_tick;
    update_out0();
}

} // namespace orrery
