// The virtio console (VirtIO 1.2, 5.3) with its one port, leading to a character back end.
#pragma once

#include "devices/serial/character.hpp"
#include "devices/virtio/device.hpp"

namespace orrery {

class VirtioConsole final : public VirtioDevice, public CharacterReceiver {
public:
    VirtioConsole(std::string name, const VirtioWiring& wiring, CharacterBackend& backend);

    std::size_t receive(std::span<const u8> characters) override;

    [[nodiscard]] std::string_view type() const override { return "virtio-console"; }

private:
    [[nodiscard]] u64 own_features() const override { return 0; }
    [[nodiscard]] std::span<const u8> config() const override { return config_; }
    void queue_notified(u32 index) override;
    std::optional<u32> transmit(Chain& chain);

    std::array<u8, 12> config_{}; // 5.3.4: no feature makes any of it valid
    CharacterBackend& backend_;
};

} // namespace orrery
