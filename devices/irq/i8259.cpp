#include "devices/irq/i8259.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"pic.register"};
log::TracePoint trace_acknowledge{"pic.acknowledge"};

// 8259A, "initialization command words" and "operation command words".
namespace icw1 {
enum : u8 { icw4_needed = 0x01, single = 0x02, level_triggered = 0x08, identifies = 0x10 };
}

namespace icw4 {
enum : u8 { auto_eoi = 0x02, special_fully_nested = 0x10, all = 0x1f };
}

namespace ocw2 {
enum : u8 { end_of_interrupt = 0x20, specific = 0x40, rotate = 0x80 };
}

namespace ocw3 {
enum : u8 {
    read_in_service = 0x01,
    read_register = 0x02,
    poll = 0x04,
    identifies = 0x08,
    special_mask = 0x20,
    special_mask_enable = 0x40,
};
}

// IRQ 0, 1, 2, 8 and 13 are edge-triggered for good (82371AB, ELCR1 and ELCR2).
constexpr u8 elcr_writable[] = {0xf8, 0xde};
// What the data bus reads when no one drives it.
constexpr u8 floating_bus = 0xff;

constexpr u8 bit(u32 input) { return static_cast<u8>(1u << (input & 7)); }

} // namespace

// ---- one chip ----

// The lines are others' state: a request that lasts is seen again at the next edge or, if level-triggered, at once.
void I8259::reset() {
    const u8 lines = s_.lines;
    s_ = {};
    s_.lines = lines;
}

void I8259::restored() {
    s_.lowest_priority &= 7;
    s_.vector_base &= 0xf8;
    if (s_.icw_next == 1 || s_.icw_next > 4) s_.icw_next = 0;
}

// An edge is remembered, but only for as long as the line stays high: "the IR inputs must remain high until after the
// falling edge of the first INTA" (8259A, edge and level triggered modes).
void I8259::set_input(u32 input, bool level) {
    const u8 line = bit(input);
    const bool rises = level && !(s_.lines & line);
    if (level)
        s_.lines |= line;
    else
        s_.lines &= static_cast<u8>(~line);
    if (!level)
        s_.requests &= static_cast<u8>(~line);
    else if (rises || (s_.level_triggered & line))
        s_.requests |= line;
}

u8 I8259::highest(u8 inputs) const {
    for (u32 step = 1; step <= 8; ++step)
        if (inputs & bit(s_.lowest_priority + step)) return static_cast<u8>((s_.lowest_priority + step) & 7);
    return nobody;
}

// The inputs in service that hold off others. In the special mask mode those that are masked don't (8259A, special mask
// mode).
u8 I8259::holding_off() const { return s_.special_mask ? static_cast<u8>(s_.in_service & ~s_.mask) : s_.in_service; }

// The request that would be served now; `nobody` if there is none above what is in service.
u8 I8259::winner() const {
    const u8 request = highest(static_cast<u8>(s_.requests & ~s_.mask));
    if (request == nobody) return nobody;
    u8 holding = holding_off();
    // A slave in service doesn't hold off its own further requests (8259A, special fully nested mode).
    if (master_ && (s_.icw4 & icw4::special_fully_nested)) holding &= static_cast<u8>(~s_.icw3);
    const u8 served = highest(holding);
    return served == nobody || rank(request) < rank(served) ? request : nobody;
}

bool I8259::interrupt() const { return s_.icw_next == 0 && winner() != nobody; }

I8259::Served I8259::acknowledge() {
    const u8 input = winner();
    if (input == nobody) return {};
    // What is level-triggered asks again unless it has been served by the end of the interrupt.
    if (!(s_.level_triggered & bit(input))) s_.requests &= static_cast<u8>(~bit(input));
    if (s_.icw4 & icw4::auto_eoi) {
        if (s_.rotate_in_auto_eoi) s_.lowest_priority = input;
    } else {
        s_.in_service |= bit(input);
    }
    return {input, false};
}

// The poll command makes any next read an acknowledge (8259A, poll command).
u8 I8259::read(bool a0) {
    if (s_.poll) {
        s_.poll = false;
        const Served served = acknowledge();
        return served.spurious ? u8{0} : static_cast<u8>(0x80 | served.input);
    }
    if (a0) return s_.mask;
    return s_.read_in_service ? s_.in_service : s_.requests;
}

void I8259::write(bool a0, u8 value) {
    if (a0) {
        if (s_.icw_next != 0)
            write_next_icw(value);
        else
            s_.mask = value; // OCW1
    } else if (value & icw1::identifies) {
        write_icw1(value);
    } else if (value & ocw3::identifies) {
        write_ocw3(value);
    } else {
        write_ocw2(value);
    }
}

// Everything that 8259A, "ICW1", lists from a to f.
void I8259::write_icw1(u8 value) {
    s_.icw1 = value;
    s_.icw_next = 2;
    s_.requests = 0; // the edge sense circuit is reset
    s_.in_service = 0;
    s_.mask = 0;
    s_.lowest_priority = 7;
    s_.icw3 = master_ ? 0 : 7;
    s_.special_mask = false;
    s_.poll = false;
    s_.read_in_service = false;
    s_.rotate_in_auto_eoi = false;
    if (!(value & icw1::icw4_needed)) s_.icw4 = 0;
    update_triggering();
}

