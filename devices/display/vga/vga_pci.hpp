// The VGA as the PCI card that guests know as 1234:1111 (QEMU's "std"): the frame buffer in BAR 0, all registers in the
// memory of BAR 2, and a BIOS in the expansion ROM, if the board has one. The ports and the window of old are there
// too.
#pragma once

#include "devices/display/vga/vga.hpp"
#include "devices/pci/device.hpp"

namespace orrery {

class VgaPci final : public PciDevice {
public:
    // `rom`: null, or memory whose size is a power of two.
    VgaPci(std::string name, Vga& vga, Ram* rom = nullptr);

    [[nodiscard]] std::string_view type() const override { return "vga-pci"; }

private:
    class RegisterBar final : public IoHandler {
    public:
        explicit RegisterBar(Vga& vga) : vga_(vga) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::half}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        Vga& vga_;
    };

    RegisterBar registers_;
};

} // namespace orrery
