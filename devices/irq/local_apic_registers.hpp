// Registers and bits of the local APIC (SDM 3A table 11-1). A register's number is its offset in the page divided by
// 16, and its MSR less 800h.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::local_apic {

namespace number {
enum : u32 {
    id = 0x02,
    version = 0x03,
    task_priority = 0x08,
    arbitration_priority = 0x09,
    processor_priority = 0x0a,
    end_of_interrupt = 0x0b,
    remote_read = 0x0c,
    logical_destination = 0x0d,
    destination_format = 0x0e,
    spurious = 0x0f,
    in_service = 0x10, // eight registers of 32 vectors, as the next two
    trigger_mode = 0x18,
    requests = 0x20,
    error_status = 0x28,
    command = 0x30,
    command_high = 0x31, // xAPIC only
    local_vectors = 0x32,
    initial_count = 0x38,
    current_count = 0x39,
    divide = 0x3e,
    self_ipi = 0x3f, // x2APIC only
};
}

// The local vector table, in the order of its registers.
namespace local {
enum : u32 { timer = 0, thermal = 1, performance = 2, lint0 = 3, lint1 = 4, error = 5, count = 6 };
}

// SDM 3A figure 11-8
namespace lvt {
enum : u32 {
    vector = 0xff,
    delivery_pending = 1u << 12,
    active_low = 1u << 13,
    remote_irr = 1u << 14,
    level = 1u << 15,
    masked = 1u << 16,
};
inline constexpr u32 timer_mode_shift = 17;
inline constexpr u32 writable[local::count] = {0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff};
} // namespace lvt

// SDM 3A figure 11-23
namespace svr {
enum : u32 { vector = 0xff, enabled = 1u << 8, no_eoi_broadcast = 1u << 12, writable = 0x11ff };
}

// SDM 3A figure 11-9
namespace error {
enum : u32 { send_illegal_vector = 1u << 5, receive_illegal_vector = 1u << 6, illegal_register = 1u << 7 };
}

// SDM 3A figure 11-12
namespace icr {
enum : u32 {
    logical = 1u << 11,
    delivery_pending = 1u << 12,
    assert_level = 1u << 14,
    level = 1u << 15,
    writable = 0xccfff
};
enum : u32 { to_destination = 0, to_self = 1, to_all = 2, to_others = 3 };
inline constexpr u32 shorthand_shift = 18;
} // namespace icr

// IA32_APIC_BASE (SDM 3A figures 11-5 and 11-26)
namespace base {
enum : u64 { bootstrap = 1u << 8, x2apic = 1u << 10, enabled = 1u << 11, address = ~u64{0xfff} };
}

namespace msr {
enum : u32 { apic_base = 0x1b, tsc_deadline = 0x6e0, x2apic_first = 0x800, x2apic_last = 0x8ff };
}

// Vectors below are exceptions; no interrupt may have one (SDM 3A 11.5.2).
inline constexpr u32 lowest_vector = 16;

} // namespace orrery::local_apic