void I8259::write_next_icw(u8 value) {
    const bool single = (s_.icw1 & icw1::single) != 0;
    const u8 after_icw3 = (s_.icw1 & icw1::icw4_needed) ? 4 : 0;
    switch (s_.icw_next) {
    case 2:
        s_.vector_base = value & 0xf8;
        s_.icw_next = single ? after_icw3 : 3;
        break;
    case 3:
        s_.icw3 = master_ ? value : value & 7;
        s_.icw_next = after_icw3;
        break;
    default:
        s_.icw4 = value & icw4::all;
        s_.icw_next = 0;
        break;
    }
}

void I8259::write_ocw2(u8 value) {
    const bool rotate = (value & ocw2::rotate) != 0;
    const u8 level = value & 7;
    if (value & ocw2::end_of_interrupt) {
        // A non-specific one ends the highest in service, but none that the special mask hides (8259A, EOI).
        const u8 input = (value & ocw2::specific) ? level : highest(holding_off());
        if (input != nobody) end_of_interrupt(input, rotate);
    } else if (value & ocw2::specific) {
        if (rotate) s_.lowest_priority = level; // set priority command; without R it is no operation
    } else {
        s_.rotate_in_auto_eoi = rotate;
    }
}

void I8259::end_of_interrupt(u8 input, bool rotate) {
    s_.in_service &= static_cast<u8>(~bit(input));
    if (rotate) s_.lowest_priority = input;
}

void I8259::write_ocw3(u8 value) {
    if (value & ocw3::special_mask_enable) s_.special_mask = (value & ocw3::special_mask) != 0;
    if (value & ocw3::read_register) s_.read_in_service = (value & ocw3::read_in_service) != 0;
    if (value & ocw3::poll) s_.poll = true;
}

void I8259::set_elcr(u8 value) {
    s_.elcr = value & elcr_writable[master_ ? 0 : 1];
    update_triggering();
}

void I8259::update_triggering() {
    const u8 before = s_.level_triggered;
    s_.level_triggered = (s_.icw1 & icw1::level_triggered) ? u8{0xff} : s_.elcr;
    // A line turned to level triggering asks by being high; one turned to edge triggering needs a new edge.
    s_.requests &= static_cast<u8>(~(before & ~s_.level_triggered));
    s_.requests |= s_.lines & s_.level_triggered;
}

// ---- the pair ----

I8259Pair::I8259Pair(std::string name, IrqLine intr) : Component(std::move(name)), intr_(intr) {}

void I8259Pair::reset() {
    master_.reset();
    slave_.reset();
    master_.set_input(cascade, false);
    intr_.set(false);
}

void I8259Pair::state(StateVisitor& visitor) {
    visit(visitor, "master", master_.state());
    visit(visitor, "slave", slave_.state());
}

void I8259Pair::restored() {
    master_.restored();
    slave_.restored();
}

void I8259Pair::set_irq(u32 pin, bool level) {
    if (pin >= pins || pin == cascade) return;
    I8259& chip = pin < 8 ? master_ : slave_;
    chip.set_input(pin & 7, level);
    update();
}

void I8259Pair::update() {
    master_.set_input(cascade, slave_.interrupt());
    intr_.set(master_.interrupt());
}

// The slave's INT falls with the INTA and rises again for what is still waiting: a new edge for the master.
I8259::Served I8259Pair::acknowledge_slave() {
    const I8259::Served served = slave_.acknowledge();
    master_.set_input(cascade, false);
    return served;
}

u8 I8259Pair::acknowledge() {
    const I8259::Served served = master_.acknowledge();
    u8 vector = master_.vector(served.input);
    u32 irq = served.input;
    if (!served.spurious && (master_.state().icw3 & bit(served.input))) {
        // The cascade lines carry the input's number; only a slave that has this identity answers (8259A, cascade
        // mode).
        if (slave_.state().icw3 == served.input && served.input == cascade) {
            const I8259::Served by_slave = acknowledge_slave();
            vector = slave_.vector(by_slave.input);
            irq = by_slave.input + 8u;
        } else {
            vector = floating_bus;
        }
    }
    trace_acknowledge("{} irq {} vector {:#04x}{}", name(), irq, vector, served.spurious ? " (spurious)" : "");
    intr_.set(false); // between two requests INT is low for a moment: edge-triggered receivers need it
    update();
    return vector;
}

u64 I8259Pair::ChipPorts::read(u64 offset, Width) {
    const bool polled = chip_.state().poll;
    const u8 value = chip_.read(offset == 1);
    trace_register("{} read  {}+{} = {:#04x}", pair_.name(), &chip_ == &pair_.master_ ? "master" : "slave", offset,
                   value);
    if (polled) {
        if (&chip_ == &pair_.slave_) pair_.master_.set_input(cascade, false);
        pair_.update();
    }
    return value;
}

void I8259Pair::ChipPorts::write(u64 offset, u64 value, Width) {
    trace_register("{} write {}+{} = {:#04x}", pair_.name(), &chip_ == &pair_.master_ ? "master" : "slave", offset,
                   value);
    chip_.write(offset == 1, static_cast<u8>(value));
    pair_.update();
}

u64 I8259Pair::ElcrPorts::read(u64 offset, Width) {
    return offset == 0 ? pair_.master_.state().elcr : pair_.slave_.state().elcr;
}

void I8259Pair::ElcrPorts::write(u64 offset, u64 value, Width) {
    I8259& chip = offset == 0 ? pair_.master_ : pair_.slave_;
    chip.set_elcr(static_cast<u8>(value));
    pair_.update();
}

} // namespace orrery
