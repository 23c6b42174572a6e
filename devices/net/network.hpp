// The two ends of an Ethernet cable: a network device of the guest and where its frames go on the host. Frames are
// whole, from destination address to payload, without checksum. Both ends are called under the machine lock.
#pragma once

#include <span>

#include "machine/fabric/state_visitor.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

inline constexpr std::size_t ethernet_header_bytes = 14;
// The largest payload that anything here carries is 1500 bytes, behind a header that may hold a VLAN tag.
inline constexpr std::size_t most_frame_bytes = 1518;

// The guest's end.
class NetworkReceiver {
public:
    virtual ~NetworkReceiver() = default;
    // Takes the frame or drops it; nothing is offered twice.
    virtual void receive(std::span<const u8> frame) = 0;
};

// The host's end.
class NetworkBackend {
public:
    virtual ~NetworkBackend() = default;
    // Who gets the frames from now on; a device calls it when it is built.
    void connect(NetworkReceiver& receiver) { receiver_ = &receiver; }
    // Must not block, and must not call receive() from here; what can't be taken is dropped, as a cable would.
    virtual void send(std::span<const u8> frame) = 0;

protected:
    [[nodiscard]] NetworkReceiver* receiver() const { return receiver_; }

private:
    NetworkReceiver* receiver_ = nullptr;
};

// A frame that waits, as state.
struct NetworkFrame {
    BoundedVector<u8, most_frame_bytes> bytes;
    static constexpr void fields(auto& s, auto&& f) { f("bytes", s.bytes); }
};

} // namespace orrery
