// Four harts that change each other's code pages, DMA into these pages, and a machine that is stopped, continued and
// reset at random times. Nothing may hang (ctest's time-out ends it then), and the guest's own checks must hold.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "machine/boards/riscv_virt.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace orrery;
using orrery::test::Random;
using std::chrono::steady_clock;

namespace {

std::chrono::duration<double> wanted_length() {
    const char* text = std::getenv("ORRERY_STRESS_SECONDS");
    return std::chrono::duration<double>(text ? std::atof(text) : 4);
}

std::unique_ptr<Machine> machine_with(dbt::Engine engine) {
    BoardOptions options;
    options.engine = engine;
    options.cpus = 4;
    options.memory_bytes = riscv_virt_least_memory;
    options.bios_none = true;
    options.kernel.emplace(ORRERY_SMP_STRESS_ELF);
    options.serial = "none";
    auto machine = create_riscv_virt(options);
    if (!machine) FAIL(machine.error().message());
    return std::move(*machine);
}

// From a thread of its own, as a user does: now and then a reset, and then a stop.
void disturb(Machine& machine, Random& random) {
    for (u64 resets = random.below(3); resets != 0; --resets) {
        std::this_thread::sleep_for(std::chrono::microseconds(random.below(20'000)));
        machine.events().post([&] { machine.request_reset(); });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(60'000)));
    machine.stop();
}

// Few enough resets that they can't pass for a guest that resets itself for ever. Returns what retired since the last.
u64 stress(dbt::Engine engine, Random& random) {
    const auto machine = machine_with(engine);
    for (u32 part = 0; part < 2; ++part) {
        std::thread other([&] { disturb(*machine, random); });
        const Outcome outcome = machine->run();
        other.join();
        INFO("ending " << static_cast<int>(outcome.ending) << ", code " << outcome.code << ", seed " << random.seed);
        REQUIRE(outcome.ending == Ending::stopped);
    }
    return machine->retired();
}

} // namespace

TEST_CASE("four harts may change their code while the machine is stopped and reset") {
    Random random{static_cast<u64>(steady_clock::now().time_since_epoch().count())};
    for (const dbt::Engine engine : {dbt::Engine::interpreter, dbt::Engine::baseline}) {
        const auto end = steady_clock::now() + wanted_length();
        u64 retired = 0;
        while (steady_clock::now() < end) retired += stress(engine, random);
        REQUIRE(retired != 0);
    }
}
