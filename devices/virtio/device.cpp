#include "devices/virtio/device.hpp"

#include <cstring>

#include "machine/fabric/log.hpp"
#include "machine/fabric/result.hpp"

namespace orrery {
namespace {

log::TracePoint trace_notify{"virtio.notify"};
log::TracePoint trace_status{"virtio.status"};

constexpr u64 ring_features =
    virtio::feature_version_1 | virtio::feature_indirect_descriptors | virtio::feature_event_index;

} // namespace

VirtioDevice::VirtioDevice(std::string name, const VirtioWiring& wiring, u16 device_id,
                           std::span<const u16> queue_sizes)
    : Component(std::move(name)), device_id_(device_id), memory_(wiring.memory),
      visit_timer_(wiring.clock, this->name() + ".queues", [this] { visit_queues(); }) {
    ORRERY_ASSERT(queue_sizes.size() <= most_queues, "queues_to_visit has a bit for each queue");
    queues_.reserve(queue_sizes.size());
    for (const u16 size : queue_sizes) queues_.emplace_back(memory_, s_.accepted_features, size);
}

u32 VirtioDevice::offered_features(u32 half) const {
    const u64 all = own_features() | ring_features;
    return half == 0 ? static_cast<u32>(all) : half == 1 ? static_cast<u32>(all >> 32) : 0;
}

u32 VirtioDevice::accepted_features(u32 half) const {
    return half == 0   ? static_cast<u32>(s_.accepted_features)
           : half == 1 ? static_cast<u32>(s_.accepted_features >> 32)
                       : 0;
}

void VirtioDevice::accept_features(u32 half, u32 features) {
    if (half > 1 || (s_.status & features_ok) != 0) {
        if (features != 0) log::guest_error(name(), "features {:#x} of half {} written too late", features, half);
        return;
    }
    const u32 shift = half * 32;
    s_.accepted_features = (s_.accepted_features & ~(u64{0xffffffff} << shift)) | (u64{features} << shift);
}

void VirtioDevice::set_status(u8 status) {
    trace_status("{}: {:#x} -> {:#x}", name(), s_.status, status);
    if (status == 0) return reset();
    const u8 before = s_.status;
    // VERSION_1 isn't insisted on: xv6 drives the modern registers without ever writing the upper half.
    if ((status & features_ok) && !(before & features_ok) &&
        (s_.accepted_features & ~(own_features() | ring_features)) != 0) {
        log::guest_error(name(), "features {:#x} accepted that were not offered", s_.accepted_features);
        status &= static_cast<u8>(~features_ok);
    }
    s_.status = static_cast<u8>(status | (before & device_needs_reset));
    if (!(before & driver_ok) && live())
        for (u32 index = 0; index < queue_count(); ++index) notify(index);
}

void VirtioDevice::raise(u8 cause) {
    s_.interrupt_causes |= cause;
    if (transport_) transport_->set_interrupt(true);
}

void VirtioDevice::clear_interrupt_causes(u8 causes) {
    s_.interrupt_causes &= static_cast<u8>(~causes);
    if (transport_ && s_.interrupt_causes == 0) transport_->set_interrupt(false);
}

u64 VirtioDevice::read_config(u64 offset, Width width) {
    u64 value = 0;
    const std::span<const u8> all = config();
    if (offset < all.size()) std::memcpy(&value, all.data() + offset, std::min(bytes(width), all.size() - offset));
    return value;
}

void VirtioDevice::write_config(u64 offset, u64 value, Width width) {
    config_written(offset, value & mask(width), width);
}

void VirtioDevice::config_written(u64 offset, u64 value, Width) {
    log::guest_error(name(), "{:#x} written to the read-only configuration at {:#x}", value, offset);
}

void VirtioDevice::notify(u32 index) {
    trace_notify("{}: queue {}", name(), index);
    if (index >= queue_count()) {
        log::guest_error(name(), "queue {} notified, there are {}", index, queue_count());
        return;
    }
    if (live() && queues_[index].s.ready) queue_notified(index);
}

void VirtioDevice::need_reset(std::string_view why) {
    log::guest_error(name(), "needs a reset: {}", why);
    if (s_.status & device_needs_reset) return;
    s_.status |= device_needs_reset;
    if (s_.status & driver_ok) notify_config_changed();
}

void VirtioDevice::notify_config_changed() {
    ++s_.config_generation;
    raise(config_changed);
}

VirtioDevice::Chain* VirtioDevice::pop(u32 index) {
    if (!live()) return nullptr;
    switch (queues_[index].pop(chain_)) {
    case Virtqueue::Pop::chain:
        return &chain_;
    case Virtqueue::Pop::broken:
        need_reset(queues_[index].fault());
        return nullptr;
    case Virtqueue::Pop::empty:
        break;
    }
    return nullptr;
}

void VirtioDevice::signal(u32 index) {
    if (queues_[index].wants_interrupt()) raise(queue_used);
}

void VirtioDevice::visit_later(u32 index) {
    if (s_.queues_to_visit == 0) {
        s_.visit_at_ns = visit_timer_.clock().now_ns();
        visit_timer_.arm_at(s_.visit_at_ns);
    }
    s_.queues_to_visit |= static_cast<u8>(1U << index);
}

void VirtioDevice::visit_queues() {
    const u8 due = std::exchange(s_.queues_to_visit, u8{0});
    for (u32 index = 0; index < queue_count(); ++index)
        if (due >> index & 1) notify(index);
}

void VirtioDevice::reset() {
    visit_timer_.cancel();
    s_ = {};
    for (Virtqueue& queue : queues_) queue.reset();
    device_reset();
    if (transport_) transport_->set_interrupt(false);
}

void VirtioDevice::state(StateVisitor& visitor) {
    visit_fields(visitor, s_);
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        visitor.enter(fmt::format("queue[{}]", i));
        Virtqueue::State& queue = queues_[i].s;
        Virtqueue::State::fields(queue, [&](std::string_view field, auto& member) { visit(visitor, field, member); });
        visitor.leave();
    }
    device_state(visitor);
}

void VirtioDevice::restored() {
    visit_timer_.cancel();
    if (s_.queues_to_visit != 0) visit_timer_.arm_at(s_.visit_at_ns);
}

} // namespace orrery
