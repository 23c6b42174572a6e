// How a local APIC's registers are lent and come back: machine/fabric/lent_interrupts.hpp.
#include "devices/irq/local_apic.hpp"

namespace orrery {

using namespace local_apic;

LocalApicRegisters LocalApic::lend(LocalApicKeeper& keeper, bool timer) {
    const LocalApicTimer::Position position = timer_.position(); // which may leave a request
    LocalApicRegisters page;
    for (u32 number = 0; number < LocalApicRegisters::words / 4; ++number)
        page[number] = static_cast<u32>(read_numbered(number).value_or(0));
    page[number::id] = configuration_.id << 24;
    page[number::destination_format] = s_.destination_format;
    page[number::command] = static_cast<u32>(s_.command);
    page[number::command_high] = static_cast<u32>(s_.command >> 32);
    page[number::initial_count] = timer ? position.initial : 0;
    page[number::current_count] = timer ? position.count : 0;
    page.base = s_.base;
    page.tsc_deadline = timer ? position.deadline : 0;
    lent_ = timer ? Lent::registers_and_timer : Lent::registers;
    s_.requests = {};
    s_.trigger_mode = {};
    if (timer) schedule_timer();
    update();
    bus_.lent(keeper);
    return page;
}

void LocalApic::take_back(const LocalApicRegisters& page) {
    const auto from = [&page](u32 number) { return page[number]; };
    const u32 timer_before = s_.local[local::timer];
    timer_.settle();
    s_.base = page.base;
    s_.task_priority = static_cast<u8>(from(number::task_priority));
    if (!x2apic()) {
        s_.logical_destination = static_cast<u8>(from(number::logical_destination) >> 24);
        s_.destination_format = from(number::destination_format) | 0x0fff'ffff;
    }
    s_.spurious = from(number::spurious) & svr::writable;
    for (u32 word = 0; word < words; ++word) {
        const u32 meanwhile = s_.requests[word];
        s_.in_service[word] = from(number::in_service + word);
        s_.requests[word] = from(number::requests + word) | meanwhile;
        s_.trigger_mode[word] = (from(number::trigger_mode + word) & ~meanwhile) | (s_.trigger_mode[word] & meanwhile);
    }
    s_.requests[0] &= ~u32{0xffff};
    s_.in_service[0] &= ~u32{0xffff};
    s_.error_status = from(number::error_status);
    s_.command = (from(number::command) & icr::writable) | u64{from(number::command_high)} << 32;
    for (u32 i = 0; i < local::count; ++i)
        s_.local[i] = from(number::local_vectors + i) & (lvt::writable[i] | lvt::remote_irr);
    const auto mode = static_cast<LocalApicTimer::Mode>(s_.local[local::timer] >> lvt::timer_mode_shift & 3);
    const bool timer_lent = lent_ == Lent::registers_and_timer;
    if (timer_lent)
        timer_.go_on({.mode = mode,
                      .divide = static_cast<u8>(from(number::divide) & 0x0b),
                      .initial = from(number::initial_count),
                      .count = from(number::current_count),
                      .deadline = page.tsc_deadline});
    else
        timer_.set_mode(mode);
    lent_ = Lent::nothing;
    if (timer_lent || s_.local[local::timer] != timer_before) schedule_timer();
    update();
    bus_.returned();
}

void LocalApic::tell_end(u8 vector) { bus_.end_of_interrupt(vector); }

bool LocalApic::timer_counts() {
    const MachineEntry entry(lock_);
    return timer_.state().event_ns != never_ns;
}

} // namespace orrery
