#include "accel/kvm/x86/time_stamp.hpp"

#include <cpuid.h>
#include <x86intrin.h>

#include "accel/kvm/x86/msr_list.hpp"
#include "machine/fabric/frequency.hpp"

namespace orrery::kvm {
namespace {

constexpr u32 time_stamp_counter = 0x10;

u64 read_counter() { return __rdtsc(); }

// The counter has one pace whatever the processor does (SDM 3B 18.17.1).
bool is_invariant() {
    constexpr unsigned power_leaf = 0x8000'0007, invariant = 1U << 8;
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(power_leaf, &eax, &ebx, &ecx, &edx) != 0 && (edx & invariant) != 0;
}

// guest = host + offset (Documentation/virt/kvm/devices/vcpu.rst, KVM_VCPU_TSC_OFFSET)
kvm_device_attr offset_attribute(u64& offset) {
    kvm_device_attr attribute{};
    attribute.group = KVM_VCPU_TSC_CTRL;
    attribute.attr = KVM_VCPU_TSC_OFFSET;
    attribute.addr = reinterpret_cast<u64>(&offset);
    return attribute;
}

// The host's counter less the ticks of virtual time: what the processor's offset is added to.
u64 host_less_ticks(const x86::Processor& processor, const Clock& clock) {
    const Frequency ticks(processor.configuration().tsc_hz);
    if (const auto origin = clock.origin()) return origin->count - ticks.ticks(origin->ns);
    return read_counter() - ticks.ticks(clock.now_ns());
}

} // namespace

std::optional<HostCounter> host_time_stamp_counter(u64 hz) {
    if (hz == 0 || !is_invariant()) return std::nullopt;
    return HostCounter{.hz = hz, .now = read_counter};
}

TimeStamp::TimeStamp(const Vcpu& vcpu, bool can_be_set) : can_be_set_(can_be_set) {
    u64 unused = 0;
    kvm_device_attr attribute = offset_attribute(unused);
    takes_offsets_ = vcpu.file().ask(KVM_HAS_DEVICE_ATTR, attribute, "KVM_HAS_DEVICE_ATTR").has_value();
}

// By a value, KVM takes what is within a second of what it expects for an attempt at what it has already: pauses would
// be lost. Before Linux 5.16 there is nothing better.
Status TimeStamp::give(const Vcpu& vcpu, const x86::Processor& processor, const Clock& clock) {
    if (!can_be_set_) return {};
    if (!takes_offsets_) {
        MsrList list;
        list.add(time_stamp_counter, processor.time_stamp());
        return list.write(vcpu);
    }
    u64 offset = processor.core().state().tsc_offset - host_less_ticks(processor, clock);
    if (known_offset_ == offset) return {};
    kvm_device_attr attribute = offset_attribute(offset);
    TRY_STATUS(vcpu.file().ask(KVM_SET_DEVICE_ATTR, attribute, "KVM_SET_DEVICE_ATTR for KVM_VCPU_TSC_OFFSET"));
    known_offset_ = offset;
    return {};
}

u64 TimeStamp::offset_of_host(const x86::Processor& processor, const Clock& clock) {
    return host_less_ticks(processor, clock);
}

} // namespace orrery::kvm
