#include "tests/kvm/real_kvm.hpp"

#include <fmt/format.h>

#include "accel/kvm/x86/machine.hpp"

namespace orrery::test {

bool has_kvm() {
    const auto machine = kvm::create_x86_machine(kvm::host_system_calls());
    if (!machine) fmt::print("skipped: {}\n", machine.error().message());
    return machine.has_value();
}

} // namespace orrery::test
