// What CPUID tells a guest under KVM: the machine's model, as far as the host supports it.
#pragma once

#include "accel/kvm/x86/cpuid_table.hpp"
#include "cpu/x86/model.hpp"

namespace orrery::kvm {

// Those of the model that KVM on this host supports.
x86::Features supported_features(const CpuidTable& supported, x86::Features model);

CpuidTable guest_cpuid(const CpuidTable& supported, const x86::Identity& identity);

// Bits of feature leaves that a guest is told though `wanted` hasn't got them.
u32 excess_features(const CpuidTable& wanted, const CpuidTable& told);

} // namespace orrery::kvm
