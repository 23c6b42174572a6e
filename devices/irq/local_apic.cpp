// The register file of the local APIC and its MSRs; local_apic_interrupts.cpp is what they are about.
#include "devices/irq/local_apic.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {

using namespace local_apic;

namespace {

log::TracePoint trace_register{"apic.register"};

// An integrated APIC with six local vectors that can leave out the EOI broadcast (SDM 3A 11.4.8).
constexpr u32 version_value = 0x14 | (local::count - 1) << 16 | 1u << 24;

// Which local vector a register is.
std::optional<u32> local_index(u32 number) {
    const u32 index = number - number::local_vectors;
    return index < local::count ? std::optional(index) : std::nullopt;
}

} // namespace

LocalApic::LocalApic(std::string name, const Configuration& configuration, const Wiring& wiring)
    : Component(std::move(name)), configuration_(configuration), lock_(wiring.lock), bus_(wiring.bus),
      pic_(wiring.external),
      timer_(wiring.clock, configuration.timer_hz, configuration.tsc_hz, [this] { timer_expired(); }) {
    bus_.add(*this);
    reset();
}

void LocalApic::reset() {
    s_.base = default_base.value | base::enabled | (configuration_.bootstrap ? u64{base::bootstrap} : 0);
    reset_registers(false);
}

// After reset and after INIT: software-disabled, every local vector masked (SDM 3A 11.4.7.1, 11.4.7.3). The pins are
// others' state.
void LocalApic::reset_registers(bool keep_tsc) {
    const u64 base = s_.base;
    const u8 levels = s_.pins;
    s_ = {};
    s_.base = base;
    s_.pins = levels;
    s_.local.fill(lvt::masked);
    timer_.reset(keep_tsc);
    update();
}

void LocalApic::state(StateVisitor& visitor) {
    visit_fields(visitor, s_);
    visit(visitor, "timer", timer_.state());
}

void LocalApic::restored() {
    s_.spurious &= svr::writable;
    for (u32 i = 0; i < local::count; ++i) s_.local[i] &= lvt::writable[i] | lvt::remote_irr;
    s_.requests[0] &= ~u32{0xffff};
    s_.in_service[0] &= ~u32{0xffff};
    if (!(s_.base & base::enabled)) s_.base &= ~u64{base::x2apic};
    timer_.restored();
    publish();
    deliverable_.store(external_waits() || vector_waits(), std::memory_order_release);
}

// ---- the page ----

std::optional<GuestPhysical> LocalApic::register_page() const {
    const u64 base = seen_base_.load(std::memory_order_relaxed);
    if ((base & (base::enabled | base::x2apic)) != base::enabled) return std::nullopt;
    return GuestPhysical{base & base::address};
}

bool LocalApic::enabled() const { return (seen_base_.load(std::memory_order_relaxed) & base::enabled) != 0; }

u64 LocalApic::read_register(u64 offset, Width width) {
    const MachineEntry entry(lock_);
    return read(offset, width);
}

void LocalApic::write_register(u64 offset, u64 value, Width width) {
    const MachineEntry entry(lock_);
    write(offset, value, width);
}

// A register is the first four of sixteen bytes (SDM 3A 11.4.1).
u64 LocalApic::read(u64 offset, Width width) {
    const u32 number = static_cast<u32>(offset >> 4);
    const u64 in_register = offset & 0xf;
    if (!has_page() || in_register + bytes(width) > 4) return 0;
    const auto value = read_numbered(number);
    trace_register("{} read  {:#04x} = {:#x}", name(), number, value.value_or(0));
    if (!value) raise_error(error::illegal_register);
    return value.value_or(0) >> (in_register * 8) & mask(width);
}

void LocalApic::write(u64 offset, u64 value, Width) {
    const u32 number = static_cast<u32>(offset >> 4);
    if (!has_page() || (offset & 0xf) != 0) return;
    trace_register("{} write {:#04x} = {:#x}", name(), number, value);
    if (!write_xapic(number, static_cast<u32>(value))) raise_error(error::illegal_register);
}

// ---- MSRs ----

