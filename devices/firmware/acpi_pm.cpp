#include "devices/firmware/acpi_pm.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"acpi.register"};

// ACPI 4.8.3.1.1 and 4.8.3.1.2
namespace pm1 {
enum : u16 {
    timer = 1u << 0,
    global = 1u << 5,
    power_button = 1u << 8,
    sleep_button = 1u << 9,
    clock_alarm = 1u << 10,
    wake = 1u << 15,
    sources = timer | global | power_button | sleep_button | clock_alarm,
    statuses = sources | wake | 1u << 4,
};
}

// ACPI 4.8.3.2.1
namespace control {
enum : u16 { sci_enable = 1u << 0, sleep_type = 7u << 10, sleep_enable = 1u << 13, writable = 0x1c07 };
inline constexpr u32 sleep_type_shift = 10;
} // namespace control

// ICH9, SMI_EN; general purpose inputs on the PIIX4. Firmware that sees the bit takes system management mode for set up
// already, and leaves alone what isn't there.
constexpr u64 smi_enable = 0x30;
constexpr u32 smi_taken = 1 << 5; // APMC_EN

// The 24-bit timer's status is set whenever its highest bit changes (ACPI 4.8.2.1).
constexpr u64 carry_period_ticks = u64{1} << 23;
constexpr u32 timer_mask = 0xff'ffff;

constexpr u16 with_byte(u16 whole, u64 place, u8 value) {
    const u32 shift = static_cast<u32>(place % 2) * 8;
    return static_cast<u16>((whole & ~(0xffu << shift)) | u32{value} << shift);
}

} // namespace

AcpiPm::AcpiPm(std::string name, Configuration configuration, Clock& clock, IrqLine sci, PowerControl& power)
    : Component(std::move(name)), configuration_(configuration), sci_(sci), power_(power),
      carry_(clock, this->name() + ".carry", [this] { update(); }) {}

void AcpiPm::reset() {
    const u16 pins = s_.event_pins;
    s_ = {};
    s_.event_pins = pins;
    s_.seen_ticks = now_ticks();
    carry_.cancel();
    sci_.set(false);
}

void AcpiPm::restored() {
    s_.control = (s_.control & control::writable) | control::sci_enable;
    // Only an enabled timer that hasn't carried yet needs its event; update() at that time finds out about the rest.
    carry_.cancel();
    if ((s_.enable & pm1::timer) && !(s_.status & pm1::timer))
        carry_.arm_at(timer_signal_.ns_at((s_.seen_ticks / carry_period_ticks + 1) * carry_period_ticks));
}

void AcpiPm::press_power_button() {
    s_.status |= pm1::power_button;
    update();
}

void AcpiPm::set_irq(u32 pin, bool level) {
    if (pin >= general_purpose_events) return;
    const u16 bit = static_cast<u16>(1u << pin);
    if (level && !(s_.event_pins & bit)) s_.event_status |= bit;
    s_.event_pins = static_cast<u16>(level ? s_.event_pins | bit : s_.event_pins & ~bit);
    update();
}

// ---- events ----

void AcpiPm::catch_up() {
    const u64 now = now_ticks();
    if (now / carry_period_ticks != s_.seen_ticks / carry_period_ticks) s_.status |= pm1::timer;
    s_.seen_ticks = now;
}

void AcpiPm::update() {
    catch_up();
    sci_.set((s_.status & s_.enable & pm1::sources) || (s_.event_status & s_.event_enable));
    if ((s_.enable & pm1::timer) && !(s_.status & pm1::timer))
        carry_.arm_at(timer_signal_.ns_at((s_.seen_ticks / carry_period_ticks + 1) * carry_period_ticks));
    else
        carry_.cancel();
}

// ---- registers: 16 bits each but for the timer, accessible by bytes (82371AB 7.2) ----

u32 AcpiPm::read_register(u64 offset) const {
    switch (offset) {
    case pm1_event:
        return s_.status | u32{s_.enable} << 16;
    case pm1_control:
        return s_.control;
    case pm_timer:
        return static_cast<u32>(s_.seen_ticks & timer_mask);
    case gpe0:
        return s_.event_status | u32{s_.event_enable} << 16;
    case smi_enable:
        return smi_taken;
    default:
        return 0;
    }
}

u64 AcpiPm::read(u64 offset, Width width) {
    catch_up();
    const u64 in_register = offset % 4;
    const u64 value = read_register(offset - in_register) >> (in_register * 8) & mask(width);
    trace_register("{} read  {:#x} = {:#x}", name(), offset, value);
    return value;
}

void AcpiPm::write(u64 offset, u64 value, Width width) {
    trace_register("{} write {:#x} = {:#x}", name(), offset, value);
    catch_up();
    for (u64 i = 0; i < bytes(width); ++i) write_byte(offset + i, static_cast<u8>(value >> (i * 8)));
    update();
}

// Statuses are cleared by writing ones (ACPI 4.8.1).
void AcpiPm::write_byte(u64 offset, u8 value) {
    const u16 ones = with_byte(0, offset, value);
    switch (offset & ~u64{1}) {
    case pm1_event:
        s_.status &= static_cast<u16>(~(ones & pm1::statuses));
        break;
    case pm1_event + 2:
        s_.enable = with_byte(s_.enable, offset, value) & pm1::sources;
        break;
    case pm1_control:
        write_control(with_byte(s_.control, offset, value));
        break;
    case gpe0:
        s_.event_status &= static_cast<u16>(~ones);
        break;
    case gpe0 + 2:
        s_.event_enable = with_byte(s_.event_enable, offset, value);
        break;
    default:
        break;
    }
}

// SLP_EN reads 0 and acts at once (ACPI 4.8.3.2.1). A state that isn't there ends as it began, with a wake-up.
void AcpiPm::write_control(u16 value) {
    s_.control = (value & control::writable) | control::sci_enable;
    if (!(value & control::sleep_enable)) return;
    const u32 type = (value & control::sleep_type) >> control::sleep_type_shift;
    if (type == configuration_.soft_off_type) {
        power_.power_off(0);
        return;
    }
    log::guest_error(name(), "there is no sleep state of type {}", type);
    s_.status |= pm1::wake;
}

} // namespace orrery
