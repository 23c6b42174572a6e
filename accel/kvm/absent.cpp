// Hosts that have no KVM for guests of any board.
#include "accel/kvm/x86/engine.hpp"

namespace orrery::kvm {
namespace {

constexpr const char* absent = "this host isn't Linux on x86-64, the only one whose KVM runs guests here";

} // namespace

HostReport examine_host_once(const std::optional<std::filesystem::path>&) { return {.reasons = {absent}, .facts = {}}; }

Result<std::unique_ptr<Engine>> create_engine(CpuEnvironment&, EngineOptions) { return error("{}", absent); }

} // namespace orrery::kvm
