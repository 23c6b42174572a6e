#include "devices/irq/io_apic.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"ioapic.register"};

namespace offset {
enum : u64 { select = 0x00, window = 0x10, end_of_interrupt = 0x40 };
}

namespace index {
enum : u8 { id = 0x00, version = 0x01, arbitration = 0x02, redirection = 0x10 };
}

// 82093AA 3.2.2, with the version that has the EOI register.
constexpr u32 version = 0x20 | (IoApic::pins - 1) << 16;

// 82093AA 3.2.4
namespace entry {
enum : u64 {
    vector = 0xff,
    logical = 1u << 11,
    delivery_pending = 1u << 12,
    active_low = 1u << 13,
    remote_irr = 1u << 14,
    level = 1u << 15,
    masked = 1u << 16,
    writable = 0xff00'0000'0001'afff,
};
}

constexpr DeliveryMode mode_of(u64 value) { return static_cast<DeliveryMode>(value >> 8 & 7); }

} // namespace

IoApic::IoApic(std::string name, Configuration configuration, InterruptBus& bus)
    : Component(std::move(name)), configuration_(configuration), bus_(bus) {
    s_.id = configuration_.id & 0x0f;
    bus_.add(*this);
}

// The pins are others' state.
void IoApic::reset() {
    const u32 asserted = s_.asserted;
    s_ = {};
    s_.id = configuration_.id & 0x0f;
    s_.asserted = asserted;
}

void IoApic::restored() {
    for (u64& entry : s_.entry) entry &= entry::writable | entry::remote_irr;
}

// ---- registers (82093AA 3.1) ----

u64 IoApic::read(u64 offset, Width width) {
    const u64 in_register = offset % 4;
    u32 value = 0;
    if (offset - in_register == offset::select) value = s_.select;
    if (offset - in_register == offset::window) value = read_selected();
    trace_register("{} read  {:#x} [{:#04x}] = {:#x}", name(), offset, s_.select, value);
    return value >> (in_register * 8) & mask(width);
}

void IoApic::write(u64 offset, u64 value, Width) {
    trace_register("{} write {:#x} [{:#04x}] = {:#x}", name(), offset, s_.select, value);
    switch (offset) {
    case offset::select:
        s_.select = static_cast<u8>(value);
        break;
    case offset::window:
        write_selected(static_cast<u32>(value));
        break;
    case offset::end_of_interrupt:
        end_of_interrupt(static_cast<u8>(value));
        break;
    default:
        break;
    }
}

u32 IoApic::read_selected() const {
    switch (s_.select) {
    case index::id:
    case index::arbitration:
        return u32{s_.id} << 24;
    case index::version:
        return version;
    default:
        break;
    }
    const u32 number = s_.select - u32{index::redirection};
    if (s_.select < index::redirection || number >= 2 * pins) return 0;
    const u64 entry = s_.entry[number / 2];
    return static_cast<u32>(number % 2 ? entry >> 32 : entry);
}

void IoApic::write_selected(u32 value) {
    if (s_.select == index::id) s_.id = value >> 24 & 0x0f;
    const u32 number = s_.select - u32{index::redirection};
    if (s_.select < index::redirection || number >= 2 * pins) return;
    const u64 old = s_.entry[number / 2];
    const u64 whole = number % 2 ? (old & 0xffff'ffff) | u64{value} << 32 : (old & ~u64{0xffff'ffff}) | value;
    write_entry(number / 2, whole);
}

// Remote IRR and the delivery status can't be written; an edge-triggered entry has no remote IRR. Changing an entry is
// no edge: one that was ignored while it was masked stays lost (82093AA 3.2.4, interrupt mask).
void IoApic::write_entry(u32 pin, u64 value) {
    u64& entry = s_.entry[pin];
    entry = (value & entry::writable) | (entry & entry::remote_irr);
    if (!keeps_level(entry)) entry &= ~u64{entry::remote_irr};
    bus_.level_messages_changed();
    service_level(pin);
}

// ---- interrupts ----

bool IoApic::active(u32 pin) const {
    const bool asserted = (s_.asserted >> pin & 1) != 0;
    const bool wire_low = (configuration_.active_low_pins >> pin & 1) != 0;
    const bool entry_low = (s_.entry[pin] & entry::active_low) != 0;
    return asserted != (wire_low != entry_low);
}

// Only fixed and lowest-priority interrupts are level-triggered; the others are edges, whatever the entry says.
bool IoApic::keeps_level(u64 entry) {
    return (entry & entry::level) && mode_of(entry) <= DeliveryMode::lowest_priority;
}

void IoApic::set_irq(u32 pin, bool level) {
    if (pin >= pins) return;
    const bool was_active = active(pin);
    s_.asserted = (s_.asserted & ~(1u << pin)) | u32{level} << pin;
    if (keeps_level(s_.entry[pin]))
        service_level(pin);
    else if (active(pin) && !was_active && !(s_.entry[pin] & entry::masked))
        send(pin);
}

// A level asks once, and again when it is still there at the end of the interrupt.
void IoApic::service_level(u32 pin) {
    u64& entry = s_.entry[pin];
    if (!keeps_level(entry) || (entry & (entry::masked | entry::remote_irr)) || !active(pin)) return;
    if (send(pin)) entry |= entry::remote_irr;
}

InterruptMessage IoApic::message(u32 pin) const {
    const u64 entry = s_.entry[pin];
    return {
        .destination = InterruptMessage::wide(static_cast<u8>(entry >> 56)),
        .logical = (entry & entry::logical) != 0,
        .mode = mode_of(entry),
        .vector = static_cast<u8>(entry & entry::vector),
        .level_triggered = keeps_level(entry),
    };
}

bool IoApic::send(u32 pin) { return bus_.send(message(pin)); }

// Masked ones, too: what they have sent may not have ended.
void IoApic::add_level_messages(std::vector<DeviceMessage>& messages) const {
    for (u32 pin = 0; pin < pins; ++pin)
        if (keeps_level(s_.entry[pin])) messages.push_back(message(pin).stored());
}

void IoApic::end_of_interrupt(u8 vector) {
    for (u32 pin = 0; pin < pins; ++pin) {
        u64& entry = s_.entry[pin];
        if (!(entry & entry::remote_irr) || (entry & entry::vector) != vector) continue;
        entry &= ~u64{entry::remote_irr};
        service_level(pin);
    }
}

void IoApic::targets_changed() {
    for (u32 pin = 0; pin < pins; ++pin) service_level(pin);
}

} // namespace orrery
