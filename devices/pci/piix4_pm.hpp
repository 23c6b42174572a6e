// The power management function of Intel's PIIX4 (82371AB, April 1997, order 290562, here "PIIX4", chapter 7): a
// register that says at which ports the ACPI hardware is. The SMBus isn't there.
#pragma once

#include "devices/pci/device.hpp"

namespace orrery {

class Piix4Pm final : public PciDevice {
public:
    static constexpr u64 ports_size_bytes = 0x40;

    // `hardware` answers at the ports, 40h of them. Its interrupt isn't a PCI interrupt.
    Piix4Pm(std::string name, IoHandler& hardware);

    void write_config(u32 offset, u32 value, Width width) override;
    [[nodiscard]] std::vector<PciBarWindow> enabled_windows() const override;

    [[nodiscard]] std::string_view type() const override { return "piix4-pm"; }

private:
    IoHandler& hardware_;
};

} // namespace orrery
