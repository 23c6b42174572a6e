// Guests that mean harm: whatever they do, the machine ends as it is documented to, in guest time, and what it keeps in
// memory stays bounded.
#include <fstream>

#include "machine/boards/riscv_virt.hpp"
#include "machine/fabric/log.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

struct Setting {
    dbt::Engine engine;
    bool deterministic;
    VirtioTransportKind virtio = VirtioTransportKind::pci;
};

constexpr Setting settings[] = {{dbt::Engine::interpreter, true},
                                {dbt::Engine::interpreter, false},
                                {dbt::Engine::baseline, true},
                                {dbt::Engine::baseline, false}};

constexpr u64 timeout_ns = 20'000'000;

Outcome run(const std::string& program, Setting setting, u64 limit_ns = timeout_ns, u32 harts = 2) {
    BoardOptions options;
    options.engine = setting.engine;
    options.deterministic = setting.deterministic;
    options.virtio = setting.virtio;
    options.cpus = harts;
    options.memory_bytes = riscv_virt_least_memory;
    options.bios_none = true;
    options.kernel = std::string(ORRERY_HOSTILE_ELFS "/") + program + ".elf";
    options.serial = "none";
    options.virtio_console = "none";
    options.network.user = true;
    options.timeout_ns = limit_ns;
    auto machine = create_riscv_virt(options);
    if (!machine) FAIL(machine.error().message());
    return (*machine)->run();
}

// Some of them retire an instruction between two exceptions, so time is slow where instructions are its measure.
Ending ending(const std::string& program, Setting setting) {
    return run(program, setting, setting.deterministic ? timeout_ns / 10 : timeout_ns).ending;
}

u64 resident_bytes() {
    std::ifstream file("/proc/self/statm");
    u64 total = 0, resident = 0;
    file >> total >> resident;
    return resident * page_size;
}

class Quiet {
public:
    Quiet() {
        log::set_sink([](log::Level, std::string_view) {});
    } // guest errors are the point here
    ~Quiet() { log::set_sink({}); }
};

} // namespace

TEST_CASE("exceptions without end, and waiting without end, are ended by the limit in guest time") {
    for (const char* program : {"exception_storm", "exception_storm_handler", "trap_and_return", "endless_wfi",
                                "endless_wfi_armed", "garbage_satp", "looping_tables", "pmp_denies_all"})
        for (const Setting setting : settings) {
            INFO(program << ", engine " << static_cast<int>(setting.engine) << ", deterministic "
                         << setting.deterministic);
            CHECK(ending(program, setting) == Ending::timed_out);
        }
}

TEST_CASE("a guest that only ever resets itself is found out") {
    for (const Setting setting : settings) CHECK(run("reset_loop", setting, never_ns).ending == Ending::reset_loop);
}

TEST_CASE("a guest that keeps changing its code doesn't make the machine grow without bound") {
    for (const dbt::Engine engine : {dbt::Engine::interpreter, dbt::Engine::baseline}) {
        const u64 before = resident_bytes();
        CHECK(run("self_modifying", {engine, true}, 8'000'000).ending == Ending::timed_out);
        CHECK(resident_bytes() < before + 512 * MiB);
    }
}

TEST_CASE("a guest that stores at random all over the devices gets to its end") {
    const Quiet quiet;
    for (const Setting setting : settings) {
        const Outcome outcome = run("random_devices", setting, never_ns, 1);
        CHECK(outcome.ending == Ending::powered_off);
        CHECK(outcome.code == 0);
    }
}

TEST_CASE("a guest whose rings and DMA requests are random gets to its end") {
    const Quiet quiet;
    for (Setting setting : settings) {
        setting.virtio = VirtioTransportKind::mmio;
        const Outcome outcome = run("wild_rings", setting, never_ns, 1);
        CHECK(outcome.ending == Ending::powered_off);
        CHECK(outcome.code == 0);
    }
}
