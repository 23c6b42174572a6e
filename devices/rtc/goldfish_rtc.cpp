#include "devices/rtc/goldfish_rtc.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

namespace offset {
enum : u64 {
    time_low = 0x00,
    time_high = 0x04,
    alarm_low = 0x08,
    alarm_high = 0x0c,
    irq_enabled = 0x10,
    clear_alarm = 0x14,
    alarm_status = 0x18,
    clear_interrupt = 0x1c,
};
}

constexpr u64 with_low(u64 whole, u64 low) { return (whole & ~u64{0xffff'ffff}) | (low & 0xffff'ffff); }
constexpr u64 with_high(u64 whole, u64 high) { return (whole & 0xffff'ffff) | high << 32; }

} // namespace

GoldfishRtc::GoldfishRtc(std::string name, Configuration configuration, Clock& clock, IrqLine irq)
    : Component(std::move(name)), configuration_(configuration), irq_(irq),
      alarm_(clock, this->name() + ".alarm", [this] { alarm_expired(); }) {}

void GoldfishRtc::reset() {
    s_ = {};
    alarm_.cancel();
    irq_.set(false);
}

void GoldfishRtc::restored() {
    alarm_.cancel();
    if (s_.alarm_armed) schedule_alarm();
}

// As in Linux's driver, rtc-goldfish.c.
std::string GoldfishRtc::register_name(u64 offset, bool) const {
    constexpr std::array<RegisterName, 8> registers{{{offset::time_low, "TIME_LOW"},
                                                     {offset::time_high, "TIME_HIGH"},
                                                     {offset::alarm_low, "ALARM_LOW"},
                                                     {offset::alarm_high, "ALARM_HIGH"},
                                                     {offset::irq_enabled, "IRQ_ENABLED"},
                                                     {offset::clear_alarm, "CLEAR_ALARM"},
                                                     {offset::alarm_status, "ALARM_STATUS"},
                                                     {offset::clear_interrupt, "CLEAR_INTERRUPT"}}};
    return name_in(registers, offset);
}

u64 GoldfishRtc::read(u64 offset, Width) {
    switch (offset) {
    case offset::time_low: {
        const u64 now = date_ns();
        s_.time_high = static_cast<u32>(now >> 32); // so that both halves are of one instant
        return now & 0xffff'ffff;
    }
    case offset::time_high:
        return s_.time_high;
    case offset::alarm_low:
        return s_.alarm_ns & 0xffff'ffff;
    case offset::alarm_high:
        return s_.alarm_ns >> 32;
    case offset::irq_enabled:
        return s_.irq_enabled;
    case offset::alarm_status:
        return s_.alarm_armed;
    default:
        return 0;
    }
}

void GoldfishRtc::write(u64 offset, u64 value, Width) {
    switch (offset) {
    case offset::time_low:
        set_date(with_low(date_ns(), value));
        break;
    case offset::time_high:
        set_date(with_high(date_ns(), value));
        break;
    case offset::alarm_low: // arms; the high half has been written before
        s_.alarm_ns = with_low(s_.alarm_ns, value);
        s_.alarm_armed = true;
        schedule_alarm();
        break;
    case offset::alarm_high:
        s_.alarm_ns = with_high(s_.alarm_ns, value);
        break;
    case offset::irq_enabled:
        s_.irq_enabled = (value & 1) != 0;
        break;
    case offset::clear_alarm:
        s_.alarm_armed = false;
        alarm_.cancel();
        break;
    case offset::clear_interrupt:
        s_.irq_pending = false;
        break;
    default:
        log::guest_error(name(), "write to unknown register {:#x}", offset);
        return;
    }
    update_irq();
}

u64 GoldfishRtc::date_ns() const { return configuration_.power_on_ns + s_.adjustment_ns + alarm_.clock().now_ns(); }

void GoldfishRtc::set_date(u64 date) {
    s_.adjustment_ns += date - date_ns();
    if (s_.alarm_armed) schedule_alarm();
}

void GoldfishRtc::schedule_alarm() {
    const u64 now_ns = alarm_.clock().now_ns();
    const u64 date = date_ns();
    // A date in the past fires at once, one beyond the end of virtual time never.
    const u64 wait_ns = s_.alarm_ns > date ? s_.alarm_ns - date : 0;
    if (wait_ns < never_ns - now_ns)
        alarm_.arm_at(now_ns + wait_ns);
    else
        alarm_.cancel();
}

void GoldfishRtc::alarm_expired() {
    s_.alarm_armed = false;
    s_.irq_pending = true;
    update_irq();
}

} // namespace orrery
