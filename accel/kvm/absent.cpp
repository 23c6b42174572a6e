// Hosts that have no KVM for guests of any board.
#include "accel/kvm/host.hpp"

namespace orrery::kvm {

HostReport examine_host_once(const std::optional<std::filesystem::path>&) {
    return {.reasons = {"this host isn't Linux on x86-64, the only one whose KVM runs guests here"}, .facts = {}};
}

} // namespace orrery::kvm
