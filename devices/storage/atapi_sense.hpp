// Sense keys, and the additional codes of what a CD-ROM drive has to tell (SPC-2, MMC-3).
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::sense {

enum Key : u8 {
    no_sense = 0x00,
    not_ready = 0x02,
    medium_error = 0x03,
    illegal_request = 0x05,
    unit_attention = 0x06,
};

enum Code : u8 {
    unrecovered_read_error = 0x11,
    invalid_command = 0x20,
    address_out_of_range = 0x21,
    invalid_field = 0x24,
    medium_may_have_changed = 0x28,
    reset_occurred = 0x29,
    saving_not_supported = 0x39,
    medium_not_present = 0x3a, // qualifier 1: tray closed, 2: tray open
    removal_prevented = 0x53,  // with qualifier 2
};

} // namespace orrery::sense
