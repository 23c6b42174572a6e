// The programs of tests/guest/interrupts on the host's own KVM, with the machine's local APICs and with KVM's, and on
// the software engines: they say the same.
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <time.h>

#include "machine/boards/pc.hpp"
#include "tests/kvm/engine_changes.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u32 finished = 33; // 10h at port F4h
constexpr u64 patience_ns = 60'000'000'000;

struct Way {
    std::string_view name;
    dbt::Engine engine = dbt::Engine::baseline;
    std::optional<kvm::Irqchip> irqchip = std::nullopt; // on KVM
    u64 fallback_every = 0;
    bool changes = false; // of engine, all the time
};

constexpr Way ways[] = {
    {.name = "interpreted", .engine = dbt::Engine::interpreter},
    {.name = "translated"},
    {.name = "KVM", .irqchip = kvm::Irqchip::user},
    {.name = "KVM, split", .irqchip = kvm::Irqchip::split},
    {.name = "KVM, split, with fallbacks", .irqchip = kvm::Irqchip::split, .fallback_every = 7},
    {.name = "KVM, split, changing", .irqchip = kvm::Irqchip::split, .changes = true},
};

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

u64 count(Machine& machine, std::string_view name) {
    u64 sum = 0;
    for (Cpu* cpu : machine.cpus())
        for (const EngineCounter& counter : cpu->counters())
            if (counter.name == name) sum += counter.value;
    return sum;
}

BoardOptions board(const std::string& program, const Way& way, u32 cpus, const ScratchFile& said) {
    BoardOptions options;
    options.engine = way.engine;
    if (way.irqchip) options.kvm = kvm::HostFacts{};
    options.kvm_irqchip = way.irqchip.value_or(kvm::Irqchip::user);
    options.kvm_fallback_every = way.fallback_every;
    options.cpus = cpus;
    options.memory_bytes = 16 * MiB;
    options.kernel = std::string(ORRERY_GUEST_ELFS "/") + program + ".elf";
    options.serial = "none";
    options.debug_console = "file:" + said.path();
    options.timeout_ns = patience_ns;
    return options;
}

std::unique_ptr<Machine> create(const BoardOptions& options) {
    auto machine = create_pc(options);
    if (!machine) FAIL(machine.error().message());
    return std::move(*machine);
}

void tell(Machine& machine, const std::string& program, const Way& way, u64 changes) {
    fmt::print("{}, {}: ", program, way.name);
    if (!way.irqchip) return fmt::print("no KVM\n");
    fmt::print("engine KVM: {} exits, {} kicks, {} fallbacks, {} interrupts, {} changes of engine\n",
               count(machine, "KVM exits"), count(machine, "KVM kicks"), count(machine, "fallbacks"),
               count(machine, "KVM interrupts"), changes);
    CHECK(count(machine, "KVM exits") + count(machine, "KVM kicks") > 0);
}

// KVM begins, and has it longer, since it takes a while to be ready on some hosts.
void take_turns(EngineChanges& changes) {
    using namespace std::chrono_literals;
    changes.change_after(40ms);
    while (changes.change_after(1ms) && changes.change_after(5ms)) {
    }
}

std::string run(const std::string& program, const Way& way, u32 cpus) {
    const ScratchFile said(fmt::format("interrupts-{}.txt", program), {});
    auto machine = create(board(program, way, cpus, said));
    std::optional<EngineChanges> changes;
    if (way.changes) changes.emplace(*machine);
    const Outcome outcome = changes ? changes->run(take_turns) : machine->run();
    if (machine->failure()) FAIL(machine->failure()->message());
    tell(*machine, program, way, changes ? changes->count() : 0);
    INFO(contents(said.path()));
    CHECK(outcome.ending == Ending::powered_off);
    CHECK(outcome.code == finished);
    machine.reset();
    return contents(said.path());
}

u64 processor_time_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return u64(used.tv_sec) * 1'000'000'000 + u64(used.tv_nsec);
}

void check(
    const std::string& program, u32 cpus, const std::string& expected,
    const std::function<bool(const Way&)>& meant = [](const Way&) { return true; }) {
    if (!has_kvm()) return;
    for (const Way& way : ways) {
        if (!meant(way)) continue;
        INFO(way.name);
        CHECK(run(program, way, cpus) == expected);
    }
}

} // namespace

TEST_CASE("the local APIC's timer interrupts in every mode, at privilege 0 and 3 and out of halts") {
    check("timer", 1,
          "one-shot, loop at 0: 1\none-shot, hlt: 2\nperiodic to privilege 3: 1e\nto itself: 1\n"
          "x2APIC: 0\nx2APIC to itself: 1\n");
}

TEST_CASE("the local APIC's timer keeps deadlines of the time-stamp counter") {
    check("deadline", 1, "deadlines: 2\n");
}

TEST_CASE("of a chain of one-shot timers none is lost, early or doubled while the engine changes") {
    check("chain", 1, "links: 96\ntoo early: 0\n");
}

TEST_CASE("two CPUs start each other, count together and wake each other") {
    check("cpus", 2, "counted by both: 61a80\npings: 32\npongs: 32\nstarted again: 927c0\n");
}

TEST_CASE("the 8254 interrupts through the 8259s, and through the I/O APIC by edges and by its level") {
    check("lines", 1, "by the 8259s: 14\nby edges: 14\nby its level: 1e\n");
}

// With KVM's own APICs a halt is KVM's, and so is the timer that ends it.
TEST_CASE(
    "a halt in KVM costs no time, ends by its timer, is stuck when nothing can end it, and a kick ends it at once") {
    if (!has_kvm()) return;
    const Way& split = ways[3];
    REQUIRE(split.name == "KVM, split");
    const ScratchFile said("interrupts-halt.txt", {});
    BoardOptions options = board("halt", split, 2, said);
    options.stop_when_stuck = true;
    {
        auto machine = create(options);
        const u64 before_ns = processor_time_ns();
        CHECK(machine->run().ending == Ending::stuck);
        CHECK(processor_time_ns() - before_ns < 1'000'000'000);
        CHECK(machine->clock().now_ns() > 1'500'000'000);
        tell(*machine, "halt", split, 0);
    }
    CHECK(contents(said.path()) == "woken: 1\n");
    options.stop_when_stuck = false;
    auto machine = create(options);
    std::jthread stopper([&machine] {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        machine->stop();
    });
    CHECK(machine->run().ending == Ending::stopped);
    CHECK(machine->clock().now_ns() < 10'000'000'000);
    tell(*machine, "halt", split, 0);
}
