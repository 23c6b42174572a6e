// Where the beam is: the CRTC's counters as a function of virtual time (IBM, "CRT controller registers").
#pragma once

#include "devices/display/vga/registers.hpp"

namespace orrery::vga {

struct Beam {
    u64 frame = 0; // since power-on, at the rate of the mode of now
    bool display = false;
    bool vertical_retrace = false;
};

Beam beam_at(const Registers& registers, u64 now_ns);

// Vertical counters have ten bits; eight in a register of their own, two in the overflow register.
u32 vertical_count(const Registers& registers, u8 index, u32 bit_8, u32 bit_9);

} // namespace orrery::vga
