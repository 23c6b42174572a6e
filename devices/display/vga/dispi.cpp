#include "devices/display/vga/dispi.hpp"

#include <algorithm>

namespace orrery::vga {
namespace {

constexpr u16 bank_mask = 0x1ff;
constexpr u16 kept_enable_bits = 0xe7;
constexpr u16 most_bits = 32;

constexpr bool valid_bits(u16 bits) {
    return bits == 4 || bits == 8 || bits == 15 || bits == 16 || bits == 24 || bits == 32;
}

constexpr u16 clamp(u64 value, u64 most) { return static_cast<u16>(std::min(value, most)); }

} // namespace

u64 DispiRegisters::pitch_bytes() const {
    const u64 width = std::max(virtual_width, columns);
    return planar() ? (width + 7) / 8 : width * ((bits + 7U) / 8);
}

u16 DispiRegisters::read(u16 register_index, u64 memory_bytes) const {
    const bool capabilities = (enable & dispi::get_capabilities) != 0;
    switch (register_index) {
    case dispi::id:
        return id;
    case dispi::columns:
        return capabilities ? dispi_most_columns : columns;
    case dispi::rows:
        return capabilities ? dispi_most_rows : rows;
    case dispi::bits:
        return capabilities ? most_bits : bits;
    case dispi::enable:
        return enable;
    case dispi::bank:
        return bank;
    case dispi::virtual_width:
        return virtual_width;
    case dispi::virtual_height: // all that fits
        return pitch_bytes() == 0 ? u16{0} : clamp(memory_bytes / (planar() ? 4 : 1) / pitch_bytes(), 0xffff);
    case dispi::x_offset:
        return x_offset;
    case dispi::y_offset:
        return y_offset;
    case dispi::memory_64k:
        return clamp(memory_bytes / (64 * KiB), 0xffff);
    default:
        return 0;
    }
}

bool DispiRegisters::write(u16 register_index, u16 value, u64 memory_bytes) {
    switch (register_index) {
    case dispi::id:
        if (value >= dispi_oldest && value <= dispi_newest) id = value;
        return false;
    case dispi::columns:
        columns = clamp(value, dispi_most_columns);
        return false;
    case dispi::rows:
        rows = clamp(value, dispi_most_rows);
        return false;
    case dispi::bits:
        if (value == 0) value = 8; // as the first version had it
        if (valid_bits(value)) bits = value;
        return false;
    case dispi::enable: {
        const bool switched_on = (value & dispi::enabled) != 0 && (enable & dispi::enabled) == 0;
        enable = value & kept_enable_bits;
        if (!switched_on) return false;
        virtual_width = columns;
        x_offset = y_offset = bank = 0;
        return (value & dispi::keep_memory) == 0;
    }
    case dispi::bank:
        if ((value & bank_mask) < memory_bytes / (64 * KiB)) bank = value & bank_mask;
        return false;
    case dispi::virtual_width:
        virtual_width = std::max(value, columns);
        return false;
    case dispi::x_offset:
        x_offset = value;
        return false;
    case dispi::y_offset:
        y_offset = value;
        return false;
    default:
        return false;
    }
}

void DispiRegisters::sanitize() {
    columns = clamp(columns, dispi_most_columns);
    rows = clamp(rows, dispi_most_rows);
    if (!valid_bits(bits)) bits = 8;
    bank &= bank_mask;
}

} // namespace orrery::vga
