#include "devices/timer/hpet.hpp"

#include <algorithm>

#include "machine/fabric/frequency.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"hpet.register"};

// HPET 2.3.2
namespace offset {
enum : u64 {
    capabilities = 0x000,
    configuration = 0x010,
    status = 0x020,
    counter = 0x0f0,
    comparators = 0x100,
    comparator_size = 0x20,
    comparator_value = 0x08,
    comparator_message = 0x10,
};
}

// HPET 2.3.8
namespace tn {
enum : u64 {
    level = 1u << 1,
    enable = 1u << 2,
    periodic = 1u << 3,
    periodic_capable = 1u << 4,
    size_capable = 1u << 5,
    set_value = 1u << 6,
    mode_32_bits = 1u << 8,
    route = 0x1fu << 9,
    message_enable = 1u << 14,
    message_capable = 1u << 15,
    writable = level | enable | periodic | set_value | mode_32_bits | route | message_enable,
};
inline constexpr u32 route_shift = 9;
} // namespace tn

// HPET 2.3.4: period in femtoseconds, vendor, legacy replacement, 64 bits, three comparators, revision 1.
constexpr u64 capabilities_value =
    Hpet::tick_ns * 1'000'000 << 32 | 0x8086'0000 | 1u << 15 | 1u << 13 | u64{Hpet::comparators - 1} << 8 | 0x01;

constexpr u64 saturated(u128 ns) { return ns >= never_ns ? never_ns : static_cast<u64>(ns); }

constexpr u64 value_mask(u64 configuration) { return (configuration & tn::mode_32_bits) ? 0xffff'ffff : ~u64{0}; }

} // namespace

Hpet::Hpet(std::string name, Configuration configuration, Clock& clock, Lines lines)
    : Component(std::move(name)), configuration_(configuration), lines_(std::move(lines)),
      event_(clock, this->name() + ".event", [this] {
          s_.event_ns = never_ns;
          catch_up();
          schedule();
      }) {
    lines_.io_apic.resize(32);
}

// The inputs are others' state.
void Hpet::reset() {
    const u8 inputs = s_.legacy_in;
    const u32 driven = s_.driven;
    s_ = {};
    s_.legacy_in = inputs;
    s_.driven = driven;
    event_.cancel();
    update_lines();
}

void Hpet::restored() {
    for (Comparator& comparator : s_.comparator) comparator.configuration &= tn::writable;
    if (s_.event_ns == never_ns)
        event_.cancel();
    else
        event_.arm_at(s_.event_ns);
}

// ---- the counter and its matches ----

u64 Hpet::counter() const { return enabled() ? s_.counter + (now_ns() - s_.origin_ns) / tick_ns : s_.counter; }

void Hpet::set_counter(u64 value) {
    s_.counter = value;
    s_.origin_ns = now_ns();
}

// When the counter will next equal the comparator; in 32-bit mode that is at most one turn away (HPET 2.3.9.2.1).
void Hpet::plan(Comparator& comparator) {
    const u64 distance = (comparator.value - counter()) & value_mask(comparator.configuration);
    const u64 into_tick = (now_ns() - s_.origin_ns) % tick_ns;
    comparator.match_ns = enabled() ? saturated(u128{now_ns()} - into_tick + u128{distance} * tick_ns) : never_ns;
}

// Moves on to the first match after the present. A periodic comparator adds its period (HPET 2.3.9.2.2).
void Hpet::pass_matches(Comparator& comparator) {
    const u64 mask = value_mask(comparator.configuration);
    const u64 period = comparator.period & mask;
    const bool moves = (comparator.configuration & tn::periodic) && period != 0;
    const u128 between_ns = moves ? u128{period} * tick_ns : (u128{mask} + 1) * tick_ns;
    const u128 passed = u128{now_ns() - comparator.match_ns} / between_ns + 1;
    if (moves) comparator.value = (comparator.value + static_cast<u64>(passed) * period) & mask;
    comparator.match_ns = saturated(u128{comparator.match_ns} + passed * between_ns);
}

// However many matches have passed unseen, they are one interrupt.
void Hpet::catch_up() {
    for (u32 i = 0; i < comparators; ++i) {
        Comparator& comparator = s_.comparator[i];
        if (!enabled() || comparator.match_ns > now_ns()) continue;
        pass_matches(comparator);
        match(i);
    }
}

