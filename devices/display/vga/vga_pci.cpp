#include "devices/display/vga/vga_pci.hpp"

#include <bit>

namespace orrery {
namespace {

// QEMU, "Standard VGA", memory area 2. Before these lies an EDID block, here of zeros: no monitor says what it can.
constexpr u64 bar_bytes = 4096;
constexpr u64 ports_at = 0x400;
constexpr u64 dispi_at = 0x500;
constexpr u64 dispi_end = dispi_at + 2 * vga::dispi_register_count;
constexpr u64 extended_at = 0x600;
constexpr u64 extended_bytes = 8;
constexpr u32 extended_little_endian = 0x1e1e'1e1e;

bool is_port(u64 offset) { return offset >= ports_at && offset < ports_at + Vga::ports_bytes; }

// The extended registers: their size, then the frame buffer's byte order, which can't be changed.
u8 extended_byte(u64 at) {
    const u64 all = extended_bytes | u64{extended_little_endian} << 32;
    return static_cast<u8>(all >> (at * 8));
}

} // namespace

VgaPci::VgaPci(std::string name, Vga& vga, Ram* rom)
    : PciDevice(std::move(name), {.vendor_id = 0x1234,
                                  .device_id = 0x1111,
                                  .revision = 2,
                                  .class_code = 0x030000,
                                  .subsystem_vendor_id = 0x1af4,
                                  .subsystem_id = 0x1100}),
      registers_(vga) {
    ORRERY_ASSERT(std::has_single_bit(vga.video_memory().size_bytes()), "a BAR that can be decoded");
    add_memory_bar(0, PciBarKind::memory32, vga.video_memory());
    add_bar(2, PciBarKind::memory32, bar_bytes, registers_);
    if (rom) add_rom(*rom);
    // The card answers to its ports from the start, and has the bit that says so.
    config_space().define<u16>(pci::command, 0,
                               static_cast<u16>(config_space().writable<u16>(pci::command) | pci::command_io));
    config_space().reset();
}

u64 VgaPci::RegisterBar::read(u64 offset, Width width) {
    if (width == Width::half && offset >= dispi_at && offset < dispi_end)
        return vga_.read_dispi(static_cast<u16>((offset - dispi_at) / 2));
    if (width == Width::half) return read(offset, Width::byte) | read(offset + 1, Width::byte) << 8;
    if (is_port(offset)) return vga_.read_port(static_cast<u16>(Vga::ports_base.value + offset - ports_at));
    if (offset >= extended_at && offset < extended_at + extended_bytes) return extended_byte(offset - extended_at);
    return 0;
}

void VgaPci::RegisterBar::write(u64 offset, u64 value, Width width) {
    if (width == Width::half && offset >= dispi_at && offset < dispi_end) {
        vga_.write_dispi(static_cast<u16>((offset - dispi_at) / 2), static_cast<u16>(value));
    } else if (width == Width::half) {
        write(offset, value & 0xff, Width::byte);
        write(offset + 1, value >> 8, Width::byte);
    } else if (is_port(offset)) {
        vga_.write_port(static_cast<u16>(Vga::ports_base.value + offset - ports_at), static_cast<u8>(value));
    }
}

} // namespace orrery
