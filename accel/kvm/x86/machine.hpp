// What an x86 virtual machine needs before its first vCPU.
#pragma once

#include "accel/kvm/virtual_machine.hpp"
#include "accel/kvm/x86/irqchip.hpp"

namespace orrery::kvm {

// An empty machine in which vCPUs may be made: all capabilities that we use are there, or the error names those that
// aren't.
Result<std::unique_ptr<VirtualMachine>> create_x86_machine(SystemCalls& calls);

// Model-specific registers that guests read and write without us. The others become exits by ask_for_msrs().
bool kept_by_kvm(u32 msr, Irqchip irqchip);
Status ask_for_msrs(const VirtualMachine& machine, Irqchip irqchip);

} // namespace orrery::kvm
