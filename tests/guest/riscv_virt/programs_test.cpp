// Runs every assembly program of this folder on every engine, compares how it ended with its header, and the machines
// of the two engines with each other.
#include <string>
#include <vector>

#include "tests/guest/riscv_virt/guest_machine.hpp"
#include "tests/guest/riscv_virt/program_header.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/machine_state.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

struct Program {
    std::string name;
    std::string source;
    std::string elf;
};

const std::vector<Program> programs = {
#define ORRERY_GUEST_PROGRAM(name) {#name, ORRERY_GUEST_SOURCES "/" #name ".S", ORRERY_GUEST_ELFS "/" #name ".elf"},
#include "guest_programs.inc"
#undef ORRERY_GUEST_PROGRAM
};

constexpr u64 patience_ns = 200'000'000; // of guest time, about as many instructions

BoardOptions options_of(const Program& program, const ProgramHeader& header, dbt::Engine engine) {
    BoardOptions options;
    options.engine = engine;
    options.cpus = header.harts;
    options.memory_bytes = 16 * MiB;
    options.bios_none = true;
    options.kernel = program.elf;
    options.virtio = header.virtio_mmio ? VirtioTransportKind::mmio : VirtioTransportKind::pci;
    options.deterministic = true;
    options.timeout_ns = patience_ns;
    return options;
}

std::string failed_check(const Program& program, const std::array<u64, 32>& x, Outcome outcome) {
    if (outcome.ending != Ending::powered_off || outcome.code == 0) return {};
    return fmt::format("{}:{}: is {:#x} instead of {:#x}", program.source, outcome.code, x[30], x[31]);
}

void check_end(const Program& program, const ProgramHeader& header, GuestMachine& guest) {
    const Outcome outcome = guest.run();
    const std::array<u64, 32> x = guest.registers(0);
    INFO(failed_check(program, x, outcome));
    INFO(
        fmt::format("at pc {:#x}, s2 {:#x}, s3 {:#x}, s4 {:#x}", guest.machine().cpus()[0]->pc(), x[18], x[19], x[20]));
    REQUIRE(static_cast<u32>(outcome.ending) == static_cast<u32>(header.end.ending));
    if (!header.known_failure.empty()) {
        INFO("it passes now: take its line 'known failure' out");
        CHECK(outcome.code != header.end.code);
        return;
    }
    CHECK(outcome.code == header.end.code);
    CHECK(guest.output() == header.output);
    for (const ExpectedRegister& expected : header.registers) {
        INFO(expected.name);
        CHECK(fmt::format("{:#x}", x[expected.number]) == fmt::format("{:#x}", expected.value));
    }
}

} // namespace

TEST_CASE("every guest program ends as its header says, and alike on both engines") {
    for (const Program& program : programs) {
        DYNAMIC_SECTION(program.name) {
            const auto header = read_program_header(program.source);
            INFO((header ? std::string{} : header.error().message()));
            REQUIRE(header.has_value());

            GuestMachine interpreted(options_of(program, *header, dbt::Engine::interpreter));
            {
                INFO("on the interpreter");
                check_end(program, *header, interpreted);
            }
            GuestMachine translated(options_of(program, *header, dbt::Engine::baseline));
            {
                INFO("on the baseline translator");
                check_end(program, *header, translated);
            }
            INFO(text(differences(interpreted.machine(), translated.machine())));
            CHECK(same_state(interpreted.machine(), translated.machine()));
            CHECK(same_memory(interpreted.machine(), translated.machine()));
        }
    }
}
