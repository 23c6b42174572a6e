#include "tests/support/fake_kvm.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

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
    {KVM_GET_MSRS, KVM_SET_MSRS},
    {KVM_GET_CPUID2, KVM_SET_CPUID2},
};
constexpr u32 number_of(unsigned long request) { return static_cast<u32>(request & 0xffff); }
constexpr std::size_t xsave_bytes = 4096, list_header_bytes = 8;

std::size_t entries_bytes(u32 number, u32 count) {
    return number == number_of(KVM_SET_MSRS) ? count * sizeof(kvm_msr_entry) : count * sizeof(kvm_cpuid_entry2);
}
bool is_list(u32 number) { return number == number_of(KVM_SET_MSRS) || number == number_of(KVM_SET_CPUID2); }

} // namespace

int FakeKvm::open(const char*) {
    if (open_result >= 0) ++open_files;
    return open_result;
}

void* FakeKvm::map(int file, std::size_t size_bytes) {
    if (size_bytes != shared_bytes) return nullptr;
    auto& shared = shared_[file];
    shared = std::make_unique<Shared>();
    std::memset(shared->bytes, 0, sizeof shared->bytes);
    return shared->bytes;
}

int FakeKvm::set_slot(const kvm_userspace_memory_region& slot) {
    if (slot.memory_size == 0) return slots.erase(slot.slot) ? 0 : -EINVAL;
    for (const auto& [number, other] : slots)
        if (number != slot.slot && slot.guest_phys_addr < other.guest_phys_addr + other.memory_size &&
            other.guest_phys_addr < slot.guest_phys_addr + slot.memory_size)
            return -EEXIST;
    if (!slots.contains(slot.slot) && slots.size() >= most_slots) return -ENOSPC;
    slots[slot.slot] = slot;
    return 0;
}

int FakeKvm::run(int file) {
    auto& shared = *reinterpret_cast<kvm_run*>(shared_[file]->bytes);
    if (shared.immediate_exit) return -EINTR;
    if (exits.empty()) return then ? then(shared) : -EINTR;
    const Exit exit = exits.front();
    exits.pop_front();
    return exit(shared);
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
        const std::size_t size_bytes = fixed_bytes + (is_list(key) ? entries_bytes(key, count) : 0);
        std::vector<u8>& kept = contents_[key];
        if (number == key) {
            kept.assign(bytes, bytes + size_bytes);
        } else {
            kept.resize(std::max(kept.size(), size_bytes));
            std::memcpy(bytes, kept.data(), size_bytes);
        }
        return number_of(pair.reads) == number_of(KVM_GET_MSRS) ? static_cast<int>(count) : 0;
    }
    return 0;
}

int FakeKvm::ioctl(int file, unsigned long request, std::uintptr_t argument) {
    ++requests[request];
    if (const auto failure = failures.find(request); failure != failures.end()) return failure->second;
    switch (request) {
    case KVM_GET_API_VERSION:
        return api_version;
    case KVM_GET_VCPU_MMAP_SIZE:
        return static_cast<int>(shared_bytes);
    case KVM_CHECK_EXTENSION: {
        const auto found = capabilities.find(static_cast<long>(argument));
        return found == capabilities.end() ? 1 : found->second;
    }
    case KVM_CREATE_VM:
        ++open_files;
        return machine;
    case KVM_CREATE_VCPU:
        ++open_files;
        return first_vcpu + static_cast<int>(argument);
    case KVM_SET_USER_MEMORY_REGION:
        return set_slot(*reinterpret_cast<const kvm_userspace_memory_region*>(argument));
    case KVM_RUN:
        return run(file);
    default:
        return transfer(request, argument);
    }
}

} // namespace orrery::test
