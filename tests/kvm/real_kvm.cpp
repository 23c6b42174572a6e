#include "tests/kvm/real_kvm.hpp"

#include <fmt/format.h>

#include "accel/kvm/x86/machine.hpp"

namespace orrery::test {

bool has_kvm() {
    const auto machine = kvm::create_x86_machine(kvm::host_system_calls());
    if (!machine) fmt::print("skipped: {}\n", machine.error().message());
    return machine.has_value();
}

std::vector<kvm::DirtyTracking> dirty_tracking_ways() {
    using enum kvm::DirtyTracking;
    std::vector<kvm::DirtyTracking> ways;
    for (const auto way : {ring, cleared_log, log}) {
        auto machine = kvm::create_x86_machine(kvm::host_system_calls()).value();
        const auto enabled = kvm::DirtyPages::enable(*machine, way);
        if (enabled)
            ways.push_back(way);
        else
            fmt::print("left out: {}\n", enabled.error().message());
    }
    return ways;
}

} // namespace orrery::test
