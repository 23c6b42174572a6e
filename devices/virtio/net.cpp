#include "devices/virtio/net.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

constexpr u16 net_device_id = 1;
enum Queue : u32 { receive_queue = 0, transmit_queue = 1 };
constexpr std::array<u16, 2> queue_sizes{256, 256};

// 5.1.3 Feature bits
constexpr u64 feature_mac = u64{1} << 5;
constexpr u64 feature_status = u64{1} << 16;
constexpr u8 status_link_up = 1;

// 5.1.6: the header before every frame; without offloads only its num_buffers, the last two bytes, isn't 0.
constexpr std::size_t header_bytes = 12;
constexpr std::array<u8, header_bytes> received_header{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};

} // namespace

VirtioNet::VirtioNet(std::string name, const VirtioWiring& wiring, NetworkBackend& backend, const MacAddress& mac)
    : VirtioDevice(std::move(name), wiring, net_device_id, queue_sizes), backend_(backend) {
    std::ranges::copy(mac, config_.begin());
    config_[6] = status_link_up;
    backend_.connect(*this);
}

u64 VirtioNet::own_features() const { return feature_mac | feature_status; }

void VirtioNet::receive(std::span<const u8> frame) {
    if (!live() || frame.size() > most_frame_bytes) return;
    if (s_.waiting.empty() && deliver(frame)) return signal(receive_queue);
    if (s_.waiting.full()) return;
    s_.waiting.emplace_back().bytes.assign(frame.begin(), frame.end());
}

bool VirtioNet::deliver(std::span<const u8> frame) {
    Chain* chain = pop(receive_queue);
    if (!chain) return false;
    const u64 size = header_bytes + frame.size();
    u32 written = 0;
    if (chain->writable_bytes < size) {
        // 5.1.6.3.1: buffers hold the largest frame. The frame is lost, the buffer goes back empty.
        log::guest_error(name(), "a receive buffer of {} bytes for a frame of {}", chain->writable_bytes, frame.size());
    } else {
        memory().write(chain->writable(), 0, received_header);
        memory().write(chain->writable(), header_bytes, frame);
        written = static_cast<u32>(size);
    }
    push(receive_queue, *chain, written);
    return true;
}

void VirtioNet::queue_notified(u32 index) {
    if (index == transmit_queue) return drain(index, [this](Chain& chain) { return transmit(chain); });
    std::size_t delivered = 0;
    while (delivered < s_.waiting.size() && deliver(s_.waiting[delivered].bytes)) ++delivered;
    s_.waiting.erase(s_.waiting.begin(), s_.waiting.begin() + static_cast<std::ptrdiff_t>(delivered));
    signal(receive_queue);
}

std::optional<u32> VirtioNet::transmit(Chain& chain) {
    if (chain.readable_bytes < header_bytes + ethernet_header_bytes ||
        chain.readable_bytes > header_bytes + most_frame_bytes) {
        log::guest_error(name(), "a packet of {} bytes is dropped", chain.readable_bytes);
        return 0;
    }
    outgoing_.resize(chain.readable_bytes - header_bytes);
    if (memory().read(chain.readable(), header_bytes, outgoing_)) backend_.send(outgoing_);
    return 0;
}

} // namespace orrery
