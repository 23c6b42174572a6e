#include "accel/kvm/memory_slots.hpp"

#include <algorithm>

namespace orrery::kvm {

MemorySlots::MemorySlots(VirtualMachine& machine, AddressSpace& memory, std::function<void(Error)> failed)
    : machine_(machine), memory_(memory), failed_(std::move(failed)) {
    memory_.add_listener(*this);
    mapping_changed();
}

void MemorySlots::mapping_changed() {
    const std::lock_guard guard(mutex_);
    follow(wanted());
}

void MemorySlots::renew() {
    const std::lock_guard guard(mutex_);
    follow({});
    follow(wanted());
}

// Slots are whole pages; what a window has beyond them is reached by exits.
MemorySlots::Slots MemorySlots::wanted() const {
    Slots slots;
    const auto view = memory_.view();
    for (const Window& window : view->windows) {
        if (!window.ram) continue;
        const u64 first = (window.base.value + page_size - 1) & ~(page_size - 1);
        const u64 skipped = first - window.base.value;
        if (skipped >= window.size_bytes || (window.ram_offset + skipped) % page_size != 0) continue;
        const u64 size = (window.size_bytes - skipped) & ~(page_size - 1);
        if (size == 0) continue;
        slots[first] = {.size_bytes = size,
                        .host = window.ram->host() + window.ram_offset + skipped,
                        .read_only = window.read_only};
    }
    return slots;
}

// First everything that has gone: slots mustn't overlap, and none can be changed in its place.
void MemorySlots::follow(Slots wanted) {
    for (auto slot = slots_.begin(); slot != slots_.end();) {
        const auto same = wanted.find(slot->first);
        const bool stays = same != wanted.end() && same->second.shows(slot->second);
        if (!stays && !take_away(slot->first, slot->second)) return;
        slot = stays ? std::next(slot) : slots_.erase(slot);
    }
    for (const auto& [address, slot] : wanted)
        if (!slots_.contains(address) && !give(address, slot)) return;
}

bool MemorySlots::take_away(u64 address, const Slot& slot) {
    const Status done = machine_.set_slot({.slot = slot.number,
                                           .flags = 0,
                                           .guest_phys_addr = address,
                                           .memory_size = 0,
                                           .userspace_addr = reinterpret_cast<u64>(slot.host)});
    if (!done)
        failed_(done.error().in(fmt::format("taking the guest's memory at {:#x} away", address)));
    else
        free_numbers_.push_back(slot.number);
    return done.has_value();
}

bool MemorySlots::give(u64 address, Slot slot) {
    slot.number = free_number();
    const Status done = machine_.set_slot({.slot = slot.number,
                                           .flags = slot.read_only ? u32{KVM_MEM_READONLY} : 0,
                                           .guest_phys_addr = address,
                                           .memory_size = slot.size_bytes,
                                           .userspace_addr = reinterpret_cast<u64>(slot.host)});
    if (!done) {
        free_numbers_.push_back(slot.number);
        failed_(done.error().in(fmt::format("giving the guest memory at {:#x}", address)));
        return false;
    }
    slots_[address] = slot;
    return true;
}

u32 MemorySlots::free_number() {
    if (free_numbers_.empty()) return next_number_++;
    const u32 number = free_numbers_.back();
    free_numbers_.pop_back();
    return number;
}

} // namespace orrery::kvm
