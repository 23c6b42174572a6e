#include "accel/kvm/x86/cpuid_table.hpp"

#include <algorithm>
#include <cerrno>

#include "accel/kvm/x86/requests.hpp"

namespace orrery::kvm {
namespace {

constexpr std::size_t words_of(u32 count) {
    return (cpuid_header_bytes + count * sizeof(kvm_cpuid_entry2) + sizeof(u64) - 1) / sizeof(u64);
}
constexpr u32 most_entries = 4096;

} // namespace

CpuidTable::CpuidTable(u32 count) : words_(words_of(count)) { header().nent = count; }

// KVM says only whether the room was enough (API document, KVM_GET_SUPPORTED_CPUID).
Result<CpuidTable> CpuidTable::read(const File& file, unsigned long number, std::string_view name) {
    int result = -E2BIG;
    for (u32 count = 128; count <= most_entries; count *= 2) {
        CpuidTable table(count);
        result = file.request(number, reinterpret_cast<std::uintptr_t>(table.words_.data()));
        if (result >= 0) return table;
        if (result != -E2BIG) break;
    }
    return error("{}: {}", name, errno_text(-result));
}

Result<CpuidTable> CpuidTable::supported(const VirtualMachine& machine) {
    return read(machine.device(), request::get_supported_cpuid, "KVM_GET_SUPPORTED_CPUID");
}

Result<CpuidTable> CpuidTable::of(const Vcpu& vcpu) { return read(vcpu.file(), request::get_cpuid, "KVM_GET_CPUID2"); }

Status CpuidTable::give_to(const Vcpu& vcpu) { return vcpu.file().ask(request::set_cpuid, header(), "KVM_SET_CPUID2"); }

std::span<kvm_cpuid_entry2> CpuidTable::entries() {
    auto* first = reinterpret_cast<kvm_cpuid_entry2*>(reinterpret_cast<u8*>(words_.data()) + cpuid_header_bytes);
    const std::size_t room = (words_.size() * sizeof(u64) - cpuid_header_bytes) / sizeof(kvm_cpuid_entry2);
    return {first, std::min<std::size_t>(header().nent, room)};
}

void CpuidTable::add(const kvm_cpuid_entry2& entry) {
    words_.resize(words_of(header().nent + 1));
    ++header().nent;
    entries().back() = entry;
}

const kvm_cpuid_entry2* CpuidTable::find(u32 leaf, u32 subleaf) const {
    const auto all = const_cast<CpuidTable*>(this)->entries();
    const auto found = std::ranges::find_if(all, [&](const kvm_cpuid_entry2& entry) {
        const bool indexed = (entry.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) != 0;
        return entry.function == leaf && (!indexed || entry.index == subleaf);
    });
    return found == all.end() ? nullptr : &*found;
}

} // namespace orrery::kvm
