#include "cpu/x86/paravirtual_clock.hpp"

#include <algorithm>
#include <span>
#include <type_traits>

#include "machine/fabric/lock.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 ns_per_second = 1'000'000'000;
constexpr u64 alignment_bytes = 4;
constexpr u64 enable = 1; // of the system time's register

// pvclock_vcpu_time_info (msr.rst).
struct SystemTime {
    u32 version = 0;
    u32 padding = 0;
    u64 tsc_timestamp = 0;
    u64 system_time = 0; // ns
    u32 tsc_to_system_mul = 0;
    i8 tsc_shift = 0;
    u8 flags = 0;
    u16 padding_at_end = 0;
};
static_assert(sizeof(SystemTime) == 32 && std::has_unique_object_representations_v<SystemTime>);
constexpr u8 tsc_stable = 1;

// pvclock_wall_clock (msr.rst).
struct WallClock {
    u32 version = 0;
    u32 seconds = 0;
    u32 nanoseconds = 0;
};

template <typename T> std::span<const u8> bytes_of(const T& value) {
    return {reinterpret_cast<const u8*>(&value), sizeof value};
}

// The version is odd while the rest changes: other CPUs may be reading.
template <typename T> bool publish(AddressSpace& memory, GuestPhysical address, T value) {
    T present;
    if (!memory.read_memory(address, {reinterpret_cast<u8*>(&present), sizeof present})) return false;
    value.version = (present.version + 1) | 1;
    const u32 finished = value.version + 1;
    return memory.write_memory(address, bytes_of(value.version)) && memory.write_memory(address, bytes_of(value)) &&
           memory.write_memory(address, bytes_of(finished));
}

} // namespace

TickLength tick_length(u64 hz) {
    // Shifted until the multiplier has all its 32 bits.
    TickLength length;
    u128 ticks = std::max<u64>(hz, 1), ns = ns_per_second;
    for (; ns >= ticks; ++length.shift) ticks *= 2;
    for (; ns * 2 < ticks; --length.shift) ns *= 2;
    length.multiplier = static_cast<u32>((ns << 32) / ticks);
    return length;
}

ParavirtualClock::ParavirtualClock(std::string name, const Configuration& configuration, AddressSpace& memory)
    : Component(std::move(name)), cpus_(configuration.cpus), tsc_hz_(configuration.tsc_hz), memory_(memory) {
    ORRERY_ASSERT(cpus_ <= most_cpus, "boards have no more CPUs");
    s_.tsc_hz = tsc_hz_;
    s_.power_on_ns = configuration.power_on_ns;
}

u64 ParavirtualClock::read_msr(u32 cpu, u32 index) const {
    const MachineEntry entry(memory_.machine_lock());
    return index == wall_clock_msr ? s_.wall_clock : s_.system_time[cpu];
}

void ParavirtualClock::write_msr(u32 cpu, u32 index, u64 value) {
    const MachineEntry entry(memory_.machine_lock());
    if (index == wall_clock_msr) {
        s_.wall_clock = value;
        write_wall_clock();
    } else {
        s_.system_time[cpu] = value;
        write_system_time(cpu);
    }
}

void ParavirtualClock::set_tsc_offset(u32 cpu, u64 offset) {
    const MachineEntry entry(memory_.machine_lock());
    if (std::exchange(s_.tsc_offset[cpu], offset) != offset) write_system_times();
}

void ParavirtualClock::init(u32 cpu) {
    const MachineEntry entry(memory_.machine_lock());
    s_.system_time[cpu] = 0;
}

void ParavirtualClock::reset() { s_ = {.tsc_hz = tsc_hz_, .power_on_ns = s_.power_on_ns}; }

void ParavirtualClock::restored() {
    const MachineEntry entry(memory_.machine_lock());
    if (std::exchange(s_.tsc_hz, tsc_hz_) != tsc_hz_) write_system_times();
}

// Whether one CPU's structure goes for another's counter depends on all counters.
void ParavirtualClock::write_system_times() {
    for (u32 cpu = 0; cpu < cpus_; ++cpu) write_system_time(cpu);
}

void ParavirtualClock::write_system_time(u32 cpu) {
    if ((s_.system_time[cpu] & enable) == 0) return;
    const u64 address = s_.system_time[cpu] & ~enable;
    const std::span offsets = std::span(s_.tsc_offset).first(cpus_);
    const bool agree = std::ranges::count(offsets, offsets.front()) == std::ssize(offsets);
    const TickLength tick = tick_length(tsc_hz_);
    const SystemTime time{.tsc_timestamp = s_.tsc_offset[cpu],
                          .tsc_to_system_mul = tick.multiplier,
                          .tsc_shift = tick.shift,
                          .flags = agree ? tsc_stable : u8{0}};
    if (address % alignment_bytes != 0 || !publish(memory_, {address}, time))
        log::guest_error(name(), "there is no place for CPU {}'s time at {:#x}", cpu, address);
}

void ParavirtualClock::write_wall_clock() {
    if (s_.wall_clock == 0) return; // KVM takes it for none, too
    const WallClock date{.seconds = static_cast<u32>(s_.power_on_ns / ns_per_second),
                         .nanoseconds = static_cast<u32>(s_.power_on_ns % ns_per_second)};
    if (s_.wall_clock % alignment_bytes != 0 || !publish(memory_, {s_.wall_clock}, date))
        log::guest_error(name(), "there is no place for the date at {:#x}", s_.wall_clock);
}

} // namespace orrery::x86
