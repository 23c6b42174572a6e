// The virtio-mmio transport, register layout version 2 (VirtIO 1.2, 4.2.2): a window of 4 KiB and one interrupt line.
// Without a device it is an empty slot, which drivers recognise by device ID 0.
#pragma once

#include "devices/virtio/device.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class VirtioMmio final : public Component, public IoHandler, public VirtioTransport {
public:
    static constexpr u64 window_bytes = 0x1000;

    VirtioMmio(std::string name, IrqLine irq, VirtioDevice* device);

    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    void set_interrupt(bool pending) override { irq_.set(pending); }

    [[nodiscard]] std::string_view type() const override { return "virtio-mmio"; }
    void reset() override { s_ = {}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        u32 device_features_select = 0;
        u32 driver_features_select = 0;
        u32 queue_select = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("device_features_select", s.device_features_select);
            f("driver_features_select", s.driver_features_select);
            f("queue_select", s.queue_select);
        }
    };
    u32 read_register(u64 offset);
    void write_register(u64 offset, u32 value);
    void write_queue_register(u64 offset, u32 value);

    IrqLine irq_;
    VirtioDevice* device_;
    State s_;
};

} // namespace orrery
