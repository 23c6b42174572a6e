// What every virtio device has in common (VirtIO 1.2, 2): status, features, queues, interrupt causes, configuration.
// A transport (mmio.hpp, pci.hpp) gives the driver its registers and calls in; a device answers by handling chains.
// All of it runs under the machine lock.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "devices/virtio/virtqueue.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

// The side of a transport that a device sees.
class VirtioTransport {
public:
    virtual ~VirtioTransport() = default;
    // Some interrupt cause is set, or none is any more.
    virtual void set_interrupt(bool pending) = 0;
};

// Where a virtio device finds its machine.
struct VirtioWiring {
    AddressSpace& memory;
    Clock& clock;
};

class VirtioDevice : public Component {
public:
    using Virtqueue = virtio::Virtqueue;
    using Chain = virtio::Chain;

    // 2.1 Device Status Field
    enum StatusBit : u8 {
        acknowledge = 1,
        driver = 2,
        driver_ok = 4,
        features_ok = 8,
        device_needs_reset = 64,
        failed = 128,
    };
    enum InterruptCause : u8 { queue_used = 1, config_changed = 2 };

    // `device_id` as of 5; each queue's largest size is a power of two.
    VirtioDevice(std::string name, const VirtioWiring& wiring, u16 device_id, std::span<const u16> queue_sizes);

    // For transports.
    void attach(VirtioTransport& transport) { transport_ = &transport; }
    [[nodiscard]] u16 device_id() const { return device_id_; }
    [[nodiscard]] u32 offered_features(u32 half) const;
    void accept_features(u32 half, u32 features);
    [[nodiscard]] u32 accepted_features(u32 half) const;
    [[nodiscard]] u8 status() const { return s_.status; }
    void set_status(u8 status);
    [[nodiscard]] u8 interrupt_causes() const { return s_.interrupt_causes; }
    void clear_interrupt_causes(u8 causes);
    [[nodiscard]] u8 config_generation() const { return s_.config_generation; }
    u64 read_config(u64 offset, Width width);
    void write_config(u64 offset, u64 value, Width width);
    [[nodiscard]] u32 queue_count() const { return static_cast<u32>(queues_.size()); }
    // Null if the device has no such queue.
    Virtqueue* queue(u32 index) { return index < queues_.size() ? &queues_[index] : nullptr; }
    // Queue `index` may have new requests.
    void notify(u32 index);

    void reset() final;
    void state(StateVisitor& visitor) final;
    void restored() override;

protected:
    // The device's own feature bits; those of the rings are added here.
    [[nodiscard]] virtual u64 own_features() const = 0;
    // The device configuration, as the driver reads it.
    [[nodiscard]] virtual std::span<const u8> config() const = 0;
    virtual void config_written(u64 offset, u64 value, Width width);
    virtual void queue_notified(u32 index) = 0;
    virtual void device_reset() {}
    virtual void device_state(StateVisitor&) {}

    // The driver runs and hasn't been asked to reset.
    [[nodiscard]] bool live() const { return (s_.status & (driver_ok | device_needs_reset)) == driver_ok; }
    [[nodiscard]] bool accepted(u64 feature) const { return (s_.accepted_features & feature) != 0; }
    // 2.1.1: the driver broke the rules; nothing happens any more until it resets the device.
    void need_reset(std::string_view why);
    // The next request of a queue, or null: it is empty, or just proved malformed.
    Chain* pop(u32 index);
    void push(u32 index, const Chain& chain, u32 written_bytes) { queues_[index].push(chain.head, written_bytes); }
    // Interrupts if the driver wants to know of what was pushed.
    void signal(u32 index);
    void notify_config_changed();
    // Handles every request of a queue: `handle(chain)` returns how many bytes it wrote, or empty if the chain broke
    // the device's rules and need_reset() was called. A queue that is refilled as fast as it empties, or is given huge
    // requests, is left in between so that the machine lock isn't held for ever.
    template <typename Handle> void drain(u32 index, Handle&& handle) {
        u64 bytes_done = 0;
        for (u32 done = 0; done < requests_per_visit && bytes_done < bytes_per_visit; ++done) {
            Chain* chain = pop(index);
            if (!chain) return signal(index);
            bytes_done += chain->readable_bytes + chain->writable_bytes;
            const std::optional<u32> written = handle(*chain);
            if (!written) return;
            push(index, *chain, *written);
        }
        signal(index);
        visit_later(index);
    }

    GuestMemory& memory() { return memory_; }

private:
    static constexpr u32 requests_per_visit = 1024;
    static constexpr u64 bytes_per_visit = 64 * MiB;
    static constexpr std::size_t most_queues = 8;

    struct State {
        u8 status = 0;
        u8 interrupt_causes = 0;
        u8 config_generation = 0;
        u8 queues_to_visit = 0; // a bit each; most_queues
        u64 visit_at_ns = 0;
        u64 accepted_features = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("status", s.status);
            f("interrupt_causes", s.interrupt_causes);
            f("config_generation", s.config_generation);
            f("queues_to_visit", s.queues_to_visit);
            f("visit_at_ns", s.visit_at_ns);
            f("accepted_features", s.accepted_features);
        }
    };
    void visit_later(u32 index);
    void visit_queues();
    void raise(u8 cause);

    // configuration
    u16 device_id_;
    // wiring
    GuestMemory memory_;
    VirtioTransport* transport_ = nullptr;
    Timer visit_timer_;
    // state
    State s_;
    std::vector<Virtqueue> queues_;

    Chain chain_;
};

} // namespace orrery
