#include "devices/display/vga/timing.hpp"

namespace orrery::vga {
namespace {

struct Frame {
    u32 dot_clock_hz;
    u32 character_dots;
    u32 characters, characters_shown;
    u32 lines, lines_shown;
    u32 retrace_first, retrace_lines;
};

// 720 × 400 at 70 Hz, for a CRTC that no one has set up: a guest that waits for a retrace then sees one.
constexpr Frame unprogrammed{.dot_clock_hz = 28'322'000,
                             .character_dots = 9,
                             .characters = 100,
                             .characters_shown = 80,
                             .lines = 449,
                             .lines_shown = 400,
                             .retrace_first = 412,
                             .retrace_lines = 2};
constexpr u32 fewest_lines = 64;

Frame frame_of(const Registers& registers) {
    const auto& crtc = registers.crtc;
    const u8 clocking = registers.sequencer[sequencer::clocking_mode];
    Frame frame{};
    frame.dot_clock_hz = (registers.misc_output & misc::clock_select) == 0x04 ? 28'322'000 : 25'175'000;
    if (clocking & sequencer::half_dot_clock) frame.dot_clock_hz /= 2;
    frame.character_dots = clocking & sequencer::eight_dots ? 8 : 9;
    frame.characters = crtc[crtc::horizontal_total] + 5U;
    frame.characters_shown = crtc[crtc::horizontal_display_end] + 1U;
    frame.lines = vertical_count(registers, crtc::vertical_total, 0, 5) + 2;
    frame.lines_shown = vertical_count(registers, crtc::vertical_display_end, 1, 6) + 1;
    frame.retrace_first = vertical_count(registers, crtc::vertical_retrace_start, 2, 7);
    // It ends when the counter's low four bits are those of the register.
    const u32 length = (crtc[crtc::vertical_retrace_end] - frame.retrace_first) & 15;
    frame.retrace_lines = length == 0 ? 16 : length;
    if (frame.lines < fewest_lines || frame.retrace_first >= frame.lines) return unprogrammed;
    return frame;
}

} // namespace

u32 vertical_count(const Registers& registers, u8 index, u32 bit_8, u32 bit_9) {
    const u32 overflow = registers.crtc[crtc::overflow];
    return registers.crtc[index] | (overflow >> bit_8 & 1) << 8 | (overflow >> bit_9 & 1) << 9;
}

Beam beam_at(const Registers& registers, u64 now_ns) {
    const Frame frame = frame_of(registers);
    const u64 dots_of_line = u64{frame.characters} * frame.character_dots;
    const u64 dots_of_frame = dots_of_line * frame.lines;
    const u128 dots = u128{now_ns} * frame.dot_clock_hz / 1'000'000'000;
    const u64 within = static_cast<u64>(dots % dots_of_frame);
    const u64 line = within / dots_of_line;
    const u64 character = within % dots_of_line / frame.character_dots;
    return {.frame = static_cast<u64>(dots / dots_of_frame),
            .display = line < frame.lines_shown && character < frame.characters_shown,
            .vertical_retrace = line - frame.retrace_first < frame.retrace_lines};
}

} // namespace orrery::vga
