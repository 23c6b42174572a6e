// What a local APIC does with interrupts: whom they are for, which comes first, how they end, and what it sends itself.
#include <bit>

#include "devices/irq/local_apic.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {

using namespace local_apic;

namespace {

log::TracePoint trace_interrupt{"apic.interrupt"};

constexpr bool contains(const std::array<u32, 8>& vectors, u32 vector) {
    return (vectors[vector / 32 % 8] >> (vector % 32) & 1) != 0;
}

constexpr void put(std::array<u32, 8>& vectors, u32 vector, bool on) {
    u32& word = vectors[vector / 32 % 8];
    word = (word & ~(1u << (vector % 32))) | u32{on} << (vector % 32);
}

// The local vector of each pin.
constexpr u32 index_of[LocalApic::pins] = {local::lint0, local::lint1, local::thermal, local::performance};

constexpr DeliveryMode mode_of(u32 value) { return static_cast<DeliveryMode>(value >> 8 & 7); }

} // namespace

// ---- priorities (SDM 3A 11.8.3) ----

u32 LocalApic::highest(const Vectors& vectors) {
    for (u32 word = words; word-- != 0;)
        if (vectors[word] != 0) return word * 32 + 31 - static_cast<u32>(std::countl_zero(vectors[word]));
    return no_vector;
}

u8 LocalApic::processor_priority() const {
    const u32 served = highest(s_.in_service);
    const u32 served_class = served == no_vector ? 0 : served & 0xf0;
    return (s_.task_priority & 0xf0u) >= served_class ? s_.task_priority : static_cast<u8>(served_class);
}

bool LocalApic::vector_waits() const {
    if (lent_ != Lent::nothing) return false;
    const u32 request = highest(s_.requests);
    return request != no_vector && request >> 4 > processor_priority() >> 4;
}

// A disabled APIC leaves LINT0 to be the CPU's INTR (SDM 3A 11.4.3). Who keeps the registers knows whether this one is.
bool LocalApic::external_waits() const {
    if (!pic_) return false;
    if (lent_ != Lent::nothing) return s_.external || (s_.pins >> lint0 & 1) != 0;
    if (!is_on()) return (s_.pins >> lint0 & 1) != 0;
    for (const u32 pin : {u32{lint0}, u32{lint1}}) {
        const u32 entry = s_.local[index_of[pin]];
        if (!(entry & lvt::masked) && mode_of(entry) == DeliveryMode::external && pin_active(pin)) return true;
    }
    return s_.external;
}

void LocalApic::publish() {
    seen_base_.store(s_.base, std::memory_order_relaxed);
    seen_task_priority_.store(s_.task_priority, std::memory_order_relaxed);
}

// After every change.
void LocalApic::update() {
    publish();
    const bool now = external_waits() || vector_waits();
    if (deliverable_.exchange(now, std::memory_order_acq_rel) != now && cpu_) cpu_->set_interrupt(now);
}

std::optional<u8> LocalApic::acknowledge() {
    const MachineEntry entry(lock_);
    if (external_waits()) {
        s_.external = false;
        const u8 vector = pic_->acknowledge();
        update();
        return vector;
    }
    const u32 vector = highest(s_.requests);
    if (vector == no_vector || lent_ != Lent::nothing) return std::nullopt;
    if (!vector_waits()) return static_cast<u8>(s_.spurious & svr::vector); // masked meanwhile (SDM 3A 11.9)
    put(s_.requests, vector, false);
    put(s_.in_service, vector, true);
    trace_interrupt("{} takes {:#04x}", name(), vector);
    update();
    if (vector == (s_.local[local::timer] & lvt::vector)) schedule_timer();
    return static_cast<u8>(vector);
}

void LocalApic::end_of_interrupt() {
    const u32 vector = highest(s_.in_service);
    if (vector == no_vector) return;
    put(s_.in_service, vector, false);
    if (contains(s_.trigger_mode, vector)) {
        for (const u32 pin : {u32{lint0}, u32{lint1}}) {
            u32& entry = s_.local[index_of[pin]];
            if (!(entry & lvt::remote_irr) || (entry & lvt::vector) != vector) continue;
            entry &= ~u32{lvt::remote_irr};
            service_level(pin);
        }
        if (!(s_.spurious & svr::no_eoi_broadcast)) bus_.end_of_interrupt(static_cast<u8>(vector));
    }
    update();
}

// ---- what comes in ----

// SDM 3A 11.6.2
bool LocalApic::is_meant(const InterruptMessage& message) const {
    if (!is_on()) return false;
    const u32 destination = message.destination;
    if (destination == InterruptMessage::everyone) return true;
    if (!message.logical) return destination == identity();
    if (x2apic()) {
        const u32 own = x2apic_logical_destination();
        return destination >> 16 == own >> 16 && (destination & own & 0xffff) != 0;
    }
    const u32 own = s_.logical_destination;
    if (destination > 0xff) return false;
    switch (s_.destination_format >> 28) {
    case 0xf: // flat
        return (destination & own) != 0;
    case 0x0: // cluster
        return destination >> 4 == own >> 4 && (destination & own & 0xf) != 0;
    default:
        return false;
    }
}

bool LocalApic::takes_vectors() const { return is_on() && (s_.spurious & svr::enabled); }

