// The bits of the 82077AA's registers and of the status bytes in its results.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::floppy {

namespace dor {
enum : u8 { drive = 0x03, not_reset = 0x04 };
}
namespace msr {
enum : u8 { busy = 0x10, no_dma = 0x20, to_host = 0x40, request = 0x80 };
}
namespace configuration {
enum : u8 { no_poll = 0x10, no_fifo = 0x20, implied_seek = 0x40 };
}
namespace st0 {
enum : u8 { equipment_check = 0x10, seek_end = 0x20, abnormal = 0x40, invalid = 0x80, polled = 0xc0 };
}
namespace st1 {
enum : u8 { missing_mark = 0x01, not_writable = 0x02, no_data = 0x04, data_error = 0x20, end_of_cylinder = 0x80 };
}
namespace st2 {
enum : u8 { wrong_cylinder = 0x10, data_error = 0x20 };
}
namespace st3 {
enum : u8 { two_sided = 0x08, track_0 = 0x10, ready = 0x20, write_protected = 0x40 };
}

} // namespace orrery::floppy
