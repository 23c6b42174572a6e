#include "devices/virtio/console.hpp"

#include <algorithm>

namespace orrery {
namespace {

constexpr u16 console_device_id = 3;
enum Queue : u32 { receive_queue = 0, transmit_queue = 1 };
constexpr std::array<u16, 2> queue_sizes{64, 64};

} // namespace

VirtioConsole::VirtioConsole(std::string name, const VirtioWiring& wiring, CharacterBackend& backend)
    : VirtioDevice(std::move(name), wiring, console_device_id, queue_sizes), backend_(backend) {
    backend_.connect(*this);
}

std::size_t VirtioConsole::receive(std::span<const u8> characters) {
    std::size_t taken = 0;
    while (taken < characters.size()) {
        Chain* chain = pop(receive_queue);
        if (!chain) break;
        if (chain->writable_bytes == 0) {
            need_reset("a receive buffer without room");
            break;
        }
        const std::size_t part = std::min<u64>(chain->writable_bytes, characters.size() - taken);
        memory().write(chain->writable(), 0, characters.subspan(taken, part));
        push(receive_queue, *chain, static_cast<u32>(part));
        taken += part;
    }
    if (taken != 0) signal(receive_queue);
    return taken;
}

void VirtioConsole::queue_notified(u32 index) {
    if (index == transmit_queue)
        drain(index, [this](Chain& chain) { return transmit(chain); });
    else
        backend_.resume_input();
}

std::optional<u32> VirtioConsole::transmit(Chain& chain) {
    std::array<u8, 4096> buffer;
    for (u64 done = 0; done < chain.readable_bytes;) {
        const std::span<u8> part = std::span(buffer).first(std::min<u64>(buffer.size(), chain.readable_bytes - done));
        if (!memory().read(chain.readable(), done, part)) break;
        backend_.write(part);
        done += part.size();
    }
    return 0;
}

} // namespace orrery