std::optional<u64> LocalApic::read_msr(u32 index) {
    const MachineEntry entry(lock_);
    if (index == msr::apic_base) return s_.base;
    if (index == msr::tsc_deadline) return timer_.deadline();
    if (index < msr::x2apic_first || index > msr::x2apic_last || !x2apic()) return std::nullopt;
    const auto value = read_numbered(index - msr::x2apic_first);
    trace_register("{} read  {:#04x} = {:#x}", name(), index - msr::x2apic_first, value.value_or(0));
    return value;
}

bool LocalApic::write_msr(u32 index, u64 value) {
    const MachineEntry entry(lock_);
    if (index == msr::apic_base) return write_base(value);
    if (index == msr::tsc_deadline) {
        timer_.settle();
        timer_.set_deadline(value);
        schedule_timer();
        return true;
    }
    if (index < msr::x2apic_first || index > msr::x2apic_last || !x2apic()) return false;
    trace_register("{} write {:#04x} = {:#x}", name(), index - msr::x2apic_first, value);
    return write_x2apic(index - msr::x2apic_first, value);
}

// Modes change one step at a time, and from x2APIC there is no way but off (SDM 3A 11.12.5).
bool LocalApic::write_base(u64 value) {
    const u64 in_range = (u64{1} << configuration_.physical_address_bits) - 1;
    const u64 allowed = (base::address & in_range) | base::bootstrap | base::enabled | base::x2apic;
    const bool on = (value & base::enabled) != 0;
    const bool extended = (value & base::x2apic) != 0;
    if ((value & ~allowed) || (extended && !on)) return false;
    if (on && extended && !is_on()) return false;
    if (on && !extended && x2apic()) return false;
    const bool begins_x2apic = extended && !x2apic();
    s_.base = value;
    if (!on) reset_registers(true); // SDM 3A 11.4.3: as after power-up
    if (begins_x2apic) s_.command &= 0xffff'ffff;
    update();
    bus_.targets_changed();
    return true;
}

void LocalApic::set_tsc_offset(u64 offset) {
    const MachineEntry entry(lock_);
    timer_.settle();
    timer_.set_tsc_offset(offset);
    schedule_timer();
}

u8 LocalApic::task_priority() const {
    return static_cast<u8>(seen_task_priority_.load(std::memory_order_relaxed) >> 4);
}

void LocalApic::set_task_priority(u8 priority) {
    const MachineEntry entry(lock_);
    s_.task_priority = static_cast<u8>(priority << 4);
    update();
}

// ---- reading ----

// The identity in groups of sixteen (SDM 3A 11.12.10.2).
u32 LocalApic::x2apic_logical_destination() const {
    return (configuration_.id >> 4) << 16 | 1u << (configuration_.id & 0xf);
}

std::optional<u64> LocalApic::read_numbered(u32 number) const {
    if (number >= number::in_service && number < number::error_status) {
        const u32 word = number & 7;
        if (number >= number::requests) return s_.requests[word];
        return number >= number::trigger_mode ? s_.trigger_mode[word] : s_.in_service[word];
    }
    if (const auto index = local_index(number)) return s_.local[*index];
    switch (number) {
    case number::id:
        return x2apic() ? identity() : identity() << 24;
    case number::version:
        return version_value;
    case number::task_priority:
        return s_.task_priority;
    case number::processor_priority:
        return processor_priority();
    case number::logical_destination:
        return x2apic() ? x2apic_logical_destination() : u32{s_.logical_destination} << 24;
    case number::spurious:
        return s_.spurious;
    case number::error_status:
        return s_.error_status;
    case number::command:
        return x2apic() ? s_.command : s_.command & 0xffff'ffff;
    case number::initial_count:
        return timer_.initial_count();
    case number::current_count:
        return timer_.current_count();
    case number::divide:
        return timer_.divide();
    default:
        break;
    }
    if (x2apic()) return std::nullopt;
    switch (number) { // SDM 3A table 11-6: not in x2APIC mode
    case number::arbitration_priority:
        return arbitration_priority();
    case number::end_of_interrupt:
    case number::remote_read:
        return 0;
    case number::destination_format:
        return s_.destination_format;
    case number::command_high:
        return s_.command >> 32;
    default:
        return std::nullopt;
    }
}

// ---- writing ----

