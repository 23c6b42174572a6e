// The registers of an AHCI controller (Serial ATA AHCI 1.3.1, here "AHCI", chapter 3) and the frames (FIS) between it
// and a drive (Serial ATA 2.6, chapter 10).
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::ahci {

// 3.1 Generic Host Control
namespace host {
enum : u32 { cap = 0x00, ghc = 0x04, is = 0x08, pi = 0x0c, vs = 0x10, ports = 0x100, port_bytes = 0x80 };
}
namespace cap {
enum : u32 {
    slots = 31U << 8,                 // NCS, less one
    pio_multiple = 1U << 15,          // PMD
    ahci_only = 1U << 18,             // SAM
    generation_2 = 2U << 20,          // ISS
    command_list_override = 1U << 24, // SCLO
    queued = 1U << 30,                // SNCQ
    addresses_64 = 1U << 31,          // S64A
};
}
namespace ghc {
enum : u32 { reset = 1, interrupt_enable = 2, ahci_enable = 1U << 31 };
}

// 3.3 Port Registers
namespace port {
enum : u32 {
    clb = 0x00,
    clbu = 0x04,
    fb = 0x08,
    fbu = 0x0c,
    is = 0x10,
    ie = 0x14,
    cmd = 0x18,
    tfd = 0x20,
    sig = 0x24,
    ssts = 0x28,
    sctl = 0x2c,
    serr = 0x30,
    sact = 0x34,
    ci = 0x38,
};
}
// 3.3.5 PxIS
namespace is {
enum : u32 {
    d2h_register = 1U << 0,
    pio_setup = 1U << 1,
    dma_setup = 1U << 2,
    set_device_bits = 1U << 3,
    descriptor_processed = 1U << 5,
    connect_changed = 1U << 6,
    phy_ready_changed = 1U << 22,
    overflow = 1U << 24,
    interface_fatal = 1U << 27,
    host_bus_fatal = 1U << 29,
    task_file_error = 1U << 30,
    implemented = 0xfdc0'00ff,
};
}
// 3.3.7 PxCMD
namespace cmd {
enum : u32 {
    start = 1U << 0,
    spin_up = 1U << 1,
    power_on = 1U << 2,
    command_list_override = 1U << 3,
    fis_receive = 1U << 4,
    current_slot_shift = 8,
    fis_receive_running = 1U << 14,
    list_running = 1U << 15,
    atapi = 1U << 24,
    kept = start | fis_receive | 0x0f00'0000, // with ATAPI, DLAE, ALPE and ASP
};
}
// 3.3.10 PxSSTS, 3.3.11 PxSCTL, 3.3.12 PxSERR
namespace link {
enum : u32 {
    detection = 0xf,
    detection_reset = 1,
    detection_off = 4,
    up = 0x123, // a drive, generation 2, active
    diag_phy_ready_changed = 1U << 16,
    diag_exchanged = 1U << 26,
};
}

// 4.2.1: where the area of received frames holds each type
namespace received {
enum : u32 { dma_setup = 0x00, pio_setup = 0x20, d2h_register = 0x40, set_device_bits = 0x58 };
}
namespace fis {
enum : u8 {
    h2d_register = 0x27,
    d2h_register = 0x34,
    dma_setup = 0x41,
    pio_setup = 0x5f,
    set_device_bits = 0xa1,
    is_command = 0x80, // C, in byte 1 of h2d_register
    interrupt = 0x40,  // I, in byte 1
    to_host = 0x20,    // D, in byte 1
};
}

// 4.2.2: a slot of the command list
struct CommandHeader {
    u32 options;
    u32 moved_bytes; // PRDBC
    u64 table;
    u32 reserved[4];
};
static_assert(sizeof(CommandHeader) == 32);
namespace header {
enum : u32 { atapi = 1U << 5, write = 1U << 6, region_count_shift = 16 };
}
// 4.2.3: the command table
namespace table {
enum : u32 { command_fis = 0x00, packet = 0x40, regions = 0x80 };
}

} // namespace orrery::ahci
