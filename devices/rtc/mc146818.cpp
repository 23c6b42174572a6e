#include "devices/rtc/mc146818.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"rtc.register"};

constexpr Frequency time_base(32'768);
constexpr u64 ticks_per_second = 32'768;
constexpr u64 seconds_per_day = 86'400;
// The update cycle, and the warning before it (146818, table 6: 1984 + 244 microseconds).
constexpr u64 update_ticks = 65 + 8;

enum Index : u8 {
    seconds = 0x00,
    seconds_alarm = 0x01,
    minutes = 0x02,
    minutes_alarm = 0x03,
    hours = 0x04,
    hours_alarm = 0x05,
    day_of_week = 0x06,
    day_of_month = 0x07,
    month = 0x08,
    year = 0x09,
    register_a = 0x0a,
    register_b = 0x0b,
    register_c = 0x0c,
    register_d = 0x0d,
    century = 0x32,
};

namespace a {
enum : u8 { update_in_progress = 0x80, divider_reset = 0x60, rate = 0x0f, at_power_on = 0x26 };
}

// Register C has its flags where register B has their enables.
namespace b {
enum : u8 {
    set = 0x80,
    periodic = 0x40,
    alarm = 0x20,
    update_ended = 0x10,
    square_wave = 0x08,
    binary = 0x04,
    hours_24 = 0x02,
    interrupts = periodic | alarm | update_ended,
};
}

constexpr u8 irq_flag = 0x80;       // of register C
constexpr u8 valid_ram_time = 0x80; // of register D
constexpr u8 afternoon = 0x80;      // of the hours, in 12-hour format
constexpr u8 any_value = 0xc0;      // of an alarm byte: don't care
constexpr u8 nmi_mask = 0x80;       // of port 70h

} // namespace

Mc146818::Mc146818(std::string name, Configuration configuration, Clock& clock, Lines lines)
    : Component(std::move(name)), configuration_(configuration), lines_(lines), event_(clock, this->name() + ".event", [this] {
          s_.event_ns = never_ns;
          catch_up();
          schedule();
      }) {
    s_.memory[register_a] = a::at_power_on;
    s_.memory[register_b] = b::hours_24;
    s_.memory[register_d] = valid_ram_time;
    set_time(configuration_.power_on_seconds % seconds_per_day);
    s_.memory[day_of_week] = 5; // 1970-01-01 was a Thursday
    const i64 day = static_cast<i64>(configuration_.power_on_seconds / seconds_per_day);
    set_day(day, day);
}

// 146818, RESET: the interrupts are off, all else is kept.
void Mc146818::reset() {
    catch_up();
    s_.memory[register_b] &= static_cast<u8>(~(b::interrupts | b::square_wave));
    s_.memory[register_c] = 0;
    s_.index = nmi_mask;
    s_.extended_index = 0;
    schedule();
    lines_.irq.set(false);
    lines_.nmi_masked.set(true);
}

void Mc146818::restored() {
    s_.extended_index &= 0x7f;
    if (s_.event_ns == never_ns)
        event_.cancel();
    else
        event_.arm_at(s_.event_ns);
}

void Mc146818::set_memory(u8 index, u8 value) { s_.memory[index] = value; }

// ---- time ----

u64 Mc146818::now_ticks() const { return time_base.ticks(event_.clock().now_ns()); }

bool Mc146818::divider_runs() const {
    return (s_.memory[register_a] & a::divider_reset) != a::divider_reset; // DV2 and DV1 (146818, table 4)
}

bool Mc146818::updates() const { return divider_runs() && !(s_.memory[register_b] & b::set); }

// 146818, table 5, for the 32.768 kHz time base; 0: no periodic interrupt.
u64 Mc146818::period_ticks() const {
    const u8 rate = s_.memory[register_a] & a::rate;
    if (rate == 0) return 0;
    return u64{1} << (rate <= 2 ? rate + 6 : rate - 1);
}

bool Mc146818::update_in_progress() const {
    if (!updates()) return false;
    return (now_ticks() - s_.origin_ticks) % ticks_per_second >= ticks_per_second - update_ticks;
}

// Takes note of what has happened since it was last looked.
void Mc146818::catch_up() {
    const u64 now = now_ticks();
    if (divider_runs()) {
        const u64 before = s_.seen_ticks - s_.origin_ticks;
        const u64 after = now - s_.origin_ticks;
        const u64 period = period_ticks();
        if (period != 0 && after / period > before / period) s_.memory[register_c] |= b::periodic;
        const u64 seconds_passed = after / ticks_per_second - std::min(after, before) / ticks_per_second;
        if (seconds_passed != 0 && updates()) pass_updates(seconds_passed);
    }
    s_.seen_ticks = now;
    update_irq();
}

