#include "devices/dma/i8237.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"dma.register"};
log::TracePoint trace_transfer{"dma.transfer"};

// 8237A, table of register codes, beyond the eight of addresses and counts
namespace offset {
enum : u64 {
    status_command = 0x8,
    request = 0x9,
    single_mask = 0xa,
    mode = 0xb,
    clear_flip_flop = 0xc,
    master_clear = 0xd, // read: the temporary register
    clear_masks = 0xe,
    all_masks = 0xf,
};
}

constexpr u8 command_disable = 0x04;

// 8237A, mode register
namespace mode {
enum : u8 {
    to_memory = 0x04, // the "write" transfer
    from_memory = 0x08,
    transfer = 0x0c,
    autoinitialize = 0x10,
    decrement = 0x20,
    cascade = 0xc0,
};
}

// Which page register belongs to a channel: where the PC/AT put them.
constexpr u8 page_of[Dma8237::channel_count] = {0x7, 0x3, 0x1, 0x2, 0xf, 0xb, 0x9, 0xa};

constexpr u32 unit_bytes(u32 channel) { return channel >= 4 ? 2 : 1; }

} // namespace

// ---- registers ----

u8 Dma8237::read(u32 index, u64 offset) {
    Controller& controller = s_.controller[index];
    if (offset < offset::status_command) {
        const Channel& channel = controller.channel[offset / 2];
        const u16 value = offset % 2 == 0 ? channel.address : channel.count;
        const bool upper = std::exchange(controller.upper, !controller.upper);
        return static_cast<u8>(upper ? value >> 8 : value);
    }
    if (offset == offset::status_command) // reading clears the terminal counts
        return static_cast<u8>(std::exchange(controller.terminal_counts, 0) | (controller.lines | controller.software)
                                                                                  << 4);
    if (offset == offset::all_masks) return static_cast<u8>(0xf0 | controller.mask); // as later chip sets have it
    return 0;
}

void Dma8237::write_half(Controller& controller, u64 offset, u8 value) {
    Channel& channel = controller.channel[offset / 2];
    u16& base = offset % 2 == 0 ? channel.base_address : channel.base_count;
    u16& current = offset % 2 == 0 ? channel.address : channel.count;
    const bool upper = std::exchange(controller.upper, !controller.upper);
    base = upper ? static_cast<u16>((base & 0x00ff) | value << 8) : static_cast<u16>((base & 0xff00) | value);
    current = base;
}

void Dma8237::write(u32 index, u64 offset, u8 value) {
    trace_register("{} controller {} register {:#x} = {:#04x}", name(), index, offset, value);
    Controller& controller = s_.controller[index];
    const u8 bit = static_cast<u8>(1 << (value & 3));
    const bool set = (value & 4) != 0;
    switch (offset) {
    case offset::status_command:
        controller.command = value;
        break;
    case offset::request:
        controller.software = static_cast<u8>(set ? controller.software | bit : controller.software & ~bit);
        break;
    case offset::single_mask:
        controller.mask = static_cast<u8>(set ? controller.mask | bit : controller.mask & ~bit);
        break;
    case offset::mode:
        controller.channel[value & 3].mode = value & static_cast<u8>(~3);
        break;
    case offset::clear_flip_flop:
        controller.upper = false;
        return;
    case offset::master_clear: // leaves addresses, counts and modes alone
        controller.command = controller.terminal_counts = controller.software = 0;
        controller.upper = false;
        controller.mask = 0x0f;
        return;
    case offset::clear_masks:
        controller.mask = 0;
        break;
    case offset::all_masks:
        controller.mask = value & 0x0f;
        break;
    default:
        return write_half(controller, offset, value);
    }
    tell_ready(index);
}

void Dma8237::tell_ready(u32 index) {
    for (u32 i = 0; i < 4; ++i) {
        const u32 channel = index * 4 + i;
        const bool requested = (s_.controller[index].lines >> i & 1) != 0;
        if (requested && devices_[channel] && ready(channel)) devices_[channel]->dma_ready();
    }
}

