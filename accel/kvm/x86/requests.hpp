// Requests whose structure ends in an array. Such an array takes room in C++ in some versions of <linux/kvm.h>, and a
// request's number holds the structure's size: KVM doesn't know what the header's macros give there.
#pragma once

#include <cstddef>

#include <linux/kvm.h>

#include "machine/fabric/types.hpp"

namespace orrery::kvm {

// The structures without their arrays.
inline constexpr std::size_t cpuid_header_bytes = offsetof(kvm_cpuid2, padding) + sizeof(kvm_cpuid2::padding);
inline constexpr std::size_t msrs_header_bytes = offsetof(kvm_msrs, pad) + sizeof(kvm_msrs::pad);
// In words.
inline constexpr std::size_t routing_header_words =
    (offsetof(kvm_irq_routing, flags) + sizeof(kvm_irq_routing::flags)) / sizeof(u64);
inline constexpr std::size_t routing_entry_words = sizeof(kvm_irq_routing_entry) / sizeof(u64);
struct XsaveArea {
    alignas(8) u8 bytes[4096];
};

namespace request {
inline constexpr unsigned long get_supported_cpuid = _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x05, cpuid_header_bytes);
inline constexpr unsigned long set_cpuid = _IOC(_IOC_WRITE, KVMIO, 0x90, cpuid_header_bytes);
inline constexpr unsigned long get_cpuid = _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x91, cpuid_header_bytes);
inline constexpr unsigned long get_msrs = _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x88, msrs_header_bytes);
inline constexpr unsigned long set_msrs = _IOC(_IOC_WRITE, KVMIO, 0x89, msrs_header_bytes);
inline constexpr unsigned long get_xsave = _IOC(_IOC_READ, KVMIO, 0xa4, sizeof(XsaveArea));
inline constexpr unsigned long set_xsave = _IOC(_IOC_WRITE, KVMIO, 0xa5, sizeof(XsaveArea));
inline constexpr unsigned long set_gsi_routing = _IOC(_IOC_WRITE, KVMIO, 0x6a, routing_header_words * sizeof(u64));
} // namespace request

} // namespace orrery::kvm
