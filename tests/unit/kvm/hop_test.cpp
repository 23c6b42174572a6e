// A guest that goes from a scripted KVM to translated code and back finds the code that there is.
#include <cerrno>

#include "accel/kvm/dirty_pages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_kvm.hpp"
#include "tests/support/kvm_test_machine.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;

namespace {

constexpr u64 for_ever = ~u64{0};
constexpr u8 program[] = {0x40, 0xeb, 0xfd}; // inc ax; jmp inc
constexpr u8 dec_ax = 0x48;

// A machine whose guest has been translated and is on KVM after the first of the script's exits.
struct Hops {
    explicit Hops(DirtyTracking way, u64 hand_over_every = 1)
        : fake(std::map<long, int>{{KVM_CAP_DIRTY_LOG_RING_ACQ_REL, 1 << 20}}),
          machine(&fake, {.facts = {.table_edits_seen = true},
                          .hand_over_every = hand_over_every,
                          .dirty_tracking = way,
                          .failed = {}}) {
        machine.begin(KvmTestMachine::Mode::real, program);
    }
    // What KVM's guest stores nobody hears of.
    void store(u64 address, u8 value) {
        machine.machine().memory().memory({address}, 1, true).front() = value;
        fake.store(fake.slots.begin()->first, address / page_size);
    }
    u64 blocks() { return machine.count("blocks compiled (baseline)"); }
    FakeKvm::Exit kicked() {
        return [this](kvm_run& shared) {
            machine.cpu().kick();
            shared.exit_reason = KVM_EXIT_INTR;
            return 0;
        };
    }

    FakeKvm fake;
    KvmTestMachine machine;
};

} // namespace

TEST_CASE("translated code that KVM's guest has changed isn't executed, and the rest isn't translated anew") {
    for (const auto way : {DirtyTracking::ring, DirtyTracking::cleared_log, DirtyTracking::log, DirtyTracking::none}) {
        INFO("way " << static_cast<u32>(way));
        Hops hops(way);
        u64 after_first = 0, after_second = 0;
        hops.fake.exits = {FakeKvm::exit(KVM_EXIT_INTR),
                           [&](kvm_run& shared) {
                               after_first = hops.blocks();
                               hops.store(KvmTestMachine::data, 1);
                               shared.exit_reason = KVM_EXIT_INTR;
                               return 0;
                           },
                           [&](kvm_run& shared) {
                               CHECK(hops.fake.given<kvm_regs>(KVM_SET_REGS).rax == 1000);
                               after_second = hops.blocks();
                               hops.store(KvmTestMachine::code, dec_ax);
                               shared.exit_reason = KVM_EXIT_INTR;
                               return 0;
                           },
                           hops.kicked()};
        CHECK(hops.machine.cpu().run(for_ever) == ExitReason::kicked);
        CHECK(hops.machine.state().r[0] == 500); // of 500, 1000, and 500 less
        CHECK((after_second == after_first) == (way != DirtyTracking::none));
        CHECK(hops.blocks() > after_second);
        CHECK(hops.machine.count("dirty pages") == (way == DirtyTracking::none ? 0 : 2));
    }
}

TEST_CASE("a full dirty ring is emptied, and the guest goes on") {
    Hops hops(DirtyTracking::ring, 0);
    CHECK(hops.machine.cpu().run(1) == ExitReason::deadline);
    hops.fake.exits = {[&](kvm_run& shared) {
                           hops.store(KvmTestMachine::data, 1);
                           shared.exit_reason = KVM_EXIT_DIRTY_RING_FULL;
                           return 0;
                       },
                       [&](kvm_run& shared) {
                           CHECK(hops.fake.requests[KVM_RESET_DIRTY_RINGS] == 1);
                           return hops.kicked()(shared);
                       }};
    CHECK(hops.machine.cpu().run(for_ever) == ExitReason::kicked);
    CHECK(hops.machine.failures.empty());
    CHECK(hops.machine.count("full dirty rings") == 1);
    CHECK(hops.machine.count("dirty pages") == 1);
}

TEST_CASE("a dirty ring that stays full ends the machine in a sentence") {
    Hops hops(DirtyTracking::ring, 0);
    CHECK(hops.machine.cpu().run(1) == ExitReason::deadline);
    hops.fake.exits = {[&](kvm_run& shared) {
        hops.store(KvmTestMachine::data, 1);
        hops.fake.failures[KVM_RESET_DIRTY_RINGS] = -EINTR;
        shared.exit_reason = KVM_EXIT_DIRTY_RING_FULL;
        return 0;
    }};
    hops.fake.then = FakeKvm::exit(KVM_EXIT_DIRTY_RING_FULL);
    CHECK(hops.machine.cpu().run(for_ever) == ExitReason::kicked);
    REQUIRE(hops.machine.failures.size() == 1);
    CHECK_THAT(hops.machine.failures.front(), Catch::Matchers::ContainsSubstring("KVM_EXIT_DIRTY_RING_FULL"));
}

TEST_CASE("a KVM that stops telling what was stored costs translations, not the guest") {
    for (const unsigned long request : {KVM_GET_DIRTY_LOG, static_cast<unsigned long>(KVM_CLEAR_DIRTY_LOG)}) {
        Hops hops(DirtyTracking::cleared_log);
        hops.fake.exits = {FakeKvm::exit(KVM_EXIT_INTR),
                           [&](kvm_run& shared) {
                               hops.fake.failures[request] = -EIO;
                               hops.store(KvmTestMachine::code, dec_ax);
                               shared.exit_reason = KVM_EXIT_INTR;
                               return 0;
                           },
                           hops.kicked()};
        CHECK(hops.machine.cpu().run(for_ever) == ExitReason::kicked);
        CHECK(hops.machine.failures.empty());
        CHECK(hops.machine.state().r[0] == 0);
    }
}
