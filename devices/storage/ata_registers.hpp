// The task file of an ATA device (ATA/ATAPI-6, T13/1410D, chapter 7): the registers through which a host gives a
// command and sees its end, and the codes of commands, status and errors.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::ata {

// 7.15 Status register
namespace status {
enum : u8 { error = 0x01, data_request = 0x08, seek_complete = 0x10, device_fault = 0x20, ready = 0x40, busy = 0x80 };
}

// 7.9 Error register
namespace error {
enum : u8 { aborted = 0x04, id_not_found = 0x10, uncorrectable = 0x40 };
}

// 7.7 Device register
namespace device {
enum : u8 { head = 0x0f, second = 0x10, lba = 0x40, obsolete = 0xa0 };
}

// 7.8 Device Control register
namespace control {
enum : u8 { no_interrupt = 0x02, software_reset = 0x04, high_order_byte = 0x80 };
}

// Chapter 8
namespace command {
enum : u8 {
    nop = 0x00,
    data_set_management = 0x06, // ATA8-ACS
    device_reset = 0x08,
    recalibrate = 0x10, // 0x10 to 0x1f, of ATA-3
    read_sectors = 0x20,
    read_native_max_ext = 0x27,
    read_log_ext = 0x2f,
    read_fpdma_queued = 0x60,
    write_fpdma_queued = 0x61,
    seek = 0x70, // 0x70 to 0x7f
    execute_device_diagnostic = 0x90,
    initialize_device_parameters = 0x91,
    packet = 0xa0,
    identify_packet_device = 0xa1,
    set_multiple_mode = 0xc6,
    standby_immediate = 0xe0,
    idle_immediate = 0xe1,
    standby = 0xe2,
    idle = 0xe3,
    check_power_mode = 0xe5,
    sleep = 0xe6,
    flush_cache = 0xe7,
    flush_cache_ext = 0xea,
    identify_device = 0xec,
    set_features = 0xef,
    read_native_max = 0xf8,
};
}

// The registers that a 48-bit command writes twice hold the earlier byte above the later one (the 48-bit feature set).
struct Registers {
    u16 features = 0;
    u16 count = 0;
    u16 lba_low = 0;
    u16 lba_mid = 0;
    u16 lba_high = 0;
    u8 device = 0;
    u8 status = 0;
    u8 error = 0;

    [[nodiscard]] u64 lba48() const {
        const u32 low = (lba_low & 0xffU) | (lba_mid & 0xffU) << 8 | (lba_high & 0xffU) << 16;
        const u32 high = u32{lba_low} >> 8 | (lba_mid & 0xff00U) | (lba_high & 0xff00U) << 8;
        return low | u64{high} << 24;
    }
    void set_lba48(u64 lba) {
        lba_low = static_cast<u16>((lba & 0xff) | (lba >> 24 & 0xff) << 8);
        lba_mid = static_cast<u16>((lba >> 8 & 0xff) | (lba >> 32 & 0xff) << 8);
        lba_high = static_cast<u16>((lba >> 16 & 0xff) | (lba >> 40 & 0xff) << 8);
    }

    static constexpr void fields(auto& s, auto&& f) {
        f("features", s.features);
        f("count", s.count);
        f("lba_low", s.lba_low);
        f("lba_mid", s.lba_mid);
        f("lba_high", s.lba_high);
        f("device", s.device);
        f("status", s.status);
        f("error", s.error);
    }
};

} // namespace orrery::ata