// The status of a level-triggered one is set also while it may not interrupt (HPET 2.3.8, Tn_INT_ENB_CNF).
void Hpet::match(u32 index) {
    const u64 configuration = s_.comparator[index].configuration;
    if (configuration & tn::level)
        s_.status |= static_cast<u8>(1u << index);
    else if (configuration & tn::enable)
        interrupt_once(index);
    update_lines();
}

// Edge-triggered. The legacy lines stay high until the next, since an 8259 wants to see them so when it is asked.
void Hpet::interrupt_once(u32 index) {
    const Comparator& comparator = s_.comparator[index];
    if ((comparator.configuration & tn::message_enable) && lines_.messages) {
        lines_.messages->message(GuestPhysical{comparator.message >> 32}, static_cast<u32>(comparator.message));
    } else if (replaces_legacy() && index < legacy_pins) {
        lines_.legacy[index].set(false);
        s_.legacy_own |= static_cast<u8>(1u << index);
        lines_.legacy[index].set(true);
    } else {
        const u64 route = (comparator.configuration & tn::route) >> tn::route_shift;
        if (s_.driven >> route & 1) return; // another one holds it
        lines_.io_apic[route].set(true);
        lines_.io_apic[route].set(false);
    }
}

void Hpet::schedule() {
    u64 event = never_ns;
    for (u32 i = 0; i < comparators; ++i) {
        const Comparator& comparator = s_.comparator[i];
        const bool waits = (comparator.configuration & tn::level) && (s_.status >> i & 1);
        if (!enabled() || !(comparator.configuration & tn::enable) || waits) continue;
        u64 at = comparator.match_ns;
        const bool fast = comparator.period != 0 && comparator.period < shortest_interrupt_period_ns / tick_ns;
        if ((comparator.configuration & tn::periodic) && fast)
            at = std::max(at, now_ns() + shortest_interrupt_period_ns);
        event = std::min(event, at);
    }
    if (event == s_.event_ns) return;
    s_.event_ns = event;
    if (event == never_ns)
        event_.cancel();
    else
        event_.arm_at(event);
}

// ---- lines ----

void Hpet::set_irq(u32 pin, bool level) {
    if (pin >= legacy_pins) return;
    s_.legacy_in = static_cast<u8>((s_.legacy_in & ~(1u << pin)) | u32{level} << pin);
    if (!replaces_legacy()) lines_.legacy[pin].set(level);
}

// What level-triggered comparators hold high, and whose the legacy lines are.
void Hpet::update_lines() {
    u32 driven = 0;
    for (u32 i = 0; i < comparators; ++i) {
        const u64 configuration = s_.comparator[i].configuration;
        const bool legacy = replaces_legacy() && i < legacy_pins;
        const bool level = (configuration & tn::level) != 0;
        const bool asks = enabled() && (configuration & tn::enable) && (s_.status >> i & 1);
        if (legacy && level) s_.legacy_own = static_cast<u8>((s_.legacy_own & ~(1u << i)) | u32{asks} << i);
        if (!legacy && level && asks) driven |= 1u << ((configuration & tn::route) >> tn::route_shift);
    }
    for (u32 input = 0; input < 32; ++input)
        if ((driven ^ s_.driven) >> input & 1) lines_.io_apic[input].set((driven >> input & 1) != 0);
    s_.driven = driven;
    const u8 levels = replaces_legacy() ? s_.legacy_own : s_.legacy_in;
    for (u32 pin = 0; pin < legacy_pins; ++pin) lines_.legacy[pin].set((levels >> pin & 1) != 0);
}

// ---- registers ----

u64 Hpet::read(u64 offset, Width width) {
    catch_up();
    schedule();
    const u64 in_register = offset % 8;
    const u64 value = read_register(offset - in_register) >> (in_register * 8) & mask(width);
    trace_register("{} read  {:#x} = {:#x}", name(), offset, value);
    return value;
}

void Hpet::write(u64 offset, u64 value, Width width) {
    trace_register("{} write {:#x} = {:#x}", name(), offset, value);
    catch_up();
    const u64 in_register = offset % 8;
    write_register(offset - in_register, (value & mask(width)) << (in_register * 8), mask(width) << (in_register * 8));
    update_lines();
    catch_up(); // a comparator that equals the counter matches now
    schedule();
}

