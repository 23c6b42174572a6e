#include "tests/kvm/engine_changes.hpp"

#include <array>
#include <thread>

#include "tests/support/catch.hpp"

namespace orrery::test {
namespace {

// Between the first two, translations stay.
constexpr std::array order{EngineKind::kvm,        EngineKind::translator, EngineKind::kvm,
                           EngineKind::translator, EngineKind::kvm,        EngineKind::interpreter};

} // namespace

Outcome EngineChanges::run(const Plan& plan) {
    std::jthread changer([&](const std::stop_token& ended) {
        ended_ = ended;
        plan(*this);
    });
    const Outcome outcome = controller_.run();
    changer.request_stop();
    changer.join();
    controller_.tell_end(outcome.code);
    return outcome;
}

bool EngineChanges::change_after(Duration pause) {
    std::this_thread::sleep_for(pause);
    const u64 wanted = count_ + 1;
    {
        const MachineEntry entry(machine_.lock());
        controller_.while_still([this] { change(); }, [] {});
    }
    while (count_ < wanted && !ended_.stop_requested()) std::this_thread::yield();
    return count_ == wanted;
}

bool EngineChanges::translate_until(const std::function<bool()>& reached) {
    while (order[count_ % order.size()] != EngineKind::translator)
        if (!change_after({})) return false;
    while (!reached()) {
        if (ended_.stop_requested()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

void EngineChanges::change() {
    const EngineKind next = order[(count_ + 1) % order.size()];
    if (machine_.cpus().front()->pc() >> 63 != 0) ++in_kernel_;
    for (Cpu* cpu : machine_.cpus())
        if (const Status changed = cpu->use_engine(next); !changed) FAIL(changed.error().message());
    ++count_;
}

} // namespace orrery::test
