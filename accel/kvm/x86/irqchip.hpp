// Where the local APICs of machines on KVM are: with the devices, or in KVM while CPUs run on it ("split", as the API
// document calls it). The 8259s and the I/O APIC are devices either way.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery::kvm {

enum class Irqchip : u8 { user, split };

} // namespace orrery::kvm