// ---- transfers ----

void Dma8237::set_request(u32 channel, bool high) {
    u8& lines = s_.controller[channel / 4].lines;
    const u8 bit = static_cast<u8>(1 << channel % 4);
    lines = static_cast<u8>(high ? lines | bit : lines & ~bit);
}

// The first controller's requests reach the processor through channel 0 of the second.
bool Dma8237::ready(u32 channel) const {
    const auto enabled = [&](const Controller& controller, u32 index) {
        return (controller.command & command_disable) == 0 && (controller.mask >> index & 1) == 0;
    };
    const Controller& controller = s_.controller[channel / 4];
    if (!enabled(controller, channel % 4)) return false;
    if ((controller.channel[channel % 4].mode & mode::cascade) == mode::cascade) return false;
    return channel >= 4 || enabled(s_.controller[1], 0);
}

// A half's address counts halves; the lowest bit of its page doesn't count.
GuestPhysical Dma8237::address_of(u32 channel) const {
    const u64 page = s_.page[page_of[channel]];
    const u64 address = s_.controller[channel / 4].channel[channel % 4].address;
    return channel >= 4 ? GuestPhysical{(page & ~u64{1}) << 16 | address << 1} : GuestPhysical{page << 16 | address};
}

void Dma8237::move_run(u32 channel, std::span<u8> run, bool to_memory) {
    const u8 programmed = s_.controller[channel / 4].channel[channel % 4].mode & mode::transfer;
    if (programmed != (to_memory ? mode::to_memory : mode::from_memory)) {
        if (programmed != 0) log::guest_error(name(), "channel {} goes the other way than its device", channel);
        return; // verify
    }
    const GuestPhysical at = address_of(channel);
    const bool moved = to_memory ? memory_.write_memory(at, run) : memory_.read_memory(at, run);
    if (!moved) log::guest_error(name(), "channel {}: no memory at {:#x}", channel, at.value);
}

// Counts `units` on; true at the terminal count, which masks the channel or starts it anew.
bool Dma8237::step(u32 index, u32 units) {
    Controller& controller = s_.controller[index / 4];
    Channel& channel = controller.channel[index % 4];
    const bool down = (channel.mode & mode::decrement) != 0;
    channel.address = static_cast<u16>(down ? channel.address - units : channel.address + units);
    const bool ends = units > channel.count;
    channel.count = static_cast<u16>(channel.count - units);
    if (!ends) return false;
    const u8 bit = static_cast<u8>(1 << index % 4);
    controller.terminal_counts |= bit;
    controller.software &= static_cast<u8>(~bit);
    if (channel.mode & mode::autoinitialize) {
        channel.address = channel.base_address;
        channel.count = channel.base_count;
    } else {
        controller.mask |= bit;
    }
    return true;
}

Dma8237::Moved Dma8237::transfer(u32 channel, std::span<u8> data, bool to_memory) {
    Moved moved;
    const u32 unit = unit_bytes(channel);
    while (data.size() - moved.bytes >= unit && ready(channel) && !moved.terminal_count) {
        const Channel& programmed = s_.controller[channel / 4].channel[channel % 4];
        // Upwards, as far as the count and the 64 KiB (or 128 KiB) of the page go; downwards one by one.
        const bool down = (programmed.mode & mode::decrement) != 0;
        const u32 wanted = static_cast<u32>((data.size() - moved.bytes) / unit);
        const u32 to_page_end = 0x1'0000 - programmed.address;
        const u32 units = down ? 1 : std::min({wanted, u32{programmed.count} + 1, to_page_end});
        move_run(channel, data.subspan(moved.bytes, std::size_t{units} * unit), to_memory);
        moved.bytes += std::size_t{units} * unit;
        moved.terminal_count = step(channel, units);
    }
    trace_transfer("{} channel {}: {} of {} bytes{}", name(), channel, moved.bytes, data.size(),
                   moved.terminal_count ? ", terminal count" : "");
    return moved;
}

} // namespace orrery
