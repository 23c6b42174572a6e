// Model-specific registers of a vCPU, read and written many at a time.
#pragma once

#include <span>
#include <vector>

#include "accel/kvm/virtual_machine.hpp"

namespace orrery::kvm {

class MsrList {
public:
    void clear() { words_.assign(1, 0); }
    void add(u32 index, u64 value = 0);
    [[nodiscard]] std::span<kvm_msr_entry> entries();
    // The same registers with the same values.
    [[nodiscard]] bool operator==(const MsrList& other) const;

    // Reads or writes all; the error names the first that KVM refuses.
    Status read(const Vcpu& vcpu);
    Status write(const Vcpu& vcpu);

private:
    Status ask(const Vcpu& vcpu, unsigned long number, std::string_view name);

    std::vector<u64> words_ = {0}; // a kvm_msrs and its entries
};

} // namespace orrery::kvm
