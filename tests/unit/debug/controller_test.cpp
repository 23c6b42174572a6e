// A machine under a debugger, on both engines.
#include <array>
#include <cstring>

#include "app/debug/controller.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/riscv_test_machine.hpp"

namespace orrery::app {
namespace {

using test::RiscvTestMachine;

constexpr u64 base = RiscvTestMachine::ram_base;
constexpr u64 data = base + 0x10000;
constexpr u32 a0 = 10;
constexpr u32 a1 = 11;
constexpr u32 a2 = 12;

// Counts a0 up for ever, storing it to the address in a1 and loading it back into a2.
constexpr std::array<u32, 5> counting{
    0x00150513, // base + 0:  addi a0, a0, 1
    0x00a5b023, // base + 4:  sd a0, 0(a1)
    0x0005b603, // base + 8:  ld a2, 0(a1)
    0x00000013, // base + 12: nop
    0xff1ff06f, // base + 16: j base
};

class Debugged {
public:
    explicit Debugged(dbt::Engine engine) : guest({.engine = engine}), controller(guest.machine(), true) {
        std::array<u8, sizeof counting> code{};
        std::memcpy(code.data(), counting.data(), code.size());
        guest.write(base, std::span<const u8>(code));
        guest.cpu().set_entry(base, {});
        guest.registers().x[a1] = data;
        controller.add_listener([this](const Stop& stop) {
            stops.push_back(stop);
            if (next < plan.size())
                controller.resume(plan[next++]);
            else
                controller.kill();
        });
    }

    // Resumes as `all` say, one after each stop, and then ends the run.
    Outcome run(std::vector<Resume> all) {
        plan = std::move(all);
        controller.resume(plan[0]);
        next = 1;
        stops.clear();
        return controller.run();
    }
    u64 x(u32 number) { return guest.registers().x[number]; }
    u64 pc() { return guest.cpu().pc(); }

