// Random RISC-V programs on the interpreter and the baseline translator, compared all along their way.
//
// ORRERY_DIFFER_INSTRUCTIONS: how many to run (default: the argument, or ten million); ORRERY_DIFFER_SEED: the first
// program; ORRERY_DIFFER_ONLY: run and explain only the program with this seed; ORRERY_DIFFER_ENGINE=interp: compare
// the interpreter with itself, in other slices.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "machine/fabric/log.hpp"
#include "tests/differ/runner.hpp"

namespace {

using namespace orrery;
using namespace orrery::test::differ;

u64 from_environment(const char* name, u64 otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

int report(u64 seed, const RunLimits& limits) {
    const Program whole(seed);
    const RunResult found = run_program(whole, limits, true);
    if (!found.differ_at) {
        std::printf("program %llu: no difference in %llu instructions\n", static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(found.retired));
        return 0;
    }
    std::printf("program %llu makes a difference; again: ORRERY_DIFFER_ONLY=%llu\n%s",
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed), found.difference.c_str());
    std::fflush(stdout);
    const Program least = minimised(whole, limits);
    std::printf("what is left of it when everything that isn't needed is a nop:\n%s%s", listing(least).c_str(),
                run_program(least, limits, true).difference.c_str());
    return 1;
}

} // namespace

int main(int argument_count, char** arguments) {
    log::set_sink([](log::Level, std::string_view) {}); // guest errors are the point here
    const u64 wanted = from_environment("ORRERY_DIFFER_INSTRUCTIONS",
                                        argument_count > 1 ? std::strtoull(arguments[1], nullptr, 0) : 10'000'000);
    RunLimits limits;
    if (const char* engine = std::getenv("ORRERY_DIFFER_ENGINE"); engine && std::string_view(engine) == "interp")
        limits.engine = dbt::Engine::interpreter;
    if (std::getenv("ORRERY_DIFFER_ONLY")) return report(from_environment("ORRERY_DIFFER_ONLY", 1), limits);
    u64 retired = 0, programs = 0, ended_early = 0;
    for (u64 seed = from_environment("ORRERY_DIFFER_SEED", 1); retired < wanted; ++seed) {
        const RunResult result = run_program(Program(seed), limits);
        if (result.differ_at) return report(seed, limits) == 0 ? 2 : 1;
        retired += result.retired;
        ++programs;
        ended_early += result.ended_early ? 1 : 0;
    }
    std::printf("%llu instructions in %llu programs, %llu of them ended early: no difference\n",
                static_cast<unsigned long long>(retired), static_cast<unsigned long long>(programs),
                static_cast<unsigned long long>(ended_early));
    return 0;
}
