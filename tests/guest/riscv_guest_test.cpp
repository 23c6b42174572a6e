// Runs every program of tests/guest/riscv on every engine.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include "cpu/riscv/names.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/riscv_test_machine.hpp"

namespace orrery::test {
namespace {

namespace fs = std::filesystem;

constexpr u64 longest_run_instructions = 2'000'000;

struct Program {
    std::string name;
    std::vector<u8> image;
    std::map<u32, u64> expected; // by register number
};

u32 register_number(const std::string& name) {
    for (u32 number = 0; number < 32; ++number)
        if (name == riscv::register_name(number) || name == "x" + std::to_string(number)) return number;
    FAIL("no register is named " << name);
    return 0;
}

Program read_program(const fs::path& source) {
    static const std::regex line_form(R"(# expect: (\w+) = (0x[0-9a-f]+))");
    Program program{.name = source.stem().string(), .image = {}, .expected = {}};
    std::ifstream text(source);
    for (std::string line; std::getline(text, line);) {
        std::smatch parts;
        if (std::regex_match(line, parts, line_form))
            program.expected[register_number(parts[1])] = std::stoull(parts[2], nullptr, 16);
    }
    std::ifstream image(fs::path(GUEST_IMAGES) / (program.name + ".bin"), std::ios::binary);
    program.image.assign(std::istreambuf_iterator<char>(image), {});
    INFO(source);
    REQUIRE_FALSE(program.expected.empty());
    REQUIRE_FALSE(program.image.empty());
    return program;
}

std::vector<Program> programs() {
    std::vector<Program> all;
    for (const auto& entry : fs::directory_iterator(GUEST_SOURCES))
        if (entry.path().extension() == ".S") all.push_back(read_program(entry.path()));
    std::ranges::sort(all, {}, &Program::name);
    return all;
}

// The state it ended in.
std::vector<u8> run(const Program& program, dbt::Engine engine) {
    RiscvTestMachine machine({.engine = engine});
    machine.machine().reset();
    machine.write(RiscvTestMachine::ram_base, std::span<const u8>(program.image));
    REQUIRE(machine.cpu().run(longest_run_instructions) == ExitReason::halted);
    for (const auto& [number, value] : program.expected) {
        INFO(riscv::register_name(number)
             << " is " << std::hex << machine.registers().x[number] << ", expected " << value);
        CHECK(machine.registers().x[number] == value);
    }
    return save(machine.cpu());
}

TEST_CASE("guest programs end as their headers say, alike on every engine") {
    REQUIRE(programs().size() >= 9);
    for (const Program& program : programs()) {
        INFO(program.name);
        const std::vector<u8> interpreted = run(program, dbt::Engine::interpreter);
        CHECK(run(program, dbt::Engine::baseline) == interpreted);
    }
}

} // namespace
} // namespace orrery::test