void Mc146818::pass_updates(u64 count) {
    s_.memory[register_c] |= b::update_ended;
    if (updates_until_alarm() <= count) s_.memory[register_c] |= b::alarm;
    const Date before = date();
    const u64 second = before.second_of_day + count % seconds_per_day;
    const i64 days = static_cast<i64>(count / seconds_per_day + second / seconds_per_day);
    set_time(second % seconds_per_day);
    if (days != 0) set_day(before.day + days, days);
}

// How many updates from now the time first equals the alarm bytes; never_ns if it never does. It skips what can't
// match.
u64 Mc146818::updates_until_alarm() const {
    const auto hour_matches = [&](u64 hour) { return alarm_matches(hours_alarm, encode_hour(hour)); };
    const auto minute_matches = [&](u64 minute) { return alarm_matches(minutes_alarm, encode(minute)); };
    const auto second_matches = [&](u64 second) { return alarm_matches(seconds_alarm, encode(second)); };
    const auto sixty = std::views::iota(u64{0}, u64{60});
    if (std::ranges::none_of(sixty, second_matches) || std::ranges::none_of(sixty, minute_matches)) return never_ns;
    const u64 now = date().second_of_day;
    for (u64 ahead = 1; ahead <= seconds_per_day;) {
        const u64 second = (now + ahead) % seconds_per_day;
        if (!hour_matches(second / 3600))
            ahead += 3600 - second % 3600;
        else if (!minute_matches(second / 60 % 60))
            ahead += 60 - second % 60;
        else if (!second_matches(second % 60))
            ++ahead;
        else
            return ahead;
    }
    return never_ns;
}

bool Mc146818::alarm_matches(u8 index, u8 value) const {
    return s_.memory[index] >= any_value || s_.memory[index] == value;
}

// The next instant at which an enabled interrupt can be raised. One that waits to be read needs none.
void Mc146818::schedule() {
    const u8 wanted = s_.memory[register_b] & b::interrupts & static_cast<u8>(~s_.memory[register_c]);
    const u64 since = now_ticks() - s_.origin_ticks;
    u64 wait = never_ns;
    const auto at_boundary = [&](u64 unit, u64 count) {
        if (count != never_ns) wait = std::min(wait, count * unit - since % unit);
    };
    if (divider_runs() && (wanted & b::periodic) && period_ticks() != 0) at_boundary(period_ticks(), 1);
    if (updates() && (wanted & b::update_ended)) at_boundary(ticks_per_second, 1);
    if (updates() && (wanted & b::alarm)) at_boundary(ticks_per_second, updates_until_alarm());
    const u64 event = wait == never_ns ? never_ns : time_base.ns_after(now_ticks(), wait);
    s_.event_ns = event;
    if (event == never_ns)
        event_.cancel();
    else
        event_.arm_at(event);
}

void Mc146818::update_irq() {
    u8& flags = s_.memory[register_c];
    if (flags & s_.memory[register_b] & b::interrupts)
        flags |= irq_flag;
    else
        flags &= static_cast<u8>(~irq_flag);
    lines_.irq.set((flags & irq_flag) != 0);
}

// ---- formats (146818, table 3) ----

u8 Mc146818::encode(u64 number) const {
    if (s_.memory[register_b] & b::binary) return static_cast<u8>(number);
    return static_cast<u8>(number / 10 % 10 << 4 | number % 10);
}

u64 Mc146818::decode(u8 value) const {
    if (s_.memory[register_b] & b::binary) return value;
    return u64{value} / 16 * 10 + value % 16;
}

u8 Mc146818::encode_hour(u64 hour) const {
    if (s_.memory[register_b] & b::hours_24) return encode(hour);
    const u8 half = encode(hour % 12 == 0 ? 12 : hour % 12);
    return hour >= 12 ? half | afternoon : half;
}

u64 Mc146818::decode_hour(u8 value) const {
    if (s_.memory[register_b] & b::hours_24) return decode(value) % 24;
    const u64 half = decode(value & static_cast<u8>(~afternoon)) % 12;
    return (value & afternoon) ? half + 12 : half;
}

