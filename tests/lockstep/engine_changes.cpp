// Boots the Debian guest on two machines, one of which goes from the translator to the interpreter and back at points
// chosen at random: both must have the same state hash at every ten million instructions.
//
// --changes N (1000), --instructions N (60 million), --seed N (1), and those of guest.hpp.
#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

#include "machine/fabric/log.hpp"
#include "machine/snapshot.hpp"
#include "tests/lockstep/guest.hpp"

namespace {

using namespace orrery;
using namespace orrery::test::lockstep;

constexpr u64 step = 10'000'000;

std::vector<u64> random_points(u64 count, u64 last, u64 seed) {
    std::mt19937_64 random(seed);
    std::vector<u64> points(count);
    for (u64& point : points) point = random() % last;
    std::ranges::sort(points);
    return points;
}

bool change_engine(Machine& machine) {
    const bool translated = machine.cpus().front()->engine() == EngineKind::translator;
    for (Cpu* cpu : machine.cpus()) {
        const Status changed = cpu->use_engine(translated ? EngineKind::interpreter : EngineKind::translator);
        if (changed) continue;
        std::printf("%s\n", changed.error().message().c_str());
        return false;
    }
    return true;
}

} // namespace

int main(int argument_count, char** argument_values) {
    const Arguments arguments(argument_count, argument_values);
    log::set_sink([](log::Level, std::string_view) {});
    const u64 last = arguments.number("instructions", 60'000'000) / step * step;
    const std::vector<u64> points = random_points(arguments.number("changes", 1000), last, arguments.number("seed", 1));
    const auto steady = create(arguments, dbt::Engine::baseline);
    const auto changing = create(arguments, dbt::Engine::baseline);
    auto next = points.begin();
    for (u64 now = step; now <= last; now += step) {
        for (; next != points.end() && *next <= now; ++next)
            if (!run_to(*steady, *next) || !run_to(*changing, *next) || !change_engine(*changing)) return 1;
        if (!run_to(*steady, now) || !run_to(*changing, now)) return 1;
        if (state_hash(*steady) == state_hash(*changing)) continue;
        std::printf("after %lld changes the states differ at %llu instructions\n",
                    static_cast<long long>(next - points.begin()), static_cast<unsigned long long>(now));
        return 1;
    }
    std::printf("%zu changes of engine in %llu instructions: the same states\n", points.size(),
                static_cast<unsigned long long>(last));
    return 0;
}
