#include "app/stuck_report.hpp"

#include "machine/loader/file.hpp"
#include "machine/loader/symbols.hpp"

namespace orrery::app {
namespace {

constexpr u64 largest_program = 2 * GiB;

// A guest that resets itself: the CPU that has something to tell.
Cpu& teller(const Machine& machine) {
    for (Cpu* cpu : machine.cpus())
        if (!cpu->recent_exceptions().empty()) return *cpu;
    return *machine.cpus().front();
}

} // namespace

StuckReport stuck_report(Machine& machine, Outcome outcome, const std::vector<std::string>& programs) {
    Symbols symbols;
    for (const std::string& path : programs)
        if (const auto file = read_file(path, largest_program, "the program")) symbols.add(*file);
    const auto place = [&](u64 address) {
        const std::string name = symbols.name(address);
        return name.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} ({})", address, name);
    };
    const bool resets = outcome.ending == Ending::reset_loop;
    const StuckKind kind = resets ? StuckKind::resets : machine.stuck().kind;
    Cpu& first = resets ? teller(machine) : *machine.stuck().cpu;
    StuckReport report;
    for (Cpu* cpu : machine.cpus()) {
        // Each CPU has its part in a standstill.
        if (cpu != &first && kind != StuckKind::standstill) continue;
        const std::vector<ExceptionRecord> exceptions = cpu->recent_exceptions();
        const StuckAnswer answer = cpu->explain_stuck({kind, exceptions, machine.memory(), place});
        const std::string sentence = fmt::format("{}: {}", cpu->name(), answer.sentence);
        if (report.sentence.empty()) {
            report.sentence = sentence;
        } else {
            report.lines.push_back(sentence);
        }
        report.lines.insert(report.lines.end(), answer.lines.begin(), answer.lines.end());
    }
    return report;
}

} // namespace orrery::app
