#include "devices/timer/aclint.hpp"

#include <atomic>

namespace orrery {
namespace {

constexpr u64 msip_base = 0x0000;
constexpr u64 mtimecmp_base = 0x4000;
constexpr u64 mtime_register = 0xbff8;
constexpr u64 ns_per_second = 1'000'000'000;

} // namespace

Aclint::Aclint(std::string name, Configuration configuration, Clock& clock, std::vector<HartLines> harts)
    : Component(std::move(name)), configuration_(configuration), clock_(clock), lines_(std::move(harts)) {
    ORRERY_ASSERT(lines_.size() <= max_harts, "the ACLINT has fewer harts than the board wants");
    for (std::size_t i = 0; i < lines_.size(); ++i)
        timers_.push_back(std::make_unique<Timer>(clock_, fmt::format("{}.mtimecmp{}", this->name(), i),
                                                  [this, i] { update_timer(i); }));
}

void Aclint::reset() {
    s_ = {};
    set_mtime(0); // ACLINT 2.1
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        timers_[i]->cancel();
        lines_[i].software.set(false);
        lines_[i].timer.set(false);
    }
}

// The lines keep the level both ends have saved; a deadline that has passed meanwhile fires from the event loop.
void Aclint::restored() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        timers_[i]->cancel();
        const u64 deadline = deadline_ns(s_.hart[i].mtimecmp);
        if (deadline != never_ns) timers_[i]->arm_at(deadline);
    }
    tell_time_set();
}

std::string Aclint::register_name(u64 offset, bool) const {
    const std::array<RegisterName, 3> registers{{{0, "MSIP"}, {mtimecmp_base, "MTIMECMP"}, {mtime_register, "MTIME"}}};
    if (offset >= mtime_register) return name_in(registers, offset);
    if (offset >= mtimecmp_base)
        return fmt::format("MTIMECMP{}{}", (offset - mtimecmp_base) / 8, offset % 8 == 0 ? "" : "+0x4");
    return fmt::format("MSIP{}", offset / 4);
}

// ---- time ----

// Whole seconds apart from the rest: the same value as the 128-bit quotient, without its division.
u64 Aclint::ticks_since_power_on() const {
    const u64 ns = clock_.now_ns();
    const u64 frequency = configuration_.frequency_hz;
    return ns / ns_per_second * frequency + ns % ns_per_second * frequency / ns_per_second;
}

u64 Aclint::mtime() const {
    // vCPUs read the time without the machine lock, under which the guest may be setting it.
    auto& offset = const_cast<u64&>(s_.offset_ticks);
    return ticks_since_power_on() + std::atomic_ref(offset).load(std::memory_order_relaxed);
}

u64 Aclint::deadline_ns(u64 value) const {
    const u64 now_ns = clock_.now_ns();
    const u64 now_ticks = ticks_since_power_on();
    const u64 now = mtime();
    if (value <= now) return now_ns;
    const u128 ticks = u128{now_ticks} + (value - now);
    const u128 ns = (ticks * ns_per_second + configuration_.frequency_hz - 1) / configuration_.frequency_hz;
    return ns >= never_ns ? never_ns : static_cast<u64>(ns);
}

void Aclint::set_mtime(u64 value) {
    std::atomic_ref(s_.offset_ticks).store(value - ticks_since_power_on(), std::memory_order_relaxed);
    tell_time_set();
}

void Aclint::tell_time_set() const {
    if (time_set_) time_set_(s_.offset_ticks);
}

// MTIP is high exactly while mtime >= mtimecmp (ACLINT 2.1).
void Aclint::update_timer(std::size_t index) {
    const u64 deadline = deadline_ns(s_.hart[index].mtimecmp);
    const bool due = mtime() >= s_.hart[index].mtimecmp;
    lines_[index].timer.set(due);
    if (due || deadline == never_ns)
        timers_[index]->cancel();
    else
        timers_[index]->arm_at(deadline);
}

// ---- registers ----

u64 Aclint::read_register(u64 offset) const {
    if (offset == mtime_register) return mtime();
    if (offset >= mtimecmp_base) {
        const u64 index = (offset - mtimecmp_base) / 8;
        return index < lines_.size() ? s_.hart[index].mtimecmp : 0;
    }
    // Two harts' 32-bit MSIP registers.
    const u64 index = (offset - msip_base) / 4;
    const u64 low = index < lines_.size() && s_.hart[index].msip ? 1 : 0;
    const u64 high = index + 1 < lines_.size() && s_.hart[index + 1].msip ? 1 : 0;
    return low | high << 32;
}

u64 Aclint::read(u64 offset, Width width) {
    const u64 in_register = offset % 8;
    return (read_register(offset - in_register) >> (in_register * 8)) & mask(width);
}

void Aclint::write(u64 offset, u64 value, Width width) {
    const u64 in_register = offset % 8;
    write_register(offset - in_register, (value & mask(width)) << (in_register * 8), mask(width) << (in_register * 8));
}

void Aclint::write_register(u64 offset, u64 value, u64 written_bits) {
    if (offset == mtime_register) {
        set_mtime((mtime() & ~written_bits) | value);
        for (std::size_t i = 0; i < lines_.size(); ++i) update_timer(i);
    } else if (offset >= mtimecmp_base) {
        const u64 index = (offset - mtimecmp_base) / 8;
        if (index >= lines_.size()) return;
        s_.hart[index].mtimecmp = (s_.hart[index].mtimecmp & ~written_bits) | value;
        update_timer(index);
    } else {
        const u64 index = (offset - msip_base) / 4;
        if (written_bits & 1) write_msip(index, (value & 1) != 0);
        if (written_bits >> 32 & 1) write_msip(index + 1, (value >> 32 & 1) != 0);
    }
}

void Aclint::write_msip(u64 index, bool level) {
    if (index >= lines_.size()) return;
    s_.hart[index].msip = level;
    lines_[index].software.set(level);
}

} // namespace orrery
