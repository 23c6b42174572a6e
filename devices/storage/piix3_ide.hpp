// The IDE function of Intel's PIIX3 (82371SB datasheet, 290550-002, here "PIIX3"): two channels at the PC's old ports,
// with old interrupts, and their bus masters in one BAR. A channel is decoded while the command register's I/O bit and
// bit 15 of its timing register are set. The latter is so after power-on, unlike the chip's: EDK2 expects it of QEMU's.
#pragma once

#include "devices/pci/device.hpp"
#include "devices/storage/ide_channel.hpp"

namespace orrery {

class Piix3Ide final : public PciDevice {
public:
    static constexpr u32 channel_count = 2;
    static constexpr u64 command_block_base[channel_count] = {0x1f0, 0x170};
    static constexpr u64 control_block_base[channel_count] = {0x3f6, 0x376};
    static constexpr u32 interrupt[channel_count] = {14, 15};

    struct Wiring {
        Clock& clock;
        AddressSpace& memory;
        std::array<IrqLine, channel_count> irqs;
        // First and second drive of the first channel, then of the second; null where there is none.
        std::array<AtaDrive*, 4> drives;
    };
    Piix3Ide(std::string name, const Wiring& wiring);

    // The board maps their blocks at the bases above.
    IdeChannel& channel(u32 index) { return channels_[index]; }

    void write_config(u32 offset, u32 value, Width width) override;

    [[nodiscard]] std::string_view type() const override { return "piix3-ide"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    class BusMasters final : public IoHandler {
    public:
        explicit BusMasters(Piix3Ide& function) : function_(function) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        Piix3Ide& function_;
    };
    void update_decoding();

    BusMasters bus_masters_{*this};
    std::array<IdeChannel, channel_count> channels_;
};

} // namespace orrery
