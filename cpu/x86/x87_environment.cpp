#include "cpu/x86/x87_environment.hpp"

#include "cpu/x86/x87_unit.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::x86 {
namespace {

constexpr u32 register_bytes = 10;

Faulting<void> store_registers(Core& core, u64 address) {
    const X87& x87 = core.state().x87;
    for (u32 i = 0; i < 8; ++i, address += register_bytes) {
        const X87::Register& value = x87.registers[(x87.top + i) & 7];
        TRY_STATUS(core.write(core.wrapped(address), value.significand, 8, explicit_access));
        TRY_STATUS(core.write(core.wrapped(address + 8), value.sign_exponent, 2, explicit_access));
    }
    return {};
}

using Registers = std::array<X87::Register, 8>;
Faulting<Registers> load_registers(Core& core, u64 address) {
    Registers registers;
    for (X87::Register& value : registers) {
        value.significand = TRY(core.read(core.wrapped(address), 8, explicit_access));
        value.sign_exponent = static_cast<u16>(TRY(core.read(core.wrapped(address + 8), 2, explicit_access)));
        address += register_bytes;
    }
    return registers;
}

// Words or doublewords: control, status, tags, the instruction's pointer in two, the operand's pointer in two.
using Image = std::array<u32, 7>;

Image environment_of(const X87& x87, X87Layout layout) {
    const u32 status = x87.status | u32{x87.top} << 11;
    // The upper halves of what has 16 bits are ones.
    constexpr u32 ones = 0xffff'0000;
    Image image{ones | x87.control, ones | status, ones | x87_tag_word(x87)};
    const u32 instruction = static_cast<u32>(x87.instruction);
    const u32 data = static_cast<u32>(x87.data);
    if (layout.real) {
        image[3] = ones | (instruction & 0xffff);
        image[4] = (instruction >> 16 & 0xffff) << 12 | x87.opcode;
        image[5] = ones | (data & 0xffff);
        image[6] = (data >> 16 & 0xffff) << 12;
    } else {
        image[3] = instruction;
        image[4] = u32{x87.opcode} << 16;
        image[5] = data;
        image[6] = ones;
    }
    return image;
}

void take_environment(X87& x87, const Image& image, X87Layout layout) {
    x87.control = static_cast<u16>((image[0] & x87_control_bits) | x87_control_fixed);
    x87.top = image[1] >> 11 & 7;
    x87.status = static_cast<u16>(image[1] & 0xc7ff);
    x87.valid = 0;
    constexpr u32 empty = 3;
    for (u32 i = 0; i < 8; ++i)
        if ((image[2] >> (2 * i) & 3) != empty) x87.valid = static_cast<u8>(x87.valid | 1U << i);
    if (layout.real) {
        x87.instruction = (image[3] & 0xffff) | (image[4] >> 12 & 0xffff) << 16;
        x87.opcode = image[4] & 0x7ff;
        x87.data = (image[5] & 0xffff) | (image[6] >> 12 & 0xffff) << 16;
    } else {
        x87.instruction = image[3];
        x87.opcode = image[4] >> 16 & 0x7ff;
        x87.data = image[5];
    }
}

Faulting<Image> load_image(Core& core, u64 address, X87Layout layout) {
    const u32 unit = layout.wide ? 4 : 2;
    Image image{};
    for (u32& each : image) {
        each = static_cast<u32>(TRY(core.read(core.wrapped(address), unit, explicit_access)));
        address += unit;
    }
    return image;
}

} // namespace

u16 x87_tag_word(const X87& x87) {
    u32 tags = 0;
    for (u32 i = 0; i < 8; ++i) {
        const X87::Register& value = x87.registers[i];
        const u32 exponent = value.sign_exponent & 0x7fff;
        const bool zero = exponent == 0 && value.significand == 0;
        const bool special = exponent == 0 || exponent == 0x7fff || value.significand >> 63 == 0;
        const u32 tag = (x87.valid >> i & 1) == 0 ? 3 : zero ? 1 : special ? 2 : 0;
        tags |= tag << (2 * i);
    }
    return static_cast<u16>(tags);
}

Faulting<void> store_x87_environment(Core& core, u64 address, X87Layout layout) {
    TRY_STATUS(core.check_writable(address, layout.environment_bytes()));
    const u32 unit = layout.wide ? 4 : 2;
    for (const u32 each : environment_of(core.state().x87, layout)) {
        TRY_STATUS(core.write(core.wrapped(address), each & mask(layout.wide ? Size::dword : Size::word), unit,
                       explicit_access));
        address += unit;
    }
    return {};
}

Faulting<void> load_x87_environment(Core& core, u64 address, X87Layout layout) {
    take_environment(core.state().x87, TRY(load_image(core, address, layout)), layout);
    return {};
}

Faulting<void> store_x87_state(Core& core, u64 address, X87Layout layout) {
    TRY_STATUS(core.check_writable(address, layout.state_bytes()));
    TRY_STATUS(store_x87_environment(core, address, layout));
    return store_registers(core, address + layout.environment_bytes());
}

Faulting<void> load_x87_state(Core& core, u64 address, X87Layout layout) {
    const Image image = TRY(load_image(core, address, layout));
    const Registers registers = TRY(load_registers(core, address + layout.environment_bytes()));
    X87& x87 = core.state().x87;
    take_environment(x87, image, layout);
    for (u32 i = 0; i < 8; ++i) x87.registers[(x87.top + i) & 7] = registers[i];
    return {};
}

} // namespace orrery::x86