u64 Hpet::comparator_configuration(const Comparator& comparator) const {
    return comparator.configuration | tn::periodic_capable | tn::size_capable |
           (lines_.messages ? u64{tn::message_capable} : 0) | u64{configuration_.routes} << 32;
}

u32 Hpet::identity() { return static_cast<u32>(capabilities_value); }

u64 Hpet::read_register(u64 offset) const {
    switch (offset) {
    case offset::capabilities:
        return capabilities_value;
    case offset::configuration:
        return s_.configuration;
    case offset::status:
        return s_.status;
    case offset::counter:
        return counter();
    default:
        break;
    }
    const u64 index = (offset - offset::comparators) / offset::comparator_size;
    if (offset < offset::comparators || index >= comparators) return 0;
    const Comparator& comparator = s_.comparator[index];
    switch (offset % offset::comparator_size) {
    case 0:
        return comparator_configuration(comparator);
    case offset::comparator_value:
        return comparator.value & value_mask(comparator.configuration);
    case offset::comparator_message:
        return comparator.message;
    default:
        return 0;
    }
}

void Hpet::write_register(u64 offset, u64 value, u64 written_bits) {
    switch (offset) {
    case offset::configuration:
        if (written_bits & 1) write_configuration(static_cast<u8>(value & 3));
        return;
    case offset::status: // write 1 to clear (HPET 2.3.6)
        s_.status &= static_cast<u8>(~value);
        return;
    case offset::counter:
        set_counter((counter() & ~written_bits) | value);
        for (Comparator& comparator : s_.comparator) plan(comparator);
        return;
    default:
        break;
    }
    const u64 index = (offset - offset::comparators) / offset::comparator_size;
    if (offset < offset::comparators || index >= comparators) return;
    write_comparator_register(static_cast<u32>(index), offset % offset::comparator_size, value, written_bits);
}

// Halted, the counter keeps its value and no comparator interrupts (HPET 2.3.5).
void Hpet::write_configuration(u8 value) {
    const u64 count = counter();
    const bool changes = ((value ^ s_.configuration) & 1) != 0;
    if (!(value & 2)) s_.legacy_own = 0;
    s_.configuration = value;
    if (!changes) return;
    set_counter(count);
    for (Comparator& comparator : s_.comparator) plan(comparator);
}

void Hpet::write_comparator_register(u32 index, u64 offset, u64 value, u64 written_bits) {
    Comparator& comparator = s_.comparator[index];
    switch (offset) {
    case 0:
        write_comparator_configuration(index, (comparator.configuration & ~written_bits) | value);
        break;
    case offset::comparator_value:
        write_comparator_value(comparator, value, written_bits);
        break;
    case offset::comparator_message:
        comparator.message = (comparator.message & ~written_bits) | value;
        break;
    default:
        break;
    }
}

// A route that isn't offered isn't taken, so that software reads back what it got (HPET 2.3.8, Tn_INT_ROUTE_CNF).
void Hpet::write_comparator_configuration(u32 index, u64 value) {
    Comparator& comparator = s_.comparator[index];
    value &= tn::writable;
    if (!lines_.messages) value &= ~u64{tn::message_enable};
    const u64 route = (value & tn::route) >> tn::route_shift;
    if (!(configuration_.routes >> route & 1))
        value = (value & ~u64{tn::route}) | (comparator.configuration & tn::route);
    const u64 changed = value ^ comparator.configuration;
    comparator.configuration = value;
    if (!(value & tn::level)) s_.status &= static_cast<u8>(~(1u << index));
    if (changed & tn::mode_32_bits) {
        comparator.value &= value_mask(value);
        comparator.period &= value_mask(value);
        plan(comparator);
    }
}

// In periodic mode a write sets the period, and with Tn_VAL_SET_CNF the comparator too, which is how chips do it; that
// bit clears itself (HPET 2.3.8).
void Hpet::write_comparator_value(Comparator& comparator, u64 value, u64 written_bits) {
    const u64 mask = value_mask(comparator.configuration);
    const bool periodic = (comparator.configuration & tn::periodic) != 0;
    if (!periodic || (comparator.configuration & tn::set_value)) {
        comparator.value = ((comparator.value & ~written_bits) | value) & mask;
        plan(comparator);
    }
    if (periodic) comparator.period = ((comparator.period & ~written_bits) | value) & mask;
    comparator.configuration &= ~u64{tn::set_value};
}

} // namespace orrery
