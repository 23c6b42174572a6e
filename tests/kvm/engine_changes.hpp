// Moves a machine from engine to engine while it runs: KVM, the translator twice, the interpreter,
// and KVM between them.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <stop_token>

#include "app/debug/controller.hpp"

namespace orrery::test {

class EngineChanges {
public:
    using Duration = std::chrono::microseconds;
    // Calls change_after() as often as it likes, on a thread of its own.
    using Plan = std::function<void(EngineChanges&)>;

    explicit EngineChanges(Machine& machine) : machine_(machine), controller_(machine, false) {}

    // In place of Machine::run(). A change that fails ends the test.
    Outcome run(const Plan& plan);
    // False: the machine has ended, and nothing was changed.
    bool change_after(Duration pause);
    // The same until the translator has it, and then until `reached`.
    bool translate_until(const std::function<bool()>& reached);

    [[nodiscard]] u64 count() const { return count_; }
    [[nodiscard]] bool on_kvm() const { return count_ % 2 == 0; }
    // Those in the upper half of the address space, where kernels are.
    [[nodiscard]] u64 count_in_kernel() const { return in_kernel_; }

private:
    void change();

    Machine& machine_;
    app::DebugController controller_;
    std::stop_token ended_;
    std::atomic<u64> count_ = 0;
    std::atomic<u64> in_kernel_ = 0;
};

} // namespace orrery::test
