// The virtio network device (VirtIO 1.2, 5.1): one pair of queues, no offloads.
#pragma once

#include "devices/net/network.hpp"
#include "devices/virtio/device.hpp"

namespace orrery {

using MacAddress = std::array<u8, 6>;

class VirtioNet final : public VirtioDevice, public NetworkReceiver {
public:
    VirtioNet(std::string name, const VirtioWiring& wiring, NetworkBackend& backend, const MacAddress& mac);

    void receive(std::span<const u8> frame) override;

    [[nodiscard]] std::string_view type() const override { return "virtio-net"; }

private:
    // Frames that came while the driver had no buffer for them.
    static constexpr std::size_t most_waiting = 256;
    struct State {
        BoundedVector<NetworkFrame, most_waiting> waiting;
        static constexpr void fields(auto& s, auto&& f) { f("waiting", s.waiting); }
    };

    [[nodiscard]] u64 own_features() const override;
    [[nodiscard]] std::span<const u8> config() const override { return config_; }
    void queue_notified(u32 index) override;
    void device_reset() override { s_ = {}; }
    void device_state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

    // False: there is no buffer.
    bool deliver(std::span<const u8> frame);
    std::optional<u32> transmit(Chain& chain);

    std::array<u8, 8> config_{};
    NetworkBackend& backend_;
    State s_;
    std::vector<u8> outgoing_;
};

} // namespace orrery
