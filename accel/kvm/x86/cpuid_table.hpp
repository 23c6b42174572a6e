// What CPUID tells a vCPU: the list that KVM takes and gives.
#pragma once

#include <span>
#include <vector>

#include "accel/kvm/virtual_machine.hpp"

namespace orrery::kvm {

class CpuidTable {
public:
    CpuidTable() : CpuidTable(0) {}
    // What the host's KVM can do for guests.
    static Result<CpuidTable> supported(const VirtualMachine& machine);
    // What the vCPU's guest is told in truth.
    static Result<CpuidTable> of(const Vcpu& vcpu);

    Status give_to(const Vcpu& vcpu);
    void add(const kvm_cpuid_entry2& entry);
    [[nodiscard]] std::span<kvm_cpuid_entry2> entries();
    // Null: there is none.
    [[nodiscard]] const kvm_cpuid_entry2* find(u32 leaf, u32 subleaf) const;

private:
    explicit CpuidTable(u32 count);
    [[nodiscard]] kvm_cpuid2& header() { return *reinterpret_cast<kvm_cpuid2*>(words_.data()); }
    static Result<CpuidTable> read(const File& file, unsigned long number, std::string_view name);

    std::vector<u64> words_; // a kvm_cpuid2 and its entries
};

} // namespace orrery::kvm
