#include "devices/display/vga/vga.hpp"

#include <algorithm>

#include "devices/display/vga/live_memory.hpp"
#include "devices/display/vga/memory.hpp"
#include "devices/display/vga/screen.hpp"
#include "devices/display/vga/timing.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_port{"vga.port"};
log::TracePoint trace_dispi{"vga.dispi"};

// Ports of the colour position; the CRTC's three are 20h lower in the monochrome one.
namespace port {
enum : u16 {
    attribute = 0x3c0,
    attribute_read = 0x3c1,
    misc_write_status_read = 0x3c2,
    enable = 0x3c3,
    sequencer_index = 0x3c4,
    sequencer_data = 0x3c5,
    pel_mask = 0x3c6,
    dac_read_index_state = 0x3c7,
    dac_write_index = 0x3c8,
    dac_data = 0x3c9,
    feature_read = 0x3ca,
    misc_read = 0x3cc,
    graphics_index = 0x3ce,
    graphics_data = 0x3cf,
    crtc_index = 0x3d4,
    crtc_data = 0x3d5,
    status_feature = 0x3da,
};
}

constexpr u16 mono_distance = 0x20;
constexpr u8 switch_sense = 0x10; // a colour monitor answers
constexpr u8 no_port = 0xff;

template <typename Array> u8 element(const Array& registers, u8 index) {
    return index < registers.size() ? registers[index] : u8{0};
}

// Everything that isn't in `picture` yet when it is drawn is video memory that CPUs write to.
class LivePicture final : public Picture {
public:
    LivePicture(const vga::Screen& screen, std::span<const u8> memory) : screen_(screen), memory_(memory) {}
    void draw(Image& image) const override { vga::draw(screen_, memory_, image); }
    [[nodiscard]] u64 number() const override { return 0; }

private:
    vga::Screen screen_;
    std::span<const u8> memory_;
};

class StillPicture final : public Picture {
public:
    StillPicture(const vga::Screen& screen, std::span<const u8> memory, u64 number)
        : screen_(screen), memory_(memory.begin(), memory.end()), number_(number) {}
    void draw(Image& image) const override { vga::draw(screen_, memory_, image); }
    [[nodiscard]] u64 number() const override { return number_; }

private:
    vga::Screen screen_;
    std::vector<u8> memory_;
    u64 number_;
};

} // namespace

Vga::Vga(std::string name, AddressSpace& memory, Clock& clock, Ram& video_memory)
    : Component(std::move(name)), memory_(memory), clock_(clock), video_memory_(video_memory) {
    ORRERY_ASSERT(video_memory.size_bytes() >= vga::legacy_memory_bytes, "room for four planes");
}

void Vga::reset() {
    s_ = {};
    changed();
}

void Vga::restored() {
    s_.dispi.sanitize();
    s_.registers.dac_component %= 3;
    changed();
}

std::unique_ptr<Picture> Vga::capture(u64 seen) {
    const vga::Screen screen{s_.registers, s_.dispi, vga::beam_at(s_.registers, clock_.now_ns()).frame};
    if (s_.dispi.active()) return std::make_unique<LivePicture>(screen, video_memory_.bytes());
    const u64 number = version_ << 2 | vga::blink_phase(screen.frame);
    if (number == seen) return nullptr;
    return std::make_unique<StillPicture>(screen, video_memory_.bytes().first(vga::legacy_memory_bytes), number);
}

// ---- ports ----

bool Vga::crtc_at(u16 port) const {
    const bool color = (s_.registers.misc_output & vga::misc::color_ports) != 0;
    return color == (port >= 0x3d0);
}

u8 Vga::read_port(u16 port) {
    vga::Registers& r = s_.registers;
    switch (port) {
    case port::attribute:
        return r.attribute_index;
    case port::attribute_read:
        return read_attribute();
    case port::misc_write_status_read:
        return switch_sense;
    case port::enable:
        return r.enable;
    case port::sequencer_index:
        return r.sequencer_index;
    case port::sequencer_data:
        return element(r.sequencer, r.sequencer_index);
    case port::pel_mask:
        return r.pel_mask;
    case port::dac_read_index_state:
        return r.dac_reading ? 3 : 0;
    case port::dac_write_index:
        return r.dac_write_index;
    case port::dac_data:
        return read_dac();
    case port::feature_read:
        return r.feature_control;
    case port::misc_read:
        return r.misc_output;
    case port::graphics_index:
        return r.graphics_index;
    case port::graphics_data:
        return element(r.graphics, r.graphics_index);
    default:
        return crtc_at(port) ? read_crtc_port(port >= 0x3d0 ? port : static_cast<u16>(port + mono_distance)) : no_port;
    }
}

