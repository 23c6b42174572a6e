#include "devices/virtio/rng.hpp"

#include <algorithm>

namespace orrery {
namespace {

constexpr u16 entropy_device_id = 4;
constexpr std::array<u16, 1> queue_sizes{64};

} // namespace

VirtioRng::VirtioRng(std::string name, const VirtioWiring& wiring, EntropySource& source)
    : VirtioDevice(std::move(name), wiring, entropy_device_id, queue_sizes), source_(source) {}

void VirtioRng::queue_notified(u32 index) {
    drain(index, [this](Chain& chain) -> std::optional<u32> {
        // 5.4.6.2: at least one byte; a huge buffer needn't be filled.
        if (chain.writable_bytes == 0) {
            need_reset("an entropy request without room");
            return std::nullopt;
        }
        std::array<u8, 4096> buffer;
        const std::span<u8> part = std::span(buffer).first(std::min<u64>(buffer.size(), chain.writable_bytes));
        source_.fill(part);
        memory().write(chain.writable(), 0, part);
        return static_cast<u32>(part.size());
    });
}

} // namespace orrery
