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

void MemorySlots::renew(bool none_written) {
    const std::lock_guard guard(mutex_);
    const std::size_t lost_before = lost_.size();
    follow({});
    if (none_written) lost_.resize(lost_before);
    follow(wanted());
}

Status MemorySlots::log_writes(bool wanted) {
    const std::lock_guard guard(mutex_);
    if (logged_ == wanted) return {};
    logged_ = wanted;
    lost_.clear();
    Status done;
    for (const auto& [address, slot] : slots_)
        if (!slot.read_only)
            if (const Status changed = set(address, slot); !changed) done = changed;
    return done;
}

Status MemorySlots::visit_logged(const std::function<Status(u32 number, const Part& memory)>& work,
                                 std::vector<Part>& lost) {
    const std::lock_guard guard(mutex_);
    lost.insert(lost.end(), lost_.begin(), lost_.end());
    lost_.clear();
    for (const auto& [address, slot] : slots_)
        if (is_logged(slot)) TRY_STATUS(work(slot.number, slot.memory));
    return {};
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
        slots[first] = {.memory = {window.ram, window.ram_offset + skipped, size}, .read_only = window.read_only};
    }
    return slots;
}

// First everything that has gone: slots mustn't overlap, and in its place only whether one is logged can be changed.
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
    const Status done = machine_.set_slot(
        {.slot = slot.number, .flags = 0, .guest_phys_addr = address, .memory_size = 0, .userspace_addr = 0});
    if (!done) {
        failed_(done.error().in(fmt::format("taking the guest's memory at {:#x} away", address)));
        return false;
    }
    free_numbers_.push_back(slot.number);
    if (is_logged(slot)) lost_.push_back(slot.memory);
    return true;
}

Status MemorySlots::set(u64 address, const Slot& slot) {
    u32 flags = slot.read_only ? KVM_MEM_READONLY : 0;
    if (is_logged(slot)) flags |= KVM_MEM_LOG_DIRTY_PAGES;
    return machine_.set_slot({.slot = slot.number,
                              .flags = flags,
                              .guest_phys_addr = address,
                              .memory_size = slot.memory.size_bytes,
                              .userspace_addr = reinterpret_cast<u64>(slot.memory.ram->host() + slot.memory.offset)});
}

bool MemorySlots::give(u64 address, Slot slot) {
    slot.number = free_number();
    const Status done = set(address, slot);
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