void Vga::write_port(u16 port, u8 value) {
    trace_port("{} {:#x} <- {:#04x}", name(), port, value);
    vga::Registers& r = s_.registers;
    changed();
    switch (port) {
    case port::attribute:
        write_attribute(value);
        break;
    case port::misc_write_status_read:
        r.misc_output = value;
        break;
    case port::enable:
        r.enable = value & 1;
        break;
    case port::sequencer_index:
        r.sequencer_index = value & 7;
        break;
    case port::sequencer_data:
        write_sequencer(value);
        break;
    case port::pel_mask:
        r.pel_mask = value;
        break;
    case port::dac_read_index_state:
        r.dac_read_index = value;
        r.dac_component = 0;
        r.dac_reading = true;
        break;
    case port::dac_write_index:
        r.dac_write_index = value;
        r.dac_component = 0;
        r.dac_reading = false;
        break;
    case port::dac_data:
        write_dac(value);
        break;
    case port::graphics_index:
        r.graphics_index = value & 15;
        break;
    case port::graphics_data:
        write_graphics(value);
        break;
    default:
        if (crtc_at(port)) write_crtc_port(port >= 0x3d0 ? port : static_cast<u16>(port + mono_distance), value);
        break;
    }
}

u8 Vga::read_crtc_port(u16 port) {
    switch (port) {
    case port::crtc_index:
        return s_.registers.crtc_index;
    case port::crtc_data:
        return element(s_.registers.crtc, s_.registers.crtc_index);
    case port::status_feature:
        return read_input_status_1();
    default:
        return no_port;
    }
}

void Vga::write_crtc_port(u16 port, u8 value) {
    switch (port) {
    case port::crtc_index:
        s_.registers.crtc_index = value & 31;
        break;
    case port::crtc_data:
        write_crtc(value);
        break;
    case port::status_feature:
        s_.registers.feature_control = value;
        break;
    default:
        break;
    }
}

// IBM, "Input status register 1". Reading it also makes the next write to 3C0h an index.
u8 Vga::read_input_status_1() {
    s_.registers.attribute_data_next = false;
    const vga::Beam beam = vga::beam_at(s_.registers, clock_.now_ns());
    return static_cast<u8>((beam.display ? 0 : 0x01) | (beam.vertical_retrace ? 0x08 : 0));
}

void Vga::write_sequencer(u8 value) {
    static constexpr u8 writable[] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
    vga::Registers& r = s_.registers;
    if (r.sequencer_index < r.sequencer.size()) r.sequencer[r.sequencer_index] = value & writable[r.sequencer_index];
}

// The protect bit keeps programs of older adapters from changing a monitor's timing; line compare's bit is exempt.
void Vga::write_crtc(u8 value) {
    vga::Registers& r = s_.registers;
    if (r.crtc_index >= r.crtc.size()) return;
    u8& target = r.crtc[r.crtc_index];
    const bool is_protected = (r.crtc[vga::crtc::vertical_retrace_end] & vga::crtc::protect) != 0;
    if (!is_protected || r.crtc_index > vga::crtc::overflow)
        target = value;
    else if (r.crtc_index == vga::crtc::overflow)
        target = static_cast<u8>((target & ~0x10) | (value & 0x10));
}

void Vga::write_graphics(u8 value) {
    static constexpr u8 writable[] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff};
    vga::Registers& r = s_.registers;
    if (r.graphics_index < r.graphics.size()) r.graphics[r.graphics_index] = value & writable[r.graphics_index];
}

u8 Vga::read_attribute() { return element(s_.registers.attribute, s_.registers.attribute_index & 31); }

void Vga::write_attribute(u8 value) {
    vga::Registers& r = s_.registers;
    const bool data = r.attribute_data_next;
    r.attribute_data_next = !data;
    if (!data) {
        r.attribute_index = value & 0x3f;
        return;
    }
    const u8 index = r.attribute_index & 31;
    if (index >= r.attribute.size()) return;
    // The palette belongs to the display while that is on.
    const bool palette = index < 16;
    if (palette && (r.attribute_index & vga::attribute::palette_on)) return;
    r.attribute[index] = palette ? value & 0x3f : value;
}

