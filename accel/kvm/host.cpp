#include "accel/kvm/host.hpp"

#include <cstdlib>
#include <fstream>

#include <sys/utsname.h>
#include <unistd.h>

#include "accel/kvm/virtual_machine.hpp"

namespace orrery::kvm {
namespace {

// Goes up when a probe changes, or what is asked.
constexpr int cache_version = 3;

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 1);
    return "unknown";
}

// A line that no other kernel or processor has. A kernel built anew under the same number has another version.
std::string host_line() {
    utsname names{};
    ::uname(&names);
    return fmt::format("orrery kvm {}; {} {} {};{}", cache_version, names.release, names.version, names.machine,
                       processor_name());
}

std::optional<HostFacts> remembered(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || line != host_line()) return std::nullopt;
    HostFacts facts;
    bool whole = true;
    HostFacts::fields(facts, [&](std::string_view name, auto& value) {
        std::string found;
        u64 number = 0;
        whole = whole && file >> found >> number && found == name;
        value = static_cast<std::remove_reference_t<decltype(value)>>(number);
    });
    return whole ? std::optional(facts) : std::nullopt;
}

// What can't be written is found out anew the next time.
void remember(const std::filesystem::path& path, const HostFacts& facts) {
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    const std::filesystem::path unfinished = path.string() + fmt::format(".{}", ::getpid());
    {
        std::ofstream file(unfinished);
        file << host_line() << '\n';
        HostFacts::fields(facts,
                          [&](std::string_view name, const auto& value) { file << name << ' ' << u64{value} << '\n'; });
        if (!file.flush()) return;
    }
    std::filesystem::rename(unfinished, path, failed);
}

} // namespace

HostReport judge(const HostFacts& facts) {
    HostReport report{.host_class = HostClass::full, .reasons = {}, .facts = facts};
    const auto needs = [&](bool fact, std::string sentence) {
        if (!fact) report.reasons.push_back(std::move(sentence));
    };
    needs(facts.kernel_is_fast,
          fmt::format("code of guests' kernels is interpreted by the host's kernel, at {} million "
                      "instructions a second, slower than the translator",
                      facts.kernel_instructions_per_us));
    needs(facts.kernel_vectors, "guests' kernels can't execute SSE instructions");
    needs(facts.bit_counts, "guests' kernels get wrong numbers from LZCNT and TZCNT, and nothing tells of it");
    needs(facts.paging_32, "32-bit guests can't switch paging on");
    needs(facts.system_calls, "guests' programs can't call their kernel: SYSCALL doesn't reach privilege 0");
    needs(facts.protection_faults,
          "guests' programs meet with invalid opcodes where they should with general protection");
    needs(facts.cpuid_masked, "CPUID tells guests of features that the machine's processor model hasn't got");
    needs(facts.single_step, "guests' programs can't be single-stepped");
    needs(facts.table_edits_seen, "page tables that the emulator changes, as by restoring a snapshot, aren't noticed");
    needs(facts.time_stamp_set,
          "guests see the host's own time-stamp counter, which goes on while the machine is paused");
    if (!report.reasons.empty()) report.host_class = HostClass::limited;
    return report;
}

HostReport examine_host_once(const std::optional<std::filesystem::path>& cache) {
    // Whether the device may be used changes with the user, and is asked always.
    if (const auto device = open_device(host_system_calls()); !device)
        return {.reasons = {device.error().message()}, .facts = {}};
    const auto path = cache ? std::optional(*cache / "kvm-host") : std::nullopt;
    if (path) {
        if (const auto facts = remembered(*path)) {
            HostReport report = judge(*facts);
            report.remembered = true;
            return report;
        }
    }
    HostReport report = examine_host(host_system_calls());
    if (path && report.facts) remember(*path, *report.facts);
    return report;
}

} // namespace orrery::kvm
