// Small programs in C: the guest that ./run falls back to, and the check of our SBI firmware's every function.
#include <string>
#include <string_view>
#include <vector>

#include "tests/guest/riscv_virt/guest_machine.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 patience_ns = 60'000'000'000; // of guest time

struct Run {
    dbt::Engine engine;
    u32 harts;
    bool deterministic;
};

const std::vector<Run> runs = {
    {dbt::Engine::interpreter, 1, true}, {dbt::Engine::interpreter, 4, true}, {dbt::Engine::interpreter, 4, false},
    {dbt::Engine::baseline, 1, true},    {dbt::Engine::baseline, 4, true},    {dbt::Engine::baseline, 4, false},
};

std::string name(const Run& run) {
    return fmt::format("{}, {} harts, {}", run.engine == dbt::Engine::interpreter ? "interpreter" : "baseline",
                       run.harts, run.deterministic ? "deterministic" : "a thread for each");
}

BoardOptions options_of(const Run& run) {
    BoardOptions options;
    options.engine = run.engine;
    options.cpus = run.harts;
    options.deterministic = run.deterministic;
    options.memory_bytes = 64 * MiB;
    options.timeout_ns = patience_ns;
    return options;
}

bool says(const GuestMachine& guest, std::string_view text) { return guest.output().find(text) != std::string::npos; }

void check_power_off(Outcome outcome) {
    REQUIRE(static_cast<u32>(outcome.ending) == static_cast<u32>(Ending::powered_off));
    CHECK(outcome.code == 0);
}

} // namespace

TEST_CASE("the small guest tells what machine it finds and powers off") {
    for (const Run& run : runs) {
        DYNAMIC_SECTION(name(run)) {
            BoardOptions options = options_of(run);
            options.bios_none = true;
            options.kernel = ORRERY_HELLO_GUEST;
            GuestMachine guest(options);
            const Outcome outcome = guest.run();
            INFO(guest.output());
            check_power_off(outcome);
            CHECK(says(guest, fmt::format("harts: {}\r\n", run.harts)));
            CHECK(says(guest, "64 MiB of memory"));
            CHECK(says(guest, "0x10000000  ns16550a"));
            CHECK(says(guest, "All is well."));
        }
    }
}

TEST_CASE("our SBI firmware passes the check of its functions") {
    for (const Run& run : runs) {
        DYNAMIC_SECTION(name(run)) {
            BoardOptions options = options_of(run);
            options.kernel = ORRERY_SBI_CHECK;
            GuestMachine guest(options);
            const Outcome outcome = guest.run();
            INFO(guest.output());
            check_power_off(outcome);
            CHECK(says(guest, "SBI-CHECK PASSED"));
        }
    }
}
