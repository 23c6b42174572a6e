// Boots the Debian guest several times and wants the same state hash at every ten million instructions: on two machines
// in one process, in another process, and in one that goes on from a snapshot.
//
// --instructions N (600 million), --snapshot-at N (500 million), --step N (10 million), and those of guest.hpp.
// The other processes are this program with --restore FILE and --print-from N.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <unistd.h>

#include "machine/fabric/log.hpp"
#include "machine/snapshot.hpp"
#include "tests/lockstep/guest.hpp"

namespace {

using namespace orrery;
using namespace orrery::test::lockstep;

struct Plan {
    explicit Plan(const Arguments& arguments)
        : step(arguments.number("step", 10'000'000)), last(arguments.number("instructions", 600'000'000) / step * step),
          snapshot_at(arguments.number("snapshot-at", 500'000'000) / step * step) {}
    u64 step, last, snapshot_at;
};

using Hashes = std::vector<u64>; // at step, 2 * step, …

std::string text(u64 retired, u64 hash) { return fmt::format("{} {:016x}\n", retired, hash); }

std::string text(const Hashes& hashes, u64 step, u64 behind) {
    std::string all;
    for (u64 i = behind / step; i < hashes.size(); ++i) all += text((i + 1) * step, hashes[i]);
    return all;
}

// The whole output of a command; empty if it failed.
std::string output_of(const std::string& command) {
    FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) return {};
    std::string output;
    std::array<char, 4096> part;
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), got);
    return ::pclose(pipe) == 0 ? output : std::string();
}

int print_hashes(const Arguments& arguments) {
    const Plan plan(arguments);
    const auto machine = create(arguments, dbt::Engine::baseline);
    if (const std::string file = arguments.text("restore", ""); !file.empty()) {
        if (const Status restored = restore_snapshot(*machine, file); !restored) {
            std::fprintf(stderr, "%s\n", restored.error().message().c_str());
            return 1;
        }
    }
    for (u64 now = arguments.number("print-from", 0); now < plan.last;) {
        now += plan.step;
        if (!run_to(*machine, now)) return 1;
        std::fputs(text(now, state_hash(*machine)).c_str(), stdout);
    }
    return 0;
}

bool same(const char* what, const std::string& wanted, const std::string& found) {
    if (wanted == found) {
        std::printf("%s: the same %lld hashes\n", what, static_cast<long long>(std::ranges::count(wanted, '\n')));
        return true;
    }
    std::printf("%s: other hashes.\nwanted:\n%sfound:\n%s", what, wanted.c_str(), found.c_str());
    return false;
}

// Two machines side by side; the first one leaves a snapshot on its way. Empty after a difference.
Hashes run_twice(const Arguments& arguments, const Plan& plan, const std::string& snapshot) {
    const auto one = create(arguments, dbt::Engine::baseline);
    const auto other = create(arguments, dbt::Engine::baseline);
    Hashes hashes;
    for (u64 now = plan.step; now <= plan.last; now += plan.step) {
        if (!run_to(*one, now) || !run_to(*other, now)) return {};
        hashes.push_back(state_hash(*one));
        if (const u64 second = state_hash(*other); second != hashes.back()) {
            std::printf("two machines in one process differ at %s", text(now, second).c_str());
            return {};
        }
        if (now != plan.snapshot_at) continue;
        if (const Status saved = save_snapshot(*one, snapshot); !saved) {
            std::printf("%s\n", saved.error().message().c_str());
            return {};
        }
    }
    return hashes;
}

} // namespace

int main(int argument_count, char** argument_values) {
    const Arguments arguments(argument_count, argument_values);
    log::set_sink([](log::Level, std::string_view) {});
    if (!arguments.text("print-from", "").empty()) return print_hashes(arguments);

    const Plan plan(arguments);
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    const std::string snapshot =
        std::filesystem::temp_directory_path() / fmt::format("orrery-determinism-{}", ::getpid());
    const Hashes hashes = run_twice(arguments, plan, snapshot);
    if (hashes.empty()) return 1;
    const std::string command = fmt::format("'{}'{}", program, arguments.all());
    bool good = same("another process", text(hashes, plan.step, 0), output_of(command + " --print-from 0"));
    good &= same("a process that goes on from a snapshot", text(hashes, plan.step, plan.snapshot_at),
                 output_of(fmt::format("{} --restore '{}' --print-from {}", command, snapshot, plan.snapshot_at)));
    std::filesystem::remove(snapshot);
    return good ? 0 : 1;
}