bool LocalApic::accept(const InterruptMessage& message) {
    if (!is_on()) return false;
    switch (message.mode) {
    case DeliveryMode::fixed:
    case DeliveryMode::lowest_priority:
        return takes_vectors() && accept_vector(message.vector, message.level_triggered);
    case DeliveryMode::nmi:
        if (cpu_) cpu_->nmi();
        return true;
    case DeliveryMode::init:
        reset_registers(true);
        if (cpu_) cpu_->init();
        return true;
    case DeliveryMode::start_up:
        if (cpu_) cpu_->start_up(message.vector);
        return true;
    case DeliveryMode::external:
        s_.external = true;
        update();
        return true;
    default:
        log::guest_error(name(), "a message of mode {} has no effect", static_cast<u32>(message.mode));
        return false;
    }
}

bool LocalApic::accept_vector(u32 vector, bool level) {
    if (vector < lowest_vector) {
        raise_error(error::receive_illegal_vector);
        return false;
    }
    trace_interrupt("{} accepts {:#04x}", name(), vector);
    put(s_.requests, vector, true);
    put(s_.trigger_mode, vector, level);
    update();
    return true;
}

// ---- the local vectors (SDM 3A 11.5.1) ----

bool LocalApic::pin_active(u32 pin) const {
    return ((s_.pins >> pin & 1) != 0) != ((s_.local[index_of[pin]] & lvt::active_low) != 0);
}

void LocalApic::set_irq(u32 pin, bool level) {
    if (pin >= pins) return;
    const u32 index = index_of[pin];
    const bool was_active = pin_active(pin);
    const bool was_high = (s_.pins >> pin & 1) != 0;
    s_.pins = static_cast<u8>((s_.pins & ~(1u << pin)) | u32{level} << pin);
    if (!is_on()) {
        if (pin == lint1 && level && !was_high && cpu_) cpu_->nmi(); // it is the CPU's NMI then
    } else if (s_.local[index] & lvt::level) {
        service_level(pin);
    } else if (pin_active(pin) && !was_active) {
        deliver_local(index);
    }
    update();
}

bool LocalApic::deliver_local(u32 index) {
    const u32 entry = s_.local[index];
    if (entry & lvt::masked) return false;
    const DeliveryMode mode = mode_of(entry);
    switch (mode) {
    case DeliveryMode::fixed:
        return accept_vector(entry & lvt::vector, (entry & lvt::level) != 0);
    case DeliveryMode::external: // the pin's level is the request
        return true;
    default:
        return accept({.mode = mode, .vector = static_cast<u8>(entry)});
    }
}

// A level at LINT0 or LINT1 asks once, and again when it is still there at the end of the interrupt.
void LocalApic::service_level(u32 pin) {
    u32& entry = s_.local[index_of[pin]];
    const u32 in_the_way = lvt::masked | lvt::remote_irr;
    if (!(entry & lvt::level) || mode_of(entry) != DeliveryMode::fixed || (entry & in_the_way)) return;
    if (pin_active(pin) && deliver_local(index_of[pin])) entry |= lvt::remote_irr;
}

void LocalApic::timer_expired() {
    deliver_local(local::timer);
    schedule_timer();
}

// A tick while the one before still waits to be taken would be merged with it: it needs no event.
void LocalApic::schedule_timer() {
    const u32 entry = s_.local[local::timer];
    const u32 vector = entry & lvt::vector;
    const bool waits = vector < lowest_vector || contains(s_.requests, vector);
    const bool periodic = (entry >> lvt::timer_mode_shift & 3) == u32{1};
    const bool here = lent_ != Lent::registers_and_timer;
    timer_.schedule(here && !(entry & lvt::masked) && !(periodic && waits));
}

// SDM 3A 11.5.3. Only what is new interrupts.
void LocalApic::raise_error(u32 error) {
    if (s_.new_errors & error) return;
    s_.new_errors |= error;
    deliver_local(local::error);
}

// ---- what goes out (SDM 3A 11.6.1) ----

void LocalApic::send_command(u32 command, u32 destination) {
    const u32 shorthand = command >> icr::shorthand_shift & 3;
    InterruptMessage message{.destination = shorthand == icr::to_destination ? destination : InterruptMessage::everyone,
                             .logical = (command & icr::logical) != 0,
                             .mode = mode_of(command),
                             .vector = static_cast<u8>(command)};
    const bool with_vector = message.mode <= DeliveryMode::lowest_priority;
    // INIT level de-assert only concerned arbitration identities (SDM 3A 11.6.1, delivery mode).
    if (message.mode == DeliveryMode::init && (command & icr::level) && !(command & icr::assert_level)) return;
    if (with_vector && message.vector < lowest_vector) {
        raise_error(error::send_illegal_vector);
        return;
    }
    if ((shorthand == icr::to_self || shorthand == icr::to_all) && !with_vector) {
        log::guest_error(name(), "mode {} can't be sent to the sender itself", static_cast<u32>(message.mode));
        return;
    }
    if (shorthand == icr::to_self)
        send_self(message.vector);
    else
        bus_.send(message, shorthand == icr::to_others ? this : nullptr);
}

void LocalApic::send_self(u32 vector) {
    if (vector < lowest_vector)
        raise_error(error::send_illegal_vector);
    else if (takes_vectors())
        accept_vector(vector, false);
}

} // namespace orrery
