// The virtio-pci transport, modern only (VirtIO 1.2, 4.1), with INTx interrupts: a PCI function whose one BAR holds the
// structures that its vendor capabilities point at.
#pragma once

#include "devices/pci/device.hpp"
#include "devices/virtio/device.hpp"

namespace orrery {

class VirtioPci final : public PciDevice, public IoHandler, public VirtioTransport {
public:
    VirtioPci(std::string name, VirtioDevice& device);

    // The BAR.
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;
    [[nodiscard]] std::vector<Doorbell> doorbells() const override;

    u32 read_config(u32 offset, Width width) override;
    void write_config(u32 offset, u32 value, Width width) override;

    void set_interrupt(bool pending) override { set_interrupt_pending(pending); }

    [[nodiscard]] std::string_view type() const override { return "virtio-pci"; }
    void reset() override;
    void state(StateVisitor& visitor) override;

private:
    struct State {
        u32 device_feature_select = 0;
        u32 driver_feature_select = 0;
        u16 queue_select = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("device_feature_select", s.device_feature_select);
            f("driver_feature_select", s.driver_feature_select);
            f("queue_select", s.queue_select);
        }
    };
    u64 read_common(u64 offset);
    void write_common(u64 offset, u32 value, Width width);
    void write_queue_register(u64 offset, u32 value, Width width);
    // The BAR access that the driver has set up in the configuration access capability, if it is a valid one.
    struct ConfigAccess {
        u32 offset;
        Width width;
    };
    [[nodiscard]] std::optional<ConfigAccess> config_access() const;

    VirtioDevice& device_;
    u8 config_access_at_ = 0;
    State s_;
};

} // namespace orrery
