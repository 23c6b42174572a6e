// Makes a board's CPUs run on KVM: what they share, and a CPU around each one that is translated. On hosts without KVM
// create_engine() says so.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "accel/kvm/host.hpp"
#include "accel/kvm/x86/irqchip.hpp"
#include "cpu/cpu.hpp"
#include "cpu/environment.hpp"
#include "cpu/x86/feature.hpp"
#include "machine/fabric/event_loop.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::x86 {
class Processor;
}
namespace orrery::dbt {
class DbtCpu;
class Translator;
} // namespace orrery::dbt

namespace orrery::kvm {

enum class DirtyTracking : u8; // accel/kvm/dirty_pages.hpp

struct EngineOptions {
    HostFacts facts; // of this host
    Irqchip irqchip = Irqchip::user;
    // By which devices' doorbells are answered; null: by the CPUs that ring them.
    EventLoop* events = nullptr;
    // For tests: after so many exits an instruction runs on the software CPU though KVM could; 0: never.
    u64 fallback_every = 0;
    // For tests: after so many exits the software CPU has the guest for a while, translated; 0: never.
    u64 hand_over_every = 0;
    // How KVM says what its guests store: the best way that this host has.
    DirtyTracking dirty_tracking{};
    // The host can't go on. On any thread.
    std::function<void(Error)> failed;
};

class Engine {
public:
    virtual ~Engine() = default;
    // Those of a model that guests can have here; on hosts whose CPUID can't be masked those of all models.
    [[nodiscard]] virtual x86::Features features(x86::Features model) const = 0;
    // At which the guests' time-stamp counters run, whatever the machine would like.
    [[nodiscard]] virtual u64 time_stamp_hz() const = 0;
    // A CPU with the name and the state of `software`, which runs what KVM can't. `processor` is what that works on.
    virtual Result<std::unique_ptr<Cpu>> create_cpu(std::unique_ptr<dbt::DbtCpu> software, x86::Processor& processor,
                                                    dbt::Translator& translator) = 0;
};

// `environment` outlives the engine, and the engine its CPUs.
Result<std::unique_ptr<Engine>> create_engine(SystemCalls& calls, CpuEnvironment& environment, EngineOptions options);
// The host's own KVM.
Result<std::unique_ptr<Engine>> create_engine(CpuEnvironment& environment, EngineOptions options);

} // namespace orrery::kvm
