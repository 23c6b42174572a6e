// A split virtqueue seen from the device (VirtIO 1.2, 2.7), with indirect descriptors and event indices. Everything it
// reads lies in guest memory and is believed only after a check: a malformed ring yields Pop::broken with a reason,
// after which the device asks its driver for a reset. Used under the machine lock.
#pragma once

#include <string>
#include <vector>

#include "devices/virtio/guest_memory.hpp"
#include "machine/fabric/state_visitor.hpp"

namespace orrery::virtio {

// Feature bits of the rings and transports (VirtIO 1.2, 6).
inline constexpr u64 feature_indirect_descriptors = u64{1} << 28;
inline constexpr u64 feature_event_index = u64{1} << 29;
inline constexpr u64 feature_version_1 = u64{1} << 32;

// One request: first the buffers that the driver filled, then those that the device is to fill.
struct Chain {
    u16 head = 0;
    std::vector<Segment> segments;
    std::size_t readable_count = 0;
    u64 readable_bytes = 0;
    u64 writable_bytes = 0;

    [[nodiscard]] std::span<const Segment> readable() const { return std::span(segments).first(readable_count); }
    [[nodiscard]] std::span<const Segment> writable() const { return std::span(segments).subspan(readable_count); }
    void clear();
};

class Virtqueue {
public:
    // A chain may have this many buffers, be they in the ring's own table or an indirect one, and this many bytes
    // (2.7.4.2 sets the latter).
    static constexpr std::size_t most_segments = 1024;
    static constexpr u64 most_bytes = u64{1} << 32;

    struct State {
        u16 size = 0;
        bool ready = false;
        u64 descriptor_area = 0;
        u64 driver_area = 0;
        u64 device_area = 0;
        u16 next_available = 0;
        u16 next_used = 0;
        u16 signalled_used = 0;
        bool signalled = false;
        static constexpr void fields(auto& s, auto&& f) {
            f("size", s.size);
            f("ready", s.ready);
            f("descriptor_area", s.descriptor_area);
            f("driver_area", s.driver_area);
            f("device_area", s.device_area);
            f("next_available", s.next_available);
            f("next_used", s.next_used);
            f("signalled_used", s.signalled_used);
            f("signalled", s.signalled);
        }
    };

    enum class Pop : u8 { empty, chain, broken };

    // `features` are what the driver has accepted; `maximum_size` is a power of two.
    Virtqueue(GuestMemory& memory, const u64& features, u16 maximum_size)
        : memory_(memory), features_(features), maximum_size_(maximum_size) {
        reset();
    }

    [[nodiscard]] u16 maximum_size() const { return maximum_size_; }
    // The registers that a transport shows. What the driver writes is judged when the queue is used.
    State s;
    void reset();

    // Takes the next request. `chain` is reused to spare allocations.
    Pop pop(Chain& chain);
    // Returns a request to the driver with the number of bytes written to its writable part, counted from the first.
    void push(u16 head, u32 written_bytes);
    // Whether the driver wants to hear of what was pushed since this was last asked (2.7.7, 2.7.10).
    bool wants_interrupt();
    // Why the last pop() said broken.
    [[nodiscard]] const std::string& fault() const { return fault_; }

private:
    Pop broken(std::string why);
    bool layout_is_valid();
    [[nodiscard]] u16 load_index(u64 address);
    bool walk(u16 head, Chain& chain);
    bool add(Chain& chain, GuestPhysical address, u32 size_bytes, bool writable);
    [[nodiscard]] bool has(u64 feature) const { return (features_ & feature) != 0; }

    GuestMemory& memory_;
    const u64& features_;
    u16 maximum_size_;
    std::string fault_;
};

} // namespace orrery::virtio