    RiscvTestMachine guest;
    DebugController controller;
    std::vector<Stop> stops;
    std::vector<Resume> plan;
    std::size_t next = 0;
};

constexpr Resume go_on{};
constexpr Resume step{.kind = Resume::Kind::step};

bool stopped_at(const Stop& stop, Stop::Reason reason) { return stop.reason == reason; }

} // namespace

#define ON_BOTH_ENGINES Debugged debugged(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

TEST_CASE("a breakpoint in the middle of a block stops before its instruction, each time round") {
    ON_BOTH_ENGINES;
    REQUIRE(debugged.controller.insert_breakpoint(base + 8, nullptr));
    const Outcome outcome = debugged.run({go_on, go_on, go_on});
    CHECK(outcome.ending == Ending::stopped);
    REQUIRE(debugged.stops.size() == 3);
    for (const Stop& stop : debugged.stops) CHECK(stopped_at(stop, Stop::Reason::breakpoint));
    CHECK(debugged.pc() == base + 8);
    CHECK(debugged.x(a0) == 3);
    CHECK(debugged.x(a2) == 2); // the load of this round is yet to come
}

TEST_CASE("a breakpoint in code that was translated without it is met, and costs nothing once it is gone") {
    ON_BOTH_ENGINES;
    const Watchpoint watch{WatchKind::write, data, 8};
    REQUIRE(debugged.controller.insert_watchpoint(watch));
    debugged.run({go_on, go_on});
    REQUIRE(debugged.controller.remove_watchpoint(watch));
    REQUIRE(debugged.controller.insert_breakpoint(base + 16, nullptr));
    debugged.run({go_on, go_on});
    CHECK(debugged.pc() == base + 16);
    CHECK(debugged.x(a0) == 3);
    REQUIRE(debugged.controller.remove_breakpoint(base + 16));
    CHECK_FALSE(debugged.controller.remove_breakpoint(base + 16));
    debugged.run({step, step});
    CHECK(debugged.pc() == base + 4);
}

TEST_CASE("the condition of a breakpoint decides whether it stops") {
    ON_BOTH_ENGINES;
    u32 asked = 0;
    REQUIRE(debugged.controller.insert_breakpoint(base, [&](u32 cpu) {
        ++asked;
        return debugged.controller.view(cpu).read(a0) == 100;
    }));
    debugged.run({go_on});
    CHECK(debugged.x(a0) == 100);
    CHECK(asked == 100); // not where the run began: that place had been shown already
}

TEST_CASE("a step executes one instruction, also at a breakpoint") {
    ON_BOTH_ENGINES;
    REQUIRE(debugged.controller.insert_breakpoint(base + 4, nullptr));
    debugged.run({go_on, step, step});
    CHECK(debugged.pc() == base + 12);
    CHECK(debugged.x(a2) == 1);
    CHECK(stopped_at(debugged.stops.back(), Stop::Reason::step));
    CHECK(debugged.guest.cpu().retired() == 3);
}

TEST_CASE("a range step ends outside of its range, or at a breakpoint in it") {
    ON_BOTH_ENGINES;
    const Resume range{.kind = Resume::Kind::range, .first = base, .end = base + 16};
    debugged.run({range});
    CHECK(debugged.pc() == base + 16);
    CHECK(stopped_at(debugged.stops.back(), Stop::Reason::step));
    REQUIRE(debugged.controller.insert_breakpoint(base + 8, nullptr));
    debugged.run({step, range});
    CHECK(debugged.pc() == base + 8);
    CHECK(stopped_at(debugged.stops.back(), Stop::Reason::breakpoint));
}

TEST_CASE("a watchpoint stops behind the access and tells what was there before") {
    ON_BOTH_ENGINES;
    REQUIRE(debugged.controller.insert_watchpoint({WatchKind::write, data + 4, 4})); // the upper half
    REQUIRE(debugged.controller.insert_watchpoint({WatchKind::write, data, 2}));
    debugged.guest.registers().x[a0] = 0x41;
    debugged.run({go_on, go_on});
    const Stop& stop = debugged.stops.back();
    REQUIRE(stopped_at(stop, Stop::Reason::watchpoint));
    CHECK(debugged.pc() == base + 8);
    CHECK(debugged.x(a0) == 0x43);

    REQUIRE(debugged.controller.remove_watchpoint({WatchKind::write, data + 4, 4}));
    debugged.run({go_on});
    const Stop& low = debugged.stops.back();
    CHECK(low.accessed == data);
    CHECK(low.old_value == 0x43);
    CHECK(low.new_value == 0x44);
}

TEST_CASE("a watchpoint for reads lets writes pass") {
    ON_BOTH_ENGINES;
    REQUIRE(debugged.controller.insert_watchpoint({WatchKind::read, data, 8}));
    debugged.run({go_on, go_on});
    CHECK(debugged.pc() == base + 12);
    CHECK(debugged.x(a2) == 2);
    REQUIRE(debugged.controller.remove_watchpoint({WatchKind::read, data, 8}));
    REQUIRE(debugged.controller.insert_watchpoint({WatchKind::access, data, 1}));
    debugged.run({go_on, go_on});
    CHECK(debugged.pc() == base + 12);
    CHECK(debugged.x(a0) == 3);
}

TEST_CASE("a step meets watchpoints too") {
    ON_BOTH_ENGINES;
    REQUIRE(debugged.controller.insert_watchpoint({WatchKind::write, data, 8}));
    debugged.run({step, step});
    CHECK(stopped_at(debugged.stops[0], Stop::Reason::step));
    CHECK(stopped_at(debugged.stops[1], Stop::Reason::watchpoint));
    CHECK(debugged.pc() == base + 8);
}

TEST_CASE("code that a debugger writes is what runs next") {
    ON_BOTH_ENGINES;
    REQUIRE(debugged.controller.insert_breakpoint(base + 16, nullptr));
    debugged.run({go_on, go_on});
    constexpr std::array<u8, 4> add_two{0x13, 0x05, 0x25, 0x00}; // addi a0, a0, 2
    CHECK(debugged.controller.write_memory(0, MemorySpace::of_cpu, base, add_two) == 4);
    debugged.run({go_on});
    CHECK(debugged.x(a0) == 4);
}

TEST_CASE("memory is read and written up to where there is none") {
    ON_BOTH_ENGINES;
    std::array<u8, 32> bytes{};
    CHECK(debugged.controller.read_memory(0, MemorySpace::physical, base + 2 * MiB - 16, bytes) == 16);
    CHECK(debugged.controller.read_memory(0, MemorySpace::physical, base + 4092, bytes) == 32);
    CHECK(debugged.controller.read_memory(0, MemorySpace::of_cpu, 0x10, bytes) == 0);
    CHECK(debugged.controller.write_memory(0, MemorySpace::of_cpu, data, bytes) == 32);
}

TEST_CASE("a device is reached through physical memory only, by accesses as wide as the debugger's") {
    class Registers final : public Component, public IoHandler {
    public:
        Registers() : Component("registers") {}
        std::string_view type() const override { return "test-registers"; }
        void reset() override {}
        void state(StateVisitor&) override {}
        u64 read(u64 offset, Width width) override {
            accesses.push_back(fmt::format("r{}+{:x}", bytes(width), offset));
            return 0x1122'3344;
        }
        void write(u64 offset, u64 value, Width width) override {
            accesses.push_back(fmt::format("w{}+{:x}={:x}", bytes(width), offset, value));
        }
        Widths widths() const override { return {Width::byte, Width::word}; }
        std::vector<std::string> accesses;
    };
    ON_BOTH_ENGINES;
    constexpr u64 address = 0x1000'0000;
    auto& device = debugged.guest.add_device(std::make_unique<Registers>(), address, 16);
    std::array<u8, 4> four{};
    CHECK(debugged.controller.read_memory(0, MemorySpace::of_cpu, address, four) == 0);
    CHECK(debugged.controller.write_memory(0, MemorySpace::of_cpu, address, four) == 0);
    CHECK(device.accesses.empty());
    CHECK(debugged.controller.read_memory(0, MemorySpace::physical, address + 4, four) == 4);
    CHECK(four == std::array<u8, 4>{0x44, 0x33, 0x22, 0x11});
    constexpr std::array<u8, 3> three{0x01, 0x02, 0x03};
    CHECK(debugged.controller.write_memory(0, MemorySpace::physical, address + 13, three) == 3);
    CHECK(debugged.controller.write_memory(0, MemorySpace::physical, address + 15, three) == 1);
    CHECK(device.accesses == std::vector<std::string>{"r4+4", "w1+d=1", "w2+e=302", "w1+f=1"});
}

} // namespace orrery::app
