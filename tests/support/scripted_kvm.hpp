// A CPU on a scripted KVM, as the tests of one need it.
#pragma once

#include <cerrno>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fake_kvm.hpp"
#include "tests/support/kvm_test_machine.hpp"

namespace orrery::test {

// A host on which the small guests did what they should.
inline kvm::HostFacts full_host() {
    kvm::HostFacts facts;
    kvm::HostFacts::fields(facts, [](std::string_view, auto& value) { value = 1; });
    return facts;
}

// A machine in real mode on `fake`, before a halt. It is kicked when the script is at its end.
struct ScriptedKvm {
    static constexpr u64 for_ever = ~u64{0};

    explicit ScriptedKvm(kvm::HostFacts facts = full_host(), std::map<long, int> capabilities = {},
                         kvm::Irqchip irqchip = kvm::Irqchip::user)
        : fake(std::move(capabilities)), machine(&fake, {.facts = facts, .irqchip = irqchip, .failed = {}}) {
        fake.then = [this](kvm_run&) {
            machine.cpu().kick();
            return -EINTR;
        };
        constexpr u8 halt[] = {0xf4};
        machine.begin(KvmTestMachine::Mode::real, halt);
    }
    ExitReason run() { return machine.cpu().run(for_ever); }
    // The one failure that there was.
    std::string failure() {
        REQUIRE(machine.failures.size() == 1);
        return machine.failures.front();
    }

    FakeKvm fake;
    KvmTestMachine machine;
};

} // namespace orrery::test