bool LocalApic::write_xapic(u32 number, u32 value) {
    switch (number) {
    case number::logical_destination:
        s_.logical_destination = static_cast<u8>(value >> 24);
        bus_.targets_changed();
        return true;
    case number::destination_format:
        s_.destination_format = value | 0x0fff'ffff;
        bus_.targets_changed();
        return true;
    case number::command:
        s_.command = (s_.command & ~u64{0xffff'ffff}) | (value & icr::writable);
        send_command(value, InterruptMessage::wide(static_cast<u8>(s_.command >> 56)));
        return true;
    case number::command_high:
        s_.command = (s_.command & 0xffff'ffff) | u64{value & 0xff00'0000} << 32;
        return true;
    case number::self_ipi:
        return false;
    default:
        return write_common(number, value) || read_numbered(number).has_value(); // the others can only be read
    }
}

// SDM 3A table 11-6: reserved bits, and registers that can't be written, are #GP.
bool LocalApic::x2apic_allows(u32 number, u64 value) {
    if (const auto index = local_index(number))
        return !(value & ~u64{lvt::writable[*index] | lvt::remote_irr | lvt::delivery_pending});
    switch (number) {
    case number::task_priority:
    case number::self_ipi:
        return value <= 0xff;
    case number::spurious:
        return !(value & ~u64{svr::writable});
    case number::command:
        return !(value & 0xffff'ffff & ~u64{icr::writable | icr::delivery_pending});
    case number::initial_count:
        return value <= 0xffff'ffff;
    case number::divide:
        return !(value & ~u64{0x0b});
    case number::end_of_interrupt:
    case number::error_status:
        return value == 0;
    default:
        return false;
    }
}

bool LocalApic::write_x2apic(u32 number, u64 value) {
    if (!x2apic_allows(number, value)) return false;
    if (number == number::command) {
        s_.command = value & (~u64{0xffff'ffff} | icr::writable);
        send_command(static_cast<u32>(value), static_cast<u32>(value >> 32));
        return true;
    }
    if (number == number::self_ipi) {
        send_self(static_cast<u32>(value));
        return true;
    }
    return write_common(number, static_cast<u32>(value));
}

// What both modes write alike; false if it isn't one of these.
bool LocalApic::write_common(u32 number, u32 value) {
    if (const auto index = local_index(number)) {
        write_local(*index, value);
        return true;
    }
    switch (number) {
    case number::task_priority:
        s_.task_priority = static_cast<u8>(value);
        update();
        return true;
    case number::end_of_interrupt:
        end_of_interrupt();
        return true;
    case number::spurious:
        write_spurious(value);
        return true;
    case number::error_status: // a write shows what has come together since the last (SDM 3A 11.5.3)
        s_.error_status = s_.new_errors;
        s_.new_errors = 0;
        return true;
    case number::initial_count:
        timer_.settle();
        timer_.set_initial_count(value);
        schedule_timer();
        return true;
    case number::divide:
        timer_.settle();
        timer_.set_divide(static_cast<u8>(value));
        schedule_timer();
        return true;
    default:
        return false;
    }
}

// While software-disabled, every local vector stays masked (SDM 3A 11.4.7.2).
void LocalApic::write_spurious(u32 value) {
    s_.spurious = value & svr::writable;
    if (!(s_.spurious & svr::enabled))
        for (u32 i = 0; i < local::count; ++i) write_local(i, s_.local[i] | lvt::masked);
    update();
    bus_.targets_changed();
}

void LocalApic::write_local(u32 index, u32 value) {
    if (!(s_.spurious & svr::enabled)) value |= lvt::masked;
    value &= lvt::writable[index];
    if (index == local::timer) {
        write_timer_local(value);
        return;
    }
    const u32 remote_irr = (value & lvt::level) ? s_.local[index] & lvt::remote_irr : 0;
    s_.local[index] = value | remote_irr;
    if (index == local::lint0) service_level(lint0);
    if (index == local::lint1) service_level(lint1);
    update();
}

void LocalApic::write_timer_local(u32 value) {
    timer_.settle();
    s_.local[local::timer] = value;
    timer_.set_mode(static_cast<LocalApicTimer::Mode>(value >> lvt::timer_mode_shift & 3));
    schedule_timer();
}

} // namespace orrery
