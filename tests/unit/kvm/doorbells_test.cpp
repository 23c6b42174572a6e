// Devices' doorbells on a scripted KVM.
#include "accel/kvm/doorbells.hpp"

#include <unistd.h>

#include "machine/machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

using Notes = std::vector<NoteTaker::Note>;
constexpr u64 base = 0x1'0000, elsewhere = 0x5'0000;

// Two registers that are doorbells, and one beyond the device's window.
class Ringing final : public IoHandler {
public:
    NoteTaker notes;
    u64 read(u64, Width) override { return 0; }
    void write(u64 offset, u64 value, Width width) override { notes.write(offset, value, width); }
    [[nodiscard]] std::vector<Doorbell> doorbells() const override {
        return {{0x10, Width::half, 0}, {0x14, Width::half, 1}, {0xfff, Width::half, 2}};
    }
};

struct Room {
    Room() {
        machine = Machine::create({}).value();
        vm = VirtualMachine::create(fake).value();
        map(base);
    }
    void map(u64 address) {
        REQUIRE(machine->memory().map({.base = {address}, .size_bytes = page_size, .io = &device, .name = "device"}));
    }
    std::unique_ptr<Doorbells> hang() { return Doorbells::create(*vm, machine->memory(), machine->events()).value(); }
    // As the guest does by a write.
    void ring(u64 address) {
        const u64 once = 1;
        REQUIRE(::write(fake.bells.at(address).fd, &once, sizeof once) == sizeof once);
    }
    std::vector<u64> places() {
        std::vector<u64> places;
        for (const auto& [address, bell] : fake.bells) places.push_back(address);
        return places;
    }

    FakeKvm fake;
    Ringing device;
    std::unique_ptr<Machine> machine;
    std::unique_ptr<VirtualMachine> vm;
};

} // namespace

TEST_CASE("doorbells hang where devices say, and go with their windows") {
    Room room;
    auto doorbells = room.hang();
    CHECK(room.places() == std::vector<u64>{base + 0x10, base + 0x14});
    CHECK(room.fake.bells[base + 0x10].len == 2);
    CHECK(room.fake.bells[base + 0x10].flags == 0);
    room.machine->memory().unmap({base});
    CHECK(room.places().empty());
    room.map(elsewhere);
    CHECK(room.places() == std::vector<u64>{elsewhere + 0x10, elsewhere + 0x14});
    doorbells.reset();
    CHECK(room.places().empty());
}

TEST_CASE("the event loop carries out what was rung, once for several times") {
    Room room;
    const auto doorbells = room.hang();
    room.ring(base + 0x14);
    room.ring(base + 0x14);
    room.ring(base + 0x10);
    CHECK(room.device.notes.written.empty());
    room.machine->events().run_once(1'000'000'000);
    std::ranges::sort(room.device.notes.written, {}, &NoteTaker::Note::offset);
    CHECK(room.device.notes.written == Notes{{0x10, 0, 2}, {0x14, 1, 2}});
    CHECK(doorbells->answered() == 2);
    room.machine->events().run_once(0);
    CHECK(room.device.notes.written.size() == 2);
}

TEST_CASE("whoever leaves KVM answers by himself what is due") {
    Room room;
    const auto doorbells = room.hang();
    doorbells->answer();
    CHECK(room.device.notes.written.empty());
    room.ring(base + 0x10);
    doorbells->answer();
    CHECK(room.device.notes.written == Notes{{0x10, 0, 2}});
}

TEST_CASE("more doorbells than are looked at in one go are all answered") {
    Room room;
    const auto doorbells = room.hang();
    for (u64 i = 1; i <= 20; ++i) room.map(elsewhere + i * page_size);
    REQUIRE(room.places().size() == 42);
    for (const u64 place : room.places()) room.ring(place);
    doorbells->answer();
    CHECK(room.device.notes.written.size() == 42);
}

TEST_CASE("a doorbell that KVM refuses stays an exit, and so do those after it") {
    Room room;
    room.fake.failures[KVM_IOEVENTFD] = -ENOSPC;
    const auto doorbells = room.hang();
    CHECK(room.fake.requests[KVM_IOEVENTFD] == 1);
    room.map(elsewhere);
    CHECK(room.fake.requests[KVM_IOEVENTFD] == 1);
    doorbells->answer();
    CHECK(room.device.notes.written.empty());
}

TEST_CASE("a kernel without eventfds for guests is told by the capability's name") {
    Room room;
    room.fake.capabilities[KVM_CAP_IOEVENTFD] = 0;
    const auto refused = Doorbells::create(*room.vm, room.machine->memory(), room.machine->events());
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(), ContainsSubstring("KVM_CAP_IOEVENTFD"));
}

TEST_CASE("a CPU that has left KVM has rung no bell in vain") {
    FakeKvm fake;
    MachineLock lock;
    const auto never_run = EventLoop::create(lock).value();
    Ringing device;
    KvmTestMachine machine(&fake, {.facts = full_host(), .events = never_run.get(), .failed = {}});
    REQUIRE(machine.machine().memory().map(
        {.base = {elsewhere}, .size_bytes = page_size, .io = &device, .name = "device"}));
    constexpr u8 halt[] = {0xf4};
    machine.begin(KvmTestMachine::Mode::real, halt);
    fake.exits = {[&](kvm_run& shared) {
        const u64 once = 1;
        REQUIRE(::write(fake.bells.at(elsewhere + 0x14).fd, &once, sizeof once) == sizeof once);
        CHECK(device.notes.written.empty());
        shared.exit_reason = KVM_EXIT_HLT;
        return 0;
    }};
    CHECK(machine.cpu().run(ScriptedKvm::for_ever) == ExitReason::halted);
    CHECK(device.notes.written == Notes{{0x14, 1, 2}});
    CHECK(machine.count("KVM doorbells") == 1);
}
