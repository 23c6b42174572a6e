// Boots the Debian guest on the interpreter and on the baseline translator at the same time and compares every
// component's state at each step, all memory at each few. A difference is narrowed down to the first instruction.
//
// --instructions N (200 million), --step N (1 million), --memory-step N (10 million), and those of guest.hpp.
#include <algorithm>
#include <cstdio>
#include <optional>

#include "machine/fabric/log.hpp"
#include "tests/lockstep/guest.hpp"
#include "tests/support/machine_state.hpp"

namespace {

using namespace orrery;
using namespace orrery::test;
using namespace orrery::test::lockstep;

struct Pair {
    explicit Pair(const Arguments& arguments)
        : interpreter(create(arguments, dbt::Engine::interpreter)), baseline(create(arguments, dbt::Engine::baseline)) {
    }
    bool run_to(u64 retired) { return lockstep::run_to(*interpreter, retired) && lockstep::run_to(*baseline, retired); }
    std::unique_ptr<Machine> interpreter;
    std::unique_ptr<Machine> baseline;
};

struct Range {
    u64 same_at, differ_at;
};

struct Steps {
    u64 first = 0; // run there at once
    u64 last;
    u64 step;
    u64 memory_step;
    bool explain = false;
};

// Empty: no difference up to `last`.
std::optional<Range> compare(const Arguments& arguments, const Steps& steps) {
    Pair pair(arguments);
    if (steps.first != 0 && !pair.run_to(steps.first)) return Range{0, steps.first};
    u64 same_at = steps.first;
    for (u64 now = steps.first; now < steps.last;) {
        const u64 before = now;
        now = std::min(now + steps.step, steps.last);
        const bool ran = pair.run_to(now);
        const bool with_memory = now / steps.memory_step != before / steps.memory_step || now == steps.last;
        const bool same = ran && same_state(*pair.interpreter, *pair.baseline) &&
                          (!with_memory || same_memory(*pair.interpreter, *pair.baseline));
        if (!same) {
            if (steps.explain)
                std::printf("interpreter (above, pc %#llx) and baseline (below, pc %#llx) differ at %llu:\n%s",
                            static_cast<unsigned long long>(pair.interpreter->cpus()[0]->pc()),
                            static_cast<unsigned long long>(pair.baseline->cpus()[0]->pc()),
                            static_cast<unsigned long long>(now),
                            text(differences(*pair.interpreter, *pair.baseline)).c_str());
            return Range{same_at, now};
        }
        if (with_memory) same_at = now;
    }
    return std::nullopt;
}

// From the start again in ever smaller steps.
void narrow_down(const Arguments& arguments, Range range) {
    while (range.differ_at - range.same_at > 1) {
        std::printf("differ between %llu and %llu\n", static_cast<unsigned long long>(range.same_at),
                    static_cast<unsigned long long>(range.differ_at));
        std::fflush(stdout);
        const u64 step = std::max<u64>(1, (range.differ_at - range.same_at) / 50);
        const auto found = compare(
            arguments,
            {.first = range.same_at, .last = range.differ_at, .step = step, .memory_step = step, .explain = true});
        if (!found) {
            std::printf("the difference shows only with the steps it was found with\n");
            return;
        }
        if (found->differ_at - found->same_at >= range.differ_at - range.same_at) return;
        range = *found;
    }
}

} // namespace

int main(int argument_count, char** argument_values) {
    const Arguments arguments(argument_count, argument_values);
    log::set_sink([](log::Level, std::string_view) {});
    const u64 instructions = arguments.number("instructions", 200'000'000);
    const auto found = compare(arguments, {.last = instructions,
                                           .step = arguments.number("step", 1'000'000),
                                           .memory_step = arguments.number("memory-step", 10'000'000),
                                           .explain = true});
    if (!found) {
        std::printf("%llu instructions of the boot: no difference\n", static_cast<unsigned long long>(instructions));
        return 0;
    }
    narrow_down(arguments, *found);
    return 1;
}
