// The "dispi" registers by which Bochs' VGA and those after it are told of modes beyond IBM's: a linear frame buffer of
// 4 to 32 bits a pixel (Bochs, "VBE Display Interface", versions B0C0h to B0C5h).
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::vga {

inline constexpr u16 dispi_newest = 0xb0c5;
inline constexpr u16 dispi_oldest = 0xb0c0;
inline constexpr u32 dispi_most_columns = 2560;
inline constexpr u32 dispi_most_rows = 1600;
inline constexpr u32 dispi_register_count = 11;

namespace dispi {
enum Index : u16 {
    id,
    columns,
    rows,
    bits,
    enable,
    bank,
    virtual_width,
    virtual_height,
    x_offset,
    y_offset,
    memory_64k,
};
inline constexpr u16 enabled = 0x01;
inline constexpr u16 get_capabilities = 0x02;
inline constexpr u16 eight_bit_dac = 0x20;
inline constexpr u16 keep_memory = 0x80;
} // namespace dispi

struct DispiRegisters {
    u16 index = 0;
    u8 low_byte = 0; // of a data write that comes in two halves
    u16 id = dispi_newest;
    u16 columns = 0;
    u16 rows = 0;
    u16 bits = 8;
    u16 enable = 0;
    u16 bank = 0; // of 64 KiB
    u16 virtual_width = 0;
    u16 x_offset = 0;
    u16 y_offset = 0;

    static constexpr void fields(auto& s, auto&& f) {
        f("index", s.index);
        f("low_byte", s.low_byte);
        f("id", s.id);
        f("columns", s.columns);
        f("rows", s.rows);
        f("bits", s.bits);
        f("enable", s.enable);
        f("bank", s.bank);
        f("virtual_width", s.virtual_width);
        f("x_offset", s.x_offset);
        f("y_offset", s.y_offset);
    }

    // The mode is the VGA's own while this is false.
    [[nodiscard]] bool active() const { return (enable & dispi::enabled) != 0 && columns != 0 && rows != 0; }
    [[nodiscard]] bool planar() const { return bits == 4; }
    [[nodiscard]] bool eight_bit_dac() const { return (enable & dispi::eight_bit_dac) != 0; }
    // From one row to the next: bytes of video memory, or with four planes bytes of each plane.
    [[nodiscard]] u64 pitch_bytes() const;

    [[nodiscard]] u16 read(u16 register_index, u64 memory_bytes) const;
    // True: the mode was switched on and video memory is to be cleared.
    bool write(u16 register_index, u16 value, u64 memory_bytes);
    // Values that only a damaged snapshot has.
    void sanitize();
};

} // namespace orrery::vga