// Nonsense that the guest has stored is brought into range.
Mc146818::Date Mc146818::date() const {
    Date date;
    date.second_of_day =
        decode_hour(s_.memory[hours]) * 3600 + decode(s_.memory[minutes]) % 60 * 60 + decode(s_.memory[seconds]) % 60;
    const u64 full_year = decode(s_.memory[century]) % 100 * 100 + decode(s_.memory[year]) % 100;
    const std::chrono::year_month_day first{
        std::chrono::year(static_cast<int>(full_year)),
        std::chrono::month(static_cast<u32>((decode(s_.memory[month]) + 11) % 12 + 1)), std::chrono::day(1)};
    date.day = std::chrono::sys_days(first).time_since_epoch().count() +
               static_cast<i64>((decode(s_.memory[day_of_month]) + 30) % 31);
    return date;
}

void Mc146818::set_time(u64 second_of_day) {
    s_.memory[hours] = encode_hour(second_of_day / 3600);
    s_.memory[minutes] = encode(second_of_day / 60 % 60);
    s_.memory[seconds] = encode(second_of_day % 60);
}

// The day of the week is a counter of its own, which the guest may have set to anything.
void Mc146818::set_day(i64 day, i64 days_passed) {
    constexpr i64 days_in_cycle = 3'652'425; // 10 000 years: two digits of century, two of the year
    const std::chrono::sys_days point{std::chrono::days(static_cast<int>(day % days_in_cycle))};
    const std::chrono::year_month_day date(point);
    const u64 full_year = static_cast<u64>((static_cast<int>(date.year()) + 10'000) % 10'000);
    s_.memory[day_of_month] = encode(static_cast<u32>(date.day()));
    s_.memory[month] = encode(static_cast<u32>(date.month()));
    s_.memory[year] = encode(full_year % 100);
    s_.memory[century] = encode(full_year / 100);
    const u64 weekday = (s_.memory[day_of_week] & 7u) + 6 + static_cast<u64>(days_passed % 7);
    s_.memory[day_of_week] = static_cast<u8>(weekday % 7 + 1);
}

// ---- registers ----

u64 Mc146818::read(u64 offset, Width) {
    switch (offset) {
    case 1:
        return read_register(s_.index & 0x7f);
    case 2:
        return s_.extended_index;
    case 3:
        return s_.memory[0x80 + (s_.extended_index & 0x7f)];
    default:
        return 0xff; // the index can only be written
    }
}

void Mc146818::write(u64 offset, u64 wide_value, Width) {
    const u8 value = static_cast<u8>(wide_value);
    switch (offset) {
    case 0:
        s_.index = value;
        lines_.nmi_masked.set((value & nmi_mask) != 0);
        break;
    case 1:
        write_register(s_.index & 0x7f, value);
        break;
    case 2:
        s_.extended_index = value & 0x7f;
        break;
    case 3:
        s_.memory[0x80 + (s_.extended_index & 0x7f)] = value;
        break;
    default:
        break;
    }
}

u8 Mc146818::read_register(u8 index) {
    catch_up();
    u8 value = s_.memory[index];
    if (index == register_a && update_in_progress()) value |= a::update_in_progress;
    if (index == register_c) value = read_flags();
    trace_register("{} read  {:#04x} = {:#04x}", name(), index, value);
    return value;
}

// Reading register C clears it (146818, register C).
u8 Mc146818::read_flags() {
    const u8 value = s_.memory[register_c];
    s_.memory[register_c] = 0;
    update_irq();
    schedule();
    return value;
}

void Mc146818::write_register(u8 index, u8 value) {
    trace_register("{} write {:#04x} = {:#04x}", name(), index, value);
    catch_up();
    if (index == register_a)
        write_divider(value);
    else if (index == register_b)
        write_control(value);
    else if (index != register_c && index != register_d) // those two can only be read
        s_.memory[index] = value;
    update_irq();
    if (index <= register_b) schedule();
}

void Mc146818::write_divider(u8 value) {
    const bool ran = divider_runs();
    s_.memory[register_a] = value & static_cast<u8>(~a::update_in_progress);
    // The first update comes half a second after the divider chain is released (146818, DV2 to DV0).
    if (!ran && divider_runs()) s_.origin_ticks = now_ticks() - ticks_per_second / 2;
}

void Mc146818::write_control(u8 value) {
    if (value & b::set) value &= static_cast<u8>(~b::update_ended); // 146818, register B, UIE
    s_.memory[register_b] = value;
}

} // namespace orrery
