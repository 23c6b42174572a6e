// Runs the cases in this folder's .ir files.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "jit/ir/parse.hpp"
#include "jit/ir/print.hpp"
#include "jit/ir/verify.hpp"
#include "jit/passes/pipeline.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_guest.hpp"

using namespace orrery;

namespace {

struct Case {
    std::string passes, title, before, after;
};

std::vector<Case> read_cases(const std::filesystem::path& file) {
    std::vector<Case> cases;
    std::ifstream stream(file);
    bool expected = false;
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with("== ")) {
            const std::size_t colon = line.find(": ");
            cases.push_back({line.substr(3, colon - 3), line.substr(colon + 2), {}, {}});
            expected = false;
        } else if (line == "=>") {
            expected = true;
        } else if (!cases.empty() && !line.empty()) {
            (expected ? cases.back().after : cases.back().before) += line + "\n";
        }
    }
    return cases;
}

void run_pass(ir::Block& block, const std::string& pass) {
    if (pass == "fold")
        passes::fold(block);
    else if (pass == "dead_puts")
        passes::dead_puts(block);
    else if (pass == "dead_code")
        passes::dead_code(block);
    else if (pass == "pipeline")
        passes::run(block);
    else
        FAIL("there is no pass '" << pass << "'");
}

ir::Block parsed(const std::string& text) {
    auto block = ir::parse(text, test::SmallMachine::guest());
    INFO(text << (block ? "" : block.error().message()));
    REQUIRE(block);
    const Status sound = ir::verify(*block, test::SmallMachine::guest());
    INFO((sound ? "" : sound.error().message()));
    REQUIRE(sound);
    return std::move(*block);
}

void check(const Case& test_case) {
    ir::Block block = parsed(test_case.before);
    std::istringstream passes(test_case.passes);
    for (std::string pass; passes >> pass;) run_pass(block, pass);
    const std::string after = ir::print(block, test::SmallMachine::guest());
    CHECK(after == test_case.after);
    parsed(after);
}

} // namespace

TEST_CASE("passes make of a block what the .ir files say") {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(ORRERY_IR_TEXTS)) {
        if (entry.path().extension() != ".ir") continue;
        for (const Case& test_case : read_cases(entry.path())) {
            ++count;
            INFO(entry.path().filename().string() << ": " << test_case.title);
            check(test_case);
        }
    }
    CHECK(count > 20);
}