u8 Vga::read_dac() {
    vga::Registers& r = s_.registers;
    const u8 value = r.palette[r.dac_read_index * 3U + r.dac_component];
    if (++r.dac_component == 3) {
        r.dac_component = 0;
        ++r.dac_read_index;
    }
    return value;
}

void Vga::write_dac(u8 value) {
    vga::Registers& r = s_.registers;
    r.palette[r.dac_write_index * 3U + r.dac_component] = s_.dispi.eight_bit_dac() ? value : value & 0x3f;
    if (++r.dac_component == 3) {
        r.dac_component = 0;
        ++r.dac_write_index;
    }
}

// ---- dispi ----

u16 Vga::read_dispi(u16 index) const { return s_.dispi.read(index, video_memory_.size_bytes()); }

void Vga::write_dispi(u16 index, u16 value) {
    trace_dispi("{} {} <- {:#x}", name(), index, value);
    changed();
    if (s_.dispi.write(index, value, video_memory_.size_bytes())) clear_video_memory();
}

// The visible part: what else there is belongs to whoever scrolls there.
void Vga::clear_video_memory() {
    const u64 planes = s_.dispi.planar() ? 4 : 1;
    const u64 size = std::min(s_.dispi.pitch_bytes() * s_.dispi.rows * planes, video_memory_.size_bytes());
    for (u64 at = 0; at < size; ++at) vga::store_live(video_memory_.bytes(), at, 0);
    memory_.ram_written(video_memory_, 0, size);
}

u64 Vga::DispiPorts::read(u64 offset, Width width) {
    vga::DispiRegisters& dispi = vga_.s_.dispi;
    if (width == Width::half) return offset == 0 ? dispi.index : vga_.read_dispi(dispi.index);
    if (offset == 0) return dispi.index & 0xff;
    const u16 value = vga_.read_dispi(dispi.index);
    return offset == 1 ? value & 0xff : value >> 8;
}

void Vga::DispiPorts::write(u64 offset, u64 value, Width width) {
    vga::DispiRegisters& dispi = vga_.s_.dispi;
    if (offset == 0)
        dispi.index = static_cast<u16>(value);
    else if (width == Width::half)
        vga_.write_dispi(dispi.index, static_cast<u16>(value));
    else if (offset == 1)
        dispi.low_byte = static_cast<u8>(value);
    else
        vga_.write_dispi(dispi.index, static_cast<u16>(value << 8 | dispi.low_byte));
}

// ---- the window at A0000h ----

std::optional<u64> Vga::banked(u64 offset) const {
    const u64 at = s_.dispi.bank * 64 * KiB + offset;
    if (offset >= 64 * KiB || at >= video_memory_.size_bytes()) return std::nullopt;
    return at;
}

u8 Vga::read_window(u64 offset) {
    if (s_.dispi.active() && !s_.dispi.planar()) {
        const auto at = banked(offset);
        return at ? vga::load_live(video_memory_.bytes(), *at) : no_port;
    }
    const auto address = vga::decode_window(s_.registers, offset);
    if (!address) return no_port;
    const u32 base = s_.dispi.active() ? u32{s_.dispi.bank} * 64 * KiB : 0;
    return vga::read_planes(s_.registers, video_memory_.bytes(), *address, base);
}

void Vga::write_window(u64 offset, u8 value) {
    if (s_.dispi.active() && !s_.dispi.planar()) {
        const auto at = banked(offset);
        if (!at) return;
        vga::store_live(video_memory_.bytes(), *at, value);
        memory_.ram_written(video_memory_, *at, 1);
        return;
    }
    const auto address = vga::decode_window(s_.registers, offset);
    if (!address) return;
    const u32 base = s_.dispi.active() ? u32{s_.dispi.bank} * 64 * KiB : 0;
    if (const auto at = vga::write_planes(s_.registers, video_memory_.bytes(), *address, value, base)) {
        changed();
        memory_.ram_written(video_memory_, *at, 4);
    }
}

u64 Vga::MemoryWindow::read(u64 offset, Width width) {
    u64 value = 0;
    for (u64 i = 0; i < bytes(width); ++i) value |= u64{vga_.read_window(offset + i)} << (i * 8);
    return value;
}

void Vga::MemoryWindow::write(u64 offset, u64 value, Width width) {
    for (u64 i = 0; i < bytes(width); ++i) vga_.write_window(offset + i, static_cast<u8>(value >> (i * 8)));
}

} // namespace orrery
