// Runs every assembly program of this folder on a PC with each engine, compares what it said with its header, and the
// machines of the two engines with each other.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "machine/boards/pc.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/machine_state.hpp"
#include "tests/support/scratch_file.hpp"

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
#include "x86_programs.inc"
#undef ORRERY_GUEST_PROGRAM
};

constexpr u64 patience_ns = 200'000'000; // of guest time, about as many instructions
constexpr u32 finished = 33;             // 10h at port F4h

struct Header {
    std::string output;
    bool resets = false; // it ends by resetting the machine, again and again
};

Header read_header(const Program& program) {
    constexpr std::string_view expectation = "// expect: ";
    Header header;
    std::ifstream file(program.source);
    for (std::string line; std::getline(file, line) && line.starts_with("//");) {
        if (line.starts_with(expectation)) header.output += line.substr(expectation.size()) + "\n";
        if (line == "// ends: reset") header.resets = true;
    }
    return header;
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

class GuestPc {
public:
    GuestPc(const Program& program, dbt::Engine engine) : said_("x86-" + program.name + ".txt", {}) {
        BoardOptions options;
        options.engine = engine;
        options.cpu_model = "x86-64-v3";
        options.memory_bytes = 16 * MiB;
        options.kernel = program.elf;
        options.serial = "none";
        options.debug_console = "file:" + said_.path();
        options.deterministic = true;
        options.timeout_ns = patience_ns;
        auto created = create_pc(options);
        if (!created) FAIL(created.error().message());
        machine_ = std::move(*created);
    }
    Outcome run() { return machine_->run(); }
    [[nodiscard]] Machine& machine() { return *machine_; }
    [[nodiscard]] std::string said() const { return contents(said_.path()); }

private:
    ScratchFile said_;
    std::unique_ptr<Machine> machine_;
};

void check_end(const Header& header, GuestPc& guest) {
    const Outcome outcome = guest.run();
    const std::string said = guest.said();
    if (header.resets) {
        CHECK(outcome.ending == Ending::reset_loop);
        CHECK(said.substr(0, header.output.size()) == header.output);
        return;
    }
    CHECK(said == header.output);
    CHECK(outcome.ending == Ending::powered_off);
    CHECK(outcome.code == finished);
}

} // namespace

TEST_CASE("every x86 program raises the exceptions that its header says, alike on both engines") {
    for (const Program& program : programs) {
        DYNAMIC_SECTION(program.name) {
            const Header header = read_header(program);
            REQUIRE_FALSE(header.output.empty());
            GuestPc interpreted(program, dbt::Engine::interpreter);
            {
                INFO("on the interpreter");
                check_end(header, interpreted);
            }
            GuestPc translated(program, dbt::Engine::baseline);
            {
                INFO("on the baseline translator");
                check_end(header, translated);
            }
            INFO(text(differences(interpreted.machine(), translated.machine())));
            CHECK(same_state(interpreted.machine(), translated.machine()));
            CHECK(same_memory(interpreted.machine(), translated.machine()));
        }
    }
}
