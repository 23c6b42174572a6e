#include "accel/kvm/x86/msr_list.hpp"

#include <algorithm>
#include <ranges>

#include "accel/kvm/x86/requests.hpp"

namespace orrery::kvm {
namespace {

constexpr std::size_t header_words = msrs_header_bytes / sizeof(u64);
constexpr std::size_t entry_words = sizeof(kvm_msr_entry) / sizeof(u64);
static_assert(header_words == 1 && sizeof(kvm_msr_entry) % sizeof(u64) == 0);

} // namespace

void MsrList::add(u32 index, u64 value) {
    words_.resize(words_.size() + entry_words);
    kvm_msr_entry& entry = entries().back();
    entry.index = index;
    entry.data = value;
}

std::span<kvm_msr_entry> MsrList::entries() {
    return {reinterpret_cast<kvm_msr_entry*>(words_.data() + header_words),
            (words_.size() - header_words) / entry_words};
}

bool MsrList::operator==(const MsrList& other) const {
    return std::ranges::equal(words_ | std::views::drop(header_words), other.words_ | std::views::drop(header_words));
}

// The result is how many were done: the first of those that weren't is the one that is at fault.
Status MsrList::ask(const Vcpu& vcpu, unsigned long number, std::string_view name) {
    const std::size_t count = entries().size();
    reinterpret_cast<kvm_msrs*>(words_.data())->nmsrs = static_cast<u32>(count);
    const int done = vcpu.file().request(number, reinterpret_cast<std::uintptr_t>(words_.data()));
    if (done < 0) return error("{}: {}", name, errno_text(-done));
    if (static_cast<std::size_t>(done) < count)
        return error("{}: the host refuses register {:#x}", name, entries()[static_cast<std::size_t>(done)].index);
    return {};
}

Status MsrList::read(const Vcpu& vcpu) { return ask(vcpu, request::get_msrs, "KVM_GET_MSRS"); }
Status MsrList::write(const Vcpu& vcpu) { return ask(vcpu, request::set_msrs, "KVM_SET_MSRS"); }

} // namespace orrery::kvm
