#include "devices/virtio/virtqueue.hpp"

#include <atomic>
#include <bit>

#include <fmt/format.h>

namespace orrery::virtio {
namespace {

// 2.7.5 The Virtqueue Descriptor Table
struct Descriptor {
    u64 address;
    u32 size_bytes;
    u16 flags;
    u16 next;
};
static_assert(sizeof(Descriptor) == 16);
constexpr u16 descriptor_has_next = 1;
constexpr u16 descriptor_is_writable = 2;
constexpr u16 descriptor_is_indirect = 4;

// 2.7.6, 2.7.8: both rings start with `flags` and `idx`.
constexpr u64 index_offset = 2;
constexpr u64 ring_offset = 4;
constexpr u16 driver_wants_no_interrupt = 1;

struct UsedElement {
    u32 id;
    u32 written_bytes;
};

} // namespace

void Chain::clear() {
    head = 0;
    segments.clear();
    readable_count = 0;
    readable_bytes = writable_bytes = 0;
}

void Virtqueue::reset() {
    s = {};
    s.size = maximum_size_;
    fault_.clear();
}

Virtqueue::Pop Virtqueue::broken(std::string why) {
    fault_ = std::move(why);
    return Pop::broken;
}

// 2.7: sizes and alignments. Checked at each use, for the registers are the driver's to write at any time.
bool Virtqueue::layout_is_valid() {
    const u64 size = s.size;
    return std::has_single_bit(size) && size <= maximum_size_ && s.descriptor_area % 16 == 0 &&
           s.driver_area % 2 == 0 && s.device_area % 4 == 0 &&
           memory_.bytes({s.descriptor_area}, size * sizeof(Descriptor), false).size() == size * sizeof(Descriptor) &&
           memory_.bytes({s.driver_area}, ring_offset + size * 2 + 2, false).size() == ring_offset + size * 2 + 2 &&
           memory_.bytes({s.device_area}, ring_offset + size * 8 + 2, true).size() == ring_offset + size * 8 + 2;
}

// The driver's index is stored by a vCPU while we look; everything it covers must be seen after it.
u16 Virtqueue::load_index(u64 address) {
    u8* host = memory_.bytes({address}, 2, false).data();
    return std::atomic_ref<u16>(*reinterpret_cast<u16*>(host)).load(std::memory_order_acquire);
}

Virtqueue::Pop Virtqueue::pop(Chain& chain) {
    chain.clear();
    if (!s.ready) return Pop::empty;
    if (!layout_is_valid())
        return broken(fmt::format("a queue of size {} at {:#x}, {:#x}, {:#x} is misplaced", s.size, s.descriptor_area,
                                  s.driver_area, s.device_area));
    u16 pending = static_cast<u16>(load_index(s.driver_area + index_offset) - s.next_available);
    if (pending == 0) {
        if (!has(feature_event_index)) return Pop::empty;
        // 2.7.10: ask to be told of the next request, then look once more, for it may have come in between.
        memory_.store<u16>({s.device_area + ring_offset + u64{s.size} * 8}, s.next_available);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        pending = static_cast<u16>(load_index(s.driver_area + index_offset) - s.next_available);
        if (pending == 0) return Pop::empty;
    }
    if (pending > s.size) return broken(fmt::format("{} requests claimed in a ring of {}", pending, s.size));
    const u64 slot = s.next_available & (s.size - 1U);
    const u16 head = memory_.load<u16>({s.driver_area + ring_offset + slot * 2}).value_or(0xffff);
    if (!walk(head, chain)) return Pop::broken;
    ++s.next_available;
    return Pop::chain;
}

// 2.7.5.3: any number of plain descriptors, the last of which may stand for a table of more. The limit on segments also
// ends a chain that loops.
bool Virtqueue::walk(u16 head, Chain& chain) {
    GuestPhysical table{s.descriptor_area};
    u32 table_count = s.size;
    u32 index = head;
    bool indirect = false;
    chain.head = head;
    for (;;) {
        if (index >= table_count) return broken(fmt::format("descriptor {} of {}", index, table_count)), false;
        const auto descriptor = memory_.load<Descriptor>(table + u64{index} * sizeof(Descriptor));
        if (!descriptor) return broken(fmt::format("no memory at {:#x} for descriptors", table.value)), false;
        if (descriptor->flags & descriptor_is_indirect) {
            const bool valid = has(feature_indirect_descriptors) && !indirect &&
                               (descriptor->flags & descriptor_has_next) == 0 && descriptor->size_bytes != 0 &&
                               descriptor->size_bytes % sizeof(Descriptor) == 0;
            if (!valid)
                return broken(fmt::format("a misused indirect descriptor of {} bytes", descriptor->size_bytes)), false;
            table = {descriptor->address};
            table_count = static_cast<u32>(descriptor->size_bytes / sizeof(Descriptor));
            index = 0;
            indirect = true;
            continue;
        }
        const bool writable = (descriptor->flags & descriptor_is_writable) != 0;
        if (!add(chain, {descriptor->address}, descriptor->size_bytes, writable)) return false;
        if ((descriptor->flags & descriptor_has_next) == 0) return true;
        index = descriptor->next;
    }
}

bool Virtqueue::add(Chain& chain, GuestPhysical address, u32 size_bytes, bool writable) {
    if (size_bytes == 0) return broken("a buffer without bytes"), false;
    if (chain.segments.size() == most_segments) return broken("a chain that loops or is too long"), false;
    if (!writable && chain.readable_count != chain.segments.size())
        return broken("a readable buffer after a writable one"), false; // 2.7.4.2
    if (!memory_.is_ram(address, size_bytes, writable))
        return broken(fmt::format("a buffer of {} bytes at {:#x}, outside memory", size_bytes, address.value)), false;
    chain.segments.push_back({address, size_bytes});
    if (!writable) ++chain.readable_count;
    (writable ? chain.writable_bytes : chain.readable_bytes) += size_bytes;
    if (chain.readable_bytes + chain.writable_bytes > most_bytes) return broken("a chain of over 4 GiB"), false;
    return true;
}

void Virtqueue::push(u16 head, u32 written_bytes) {
    if (!layout_is_valid()) return;
    const u64 slot = s.next_used & (s.size - 1U);
    memory_.store(GuestPhysical{s.device_area + ring_offset + slot * sizeof(UsedElement)},
                  UsedElement{head, written_bytes});
    ++s.next_used;
    u8* host = memory_.bytes({s.device_area + index_offset}, 2, true).data();
    std::atomic_ref<u16>(*reinterpret_cast<u16*>(host)).store(s.next_used, std::memory_order_release);
    memory_.written({s.device_area + index_offset}, 2);
}

bool Virtqueue::wants_interrupt() {
    if (!s.ready || !layout_is_valid()) return false;
    const u16 before = s.signalled_used;
    const bool valid = s.signalled;
    if (valid && before == s.next_used) return false;
    if (!valid && s.next_used == 0) return false;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    s.signalled_used = s.next_used;
    s.signalled = true;
    if (!has(feature_event_index)) return (load_index(s.driver_area) & driver_wants_no_interrupt) == 0;
    if (!valid) return true;
    // 2.7.7.2: whether the index passed the driver's mark since we last told it.
    const u16 mark = load_index(s.driver_area + ring_offset + u64{s.size} * 2);
    return static_cast<u16>(s.next_used - mark - 1) < static_cast<u16>(s.next_used - before);
}

} // namespace orrery::virtio
