// The virtio entropy device (VirtIO 1.2, 5.4): fills whatever buffers the driver offers.
#pragma once

#include "devices/virtio/device.hpp"
#include "devices/virtio/entropy.hpp"

namespace orrery {

class VirtioRng final : public VirtioDevice {
public:
    VirtioRng(std::string name, const VirtioWiring& wiring, EntropySource& source);

    [[nodiscard]] std::string_view type() const override { return "virtio-rng"; }

private:
    [[nodiscard]] u64 own_features() const override { return 0; }
    [[nodiscard]] std::span<const u8> config() const override { return {}; }
    void queue_notified(u32 index) override;
    void device_reset() override { source_.reset(); }
    void device_state(StateVisitor& visitor) override { source_.state(visitor); }

    EntropySource& source_;
};

} // namespace orrery
