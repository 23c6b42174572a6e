// Random bytes from the host's kernel. Not for deterministic mode.
#pragma once

#include "devices/virtio/entropy.hpp"

namespace orrery {

class HostEntropy final : public EntropySource {
public:
    void fill(std::span<u8> out) override;
};

} // namespace orrery
