// Random bytes and damaged requests. ORRERY_MONITOR_FUZZ_INPUTS says how many inputs (5000 without it).
#include <random>

#include "tests/support/catch.hpp"
#include "tests/unit/monitor/fuzz_input.hpp"

namespace orrery::app::monitor {
namespace {

constexpr auto samples = std::to_array<std::string_view>({
    R"({"id":1,"command":"registers","arguments":["sp"]})",
    R"({"id":2,"line":"registers all hart0"})",
    R"({"id":"a","line":"memory 0x80000000 64 physical"})",
    R"({"command":"memory","arguments":[2147483648,16,"hart0"]})",
    R"({"line":"write 0x80000100 5 8"})",
    R"({"line":"break 0x80000008"})",
    R"({"line":"watch 0x80010000 8 access"})",
    R"({"line":"delete all"})",
    R"({"line":"continue"})",
    R"({"line":"pause"})",
    R"({"line":"step 3"})",
    R"({"line":"until 0x8000000c"})",
    R"({"line":"help walk"})",
    R"({"line":"complete registers m"})",
    R"({"line":"walk 0x80000000 0"})",
    R"({"line":"tlb"})",
    R"({"line":"irq"})",
    R"({"line":"timers"})",
    R"({"line":"device uart0"})",
    R"({"line":"disassemble 0x80000000 4"})",
    R"({"line":"stats"})",
    R"({"line":"where"})",
    R"({"line":"cpus"})",
    R"({"id":null,"line":"map","x":[[[{}]]]})",
    R"([[[[[[[[[[1]]]]]]]]]])",
    R"({"line":"ma\u0000p\ud834\udd1e"})",
});

class Inputs {
public:
    std::vector<u8> next() {
        std::string text(1, static_cast<char>(random_()));
        if (random_() % 8 == 0) {
            for (u64 count = random_() % 64; count > 0; --count) text += static_cast<char>(random_());
        } else {
            for (u64 count = 1 + random_() % 4; count > 0; --count) text += line();
        }
        return {text.begin(), text.end()};
    }

private:
    std::string line() {
        std::string text(samples.at(random_() % samples.size()));
        if (random_() % 3 != 0)
            for (u64 count = 1 + random_() % 3; count > 0 && !text.empty(); --count) damage(text);
        return text + (random_() % 32 == 0 ? "" : "\n");
    }
    void damage(std::string& text) {
        const std::size_t at = random_() % text.size();
        switch (random_() % 6) {
        case 0:
            text[at] = static_cast<char>(random_());
            break;
        case 1:
            text[at] = "0123456789abcdef"[random_() % 16];
            break;
        case 2:
            text.erase(at, 1 + random_() % 4);
            break;
        case 3:
            text.insert(at, text.substr(random_() % text.size(), random_() % 8));
            break;
        case 4:
            text.insert(at, 1, "\"{}[],:\\ "[random_() % 9]);
            break;
        default:
            text.insert(at, random_() % 24, '[');
            break;
        }
    }

    std::minstd_rand random_{12345};
};

} // namespace

TEST_CASE("no input breaks a session of the monitor or exceeds its bounds") {
    const char* wanted = std::getenv("ORRERY_MONITOR_FUZZ_INPUTS");
    const u64 count = wanted == nullptr ? 5000 : std::strtoull(wanted, nullptr, 10);
    Inputs inputs;
    test::Guest guest(false);
    for (u64 at = 0; at < count; ++at) test::feed_session(guest, inputs.next());
    SUCCEED();
}

} // namespace orrery::app::monitor
