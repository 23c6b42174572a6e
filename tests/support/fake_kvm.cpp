#include "tests/support/fake_kvm.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "accel/kvm/virtual_machine.hpp"
#include "accel/kvm/x86/requests.hpp"

namespace orrery::test {
namespace {

// A request that reads what another one has written.
struct Pair {
    unsigned long reads, writes;
};
constexpr Pair pairs[] = {
    {KVM_GET_REGS, KVM_SET_REGS},
    {KVM_GET_SREGS, KVM_SET_SREGS},
    {KVM_GET_XCRS, KVM_SET_XCRS},
    {KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS},
    {KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS},
    {KVM_GET_XSAVE, KVM_SET_XSAVE},
    {KVM_GET_LAPIC, KVM_SET_LAPIC},
    {KVM_GET_MP_STATE, KVM_SET_MP_STATE},
    {KVM_GET_CPUID2, KVM_SET_CPUID2},
};
constexpr u32 number_of(unsigned long request) { return static_cast<u32>(request & 0xffff); }
constexpr std::size_t xsave_bytes = 4096, list_header_bytes = 8;

bool is_list(u32 number) { return number == number_of(KVM_SET_CPUID2); }

} // namespace

int FakeKvm::open(const char*) {
    if (open_result >= 0) ++open_files;
    return open_result;
}

void* FakeKvm::map(int file, std::size_t size_bytes, std::size_t offset_bytes) {
    if (offset_bytes == KVM_DIRTY_LOG_PAGE_OFFSET * 4096) {
        if (!maps_rings || size_bytes != ring_bytes_) return nullptr;
        return rings_.emplace(file, Ring{std::vector<kvm_dirty_gfn>(size_bytes / sizeof(kvm_dirty_gfn))})
            .first->second.entries.data();
    }
    if (size_bytes != shared_bytes || offset_bytes != 0) return nullptr;
    auto& shared = shared_[file];
    shared = std::make_unique<Shared>();
    std::memset(shared->bytes, 0, sizeof shared->bytes);
    return shared->bytes;
}

int FakeKvm::set_slot(const kvm_userspace_memory_region& slot) {
    if ((slot.flags & KVM_MEM_LOG_DIRTY_PAGES) == 0) logs_.erase(slot.slot);
    if (slot.memory_size == 0) return slots.erase(slot.slot) ? 0 : -EINVAL;
    for (const auto& [number, other] : slots)
        if (number != slot.slot && slot.guest_phys_addr < other.guest_phys_addr + other.memory_size &&
            other.guest_phys_addr < slot.guest_phys_addr + slot.memory_size)
            return -EEXIST;
    if (!slots.contains(slot.slot) && slots.size() >= most_slots) return -ENOSPC;
    slots[slot.slot] = slot;
    return 0;
}

void FakeKvm::store(u32 slot, u64 page, u32 vcpu) {
    const auto found = slots.find(slot);
    if (found == slots.end() || (found->second.flags & KVM_MEM_LOG_DIRTY_PAGES) == 0) return;
    if (ring_bytes_ == 0) {
        logs_[slot].insert(page);
        return;
    }
    Ring& ring = rings_.at(first_vcpu + static_cast<int>(vcpu));
    ring.entries[ring.next++ % ring.entries.size()] = {KVM_DIRTY_GFN_F_DIRTY, slot, page};
}

int FakeKvm::enable(const kvm_enable_cap& capability) {
    if (capability.cap == KVM_CAP_DIRTY_LOG_RING || capability.cap == KVM_CAP_DIRTY_LOG_RING_ACQ_REL) {
        if (!shared_.empty()) return -EINVAL;
        ring_bytes_ = capability.args[0];
    }
    if (capability.cap == KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) clears_by_request_ = true;
    return 0;
}

int FakeKvm::read_log(const kvm_dirty_log& log) {
    const auto slot = slots.find(log.slot);
    if (slot == slots.end() || (slot->second.flags & KVM_MEM_LOG_DIRTY_PAGES) == 0) return -ENOENT;
    auto* words = static_cast<u64*>(log.dirty_bitmap);
    std::fill_n(words, (slot->second.memory_size / 4096 + 63) / 64, 0);
    for (const u64 page : logs_[log.slot]) words[page / 64] |= u64{1} << page % 64;
    if (!clears_by_request_) logs_[log.slot].clear();
    return 0;
}

int FakeKvm::clear_log(const kvm_clear_dirty_log& log) {
    const auto slot = slots.find(log.slot);
    if (slot == slots.end() || !clears_by_request_ || log.first_page % 64 != 0) return -EINVAL;
    const u64 end = log.first_page + log.num_pages, pages = slot->second.memory_size / 4096;
    if (end > pages || (end < pages && log.num_pages % 64 != 0)) return -EINVAL;
    const auto* words = static_cast<const u64*>(log.dirty_bitmap);
    for (u64 i = 0; i < log.num_pages; ++i)
        if ((words[i / 64] >> i % 64 & 1) != 0) logs_[log.slot].erase(log.first_page + i);
    return 0;
}

int FakeKvm::reset_rings() {
    if (reset_signals != 0) return --reset_signals, -EINTR;
    int count = 0;
    for (auto& [vcpu, ring] : rings_) {
        for (;; ++ring.oldest, ++count) {
            kvm_dirty_gfn& entry = ring.entries[ring.oldest % ring.entries.size()];
            if ((entry.flags & KVM_DIRTY_GFN_F_RESET) == 0) break;
            entry.flags = 0;
        }
    }
    return count;
}

int FakeKvm::run(int file) {
    auto& shared = *reinterpret_cast<kvm_run*>(shared_[file]->bytes);
    const bool takes = !waits_for_start_up || !shared.immediate_exit;
    if (const int refused = takes ? take_shared(shared) : 0) return refused;
    int result = -EINTR;
    if (!shared.immediate_exit && signal_waits_) {
        result = stopped ? stopped(shared) : -EINTR;
    } else if (!shared.immediate_exit && !exits.empty()) {
        const Exit exit = exits.front();
        exits.pop_front();
        result = exit(shared);
    } else if (!shared.immediate_exit && then) {
        result = then(shared);
    }
    show_shared(shared);
    if (show_ready) shared.ready_for_interrupt_injection = 1;
    return result;
}

// Groups that aren't offered mustn't be asked for.
int FakeKvm::take_shared(kvm_run& shared) {
    const auto offered = static_cast<u64>(capability(KVM_CAP_SYNC_REGS));
    if (((shared.kvm_valid_regs | shared.kvm_dirty_regs) & ~offered) != 0) return -EINVAL;
    const auto take = [&](u64 group, unsigned long request, const auto& structure) {
        if ((shared.kvm_dirty_regs & group) == 0) return;
        give(request, structure);
        shared.kvm_dirty_regs &= ~group;
    };
    take(KVM_SYNC_X86_REGS, KVM_SET_REGS, shared.s.regs.regs);
    if (system_registers_refused && (shared.kvm_dirty_regs & KVM_SYNC_X86_SREGS) != 0) return -EINVAL;
    take(KVM_SYNC_X86_SREGS, KVM_SET_SREGS, shared.s.regs.sregs);
    take(KVM_SYNC_X86_EVENTS, KVM_SET_VCPU_EVENTS, shared.s.regs.events);
    return 0;
}

void FakeKvm::show_shared(kvm_run& shared) {
    if (shared.kvm_valid_regs & KVM_SYNC_X86_REGS) shared.s.regs.regs = given<kvm_regs>(KVM_SET_REGS);
    if (shared.kvm_valid_regs & KVM_SYNC_X86_SREGS) shared.s.regs.sregs = given<kvm_sregs>(KVM_SET_SREGS);
    if (shared.kvm_valid_regs & KVM_SYNC_X86_EVENTS) shared.s.regs.events = given<kvm_vcpu_events>(KVM_SET_VCPU_EVENTS);
}

int FakeKvm::hang_bell(const kvm_ioeventfd& bell) {
    if (bell.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) {
        const auto found = bells.find(bell.addr);
        if (found == bells.end() || found->second.fd != bell.fd || found->second.len != bell.len) return -ENOENT;
        bells.erase(found);
        return 0;
    }
    return bells.try_emplace(bell.addr, bell).second ? 0 : -EEXIST;
}

int FakeKvm::set_attribute(const kvm_device_attr& attribute) {
    if (attribute.group != KVM_VCPU_TSC_CTRL || attribute.attr != KVM_VCPU_TSC_OFFSET) return -ENXIO;
    time_stamp_offsets.push_back(*reinterpret_cast<const u64*>(attribute.addr));
    return 0;
}

int FakeKvm::capability(long number) const {
    const auto found = capabilities.find(number);
    return found == capabilities.end() ? 1 : found->second;
}

// Structures are kept as bytes.
int FakeKvm::transfer(unsigned long request, std::uintptr_t argument) {
    const u32 number = number_of(request);
    auto* bytes = reinterpret_cast<u8*>(argument);
    for (const Pair& pair : pairs) {
        const u32 key = number_of(pair.writes);
        if (number != key && number != number_of(pair.reads)) continue;
        const std::size_t fixed_bytes = number_of(pair.writes) == number_of(KVM_SET_XSAVE) ? xsave_bytes
                                        : is_list(key)                                     ? list_header_bytes
                                                       : static_cast<std::size_t>(_IOC_SIZE(request));
        u32 count = 0;
        if (is_list(key)) std::memcpy(&count, bytes, sizeof count);
        const std::size_t size_bytes = fixed_bytes + count * sizeof(kvm_cpuid_entry2);
        std::vector<u8>& kept = contents_[key];
        if (number == key) {
            kept.assign(bytes, bytes + size_bytes);
        } else {
            kept.resize(std::max(kept.size(), size_bytes));
            std::memcpy(bytes, kept.data(), size_bytes);
        }
        return 0;
    }
    return 0;
}

int FakeKvm::transfer_msrs(bool write, std::uintptr_t argument) {
    u32 count = 0;
    std::memcpy(&count, reinterpret_cast<const u8*>(argument), sizeof count);
    auto* entries = reinterpret_cast<kvm_msr_entry*>(argument + list_header_bytes);
    for (u32 i = 0; i < count; ++i) {
        u64& kept = msrs[entries[i].index];
        if (write) kept = entries[i].data;
        entries[i].data = kept;
    }
    return static_cast<int>(count);
}

int FakeKvm::set_routes(std::uintptr_t argument) {
    const u32 count = *reinterpret_cast<const u32*>(argument);
    const auto* entries = reinterpret_cast<const kvm_irq_routing_entry*>(argument + list_header_bytes);
    routes.assign(entries, entries + count);
    return 0;
}

int FakeKvm::ioctl(int file, unsigned long request, std::uintptr_t argument) {
    ++requests[request];
    if (observer) observer(request);
    if (const auto failure = failures.find(request); failure != failures.end()) return failure->second;
    switch (request) {
    case KVM_GET_API_VERSION:
        return api_version;
    case KVM_GET_VCPU_MMAP_SIZE:
        return static_cast<int>(shared_bytes);
    case KVM_CHECK_EXTENSION:
        return capability(static_cast<long>(argument));
    case KVM_CREATE_VM:
        ++open_files;
        return machine;
    case KVM_CREATE_VCPU:
        ++open_files;
        return first_vcpu + static_cast<int>(argument);
    case KVM_SET_USER_MEMORY_REGION:
        return set_slot(*reinterpret_cast<const kvm_userspace_memory_region*>(argument));
    case KVM_ENABLE_CAP:
        return enable(*reinterpret_cast<const kvm_enable_cap*>(argument));
    case KVM_GET_DIRTY_LOG:
        return read_log(*reinterpret_cast<const kvm_dirty_log*>(argument));
    case KVM_CLEAR_DIRTY_LOG:
        return clear_log(*reinterpret_cast<const kvm_clear_dirty_log*>(argument));
    case KVM_RESET_DIRTY_RINGS:
        return reset_rings();
    case KVM_GET_TSC_KHZ:
        return time_stamp_khz;
    case KVM_IOEVENTFD:
        return hang_bell(*reinterpret_cast<const kvm_ioeventfd*>(argument));
    case KVM_SET_DEVICE_ATTR:
        return set_attribute(*reinterpret_cast<const kvm_device_attr*>(argument));
    case KVM_RUN:
        return run(file);
    case kvm::request::get_msrs:
    case kvm::request::set_msrs:
        return transfer_msrs(request == kvm::request::set_msrs, argument);
    case kvm::request::set_gsi_routing:
        return set_routes(argument);
    case KVM_SIGNAL_MSI:
        messages.push_back(*reinterpret_cast<const kvm_msi*>(argument));
        return 1;
    case kvm::set_signal_mask:
        signal_waits_ = argument != 0;
        return 0;
    default:
        return transfer(request, argument);
    }
}

} // namespace orrery::test
