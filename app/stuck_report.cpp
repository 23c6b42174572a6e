#include "app/stuck_report.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "machine/loader/file.hpp"
#include "machine/loader/symbols.hpp"

namespace orrery::app {
namespace {

constexpr u64 largest_program = 2 * GiB;
constexpr std::size_t shown_transfers = 32;
constexpr u32 followed_instructions = 4096;

using Places = std::function<std::string(u64)>; // an address of code in words

// A guest that resets itself: the CPU that has something to tell, that it gave up, an exception or at least the longest
// way since the last reset.
Cpu& teller(const Machine& machine) {
    const auto weight = [](const Cpu* cpu) {
        return std::tuple(cpu->shut_down(), !cpu->recent_exceptions().empty(), cpu->retired());
    };
    return **std::ranges::max_element(machine.cpus(), {}, weight);
}

// What a transfer is, in words: "call", "exception: load page fault".
std::string kind_of(const Transfer& transfer, const CpuWords& words) {
    const auto with_name = [&](std::string_view what, const std::vector<std::string>& names) {
        const u64 code = transfer.code & words.code_mask;
        const std::string name = code < names.size() ? names[code] : std::string{};
        return fmt::format("{}: {}", what, name.empty() ? fmt::format("{}", code) : name);
    };
    switch (transfer.kind) {
    case TransferKind::jump:
        return "jump";
    case TransferKind::branch:
        return "branch";
    case TransferKind::call:
        return "call";
    case TransferKind::ret:
        return "return";
    case TransferKind::exception:
        return with_name("exception", words.exceptions);
    case TransferKind::exception_return:
        return "return from exception";
    case TransferKind::interrupt:
        return with_name("interrupt", words.interrupts);
    case TransferKind::reset:
        return "reset";
    }
    return {};
}

void add_transfers(Cpu& cpu, std::string_view heading, const Places& place, std::vector<std::string>& lines) {
    const std::vector<Transfer> all = cpu.recent_transfers();
    const auto last = std::span(all).last(std::min(all.size(), shown_transfers));
    if (last.empty()) return;
    const CpuWords words = cpu.debug_view().words();
    lines.push_back(fmt::format("{}, newest last:", heading));
    for (const Transfer& transfer : last)
        lines.push_back(fmt::format("  {:>8}x  {} -> {} ({})", transfer.count, place(transfer.from), place(transfer.to),
                                    kind_of(transfer, words)));
}

// Where only some transfers were seen, the guest goes on for a moment, an instruction at a time, so that its loop is
// seen whole. What it does then is of no consequence: the run is over.
void add_all_transfers(Machine& machine, Cpu& cpu, const Places& place, std::vector<std::string>& lines) {
    const std::string heading = fmt::format("the last control transfers of {}", cpu.name());
    if (cpu.records_all_transfers()) return add_transfers(cpu, heading, place, lines);
    add_transfers(cpu, heading + " that were noticed (--record-transfers notices all)", place, lines);
    cpu.forget_transfers();
    for (u32 i = 0; i < followed_instructions; ++i)
        if (const Machine::Step step = machine.step(cpu, false); step.outcome || step.reason == ExitReason::halted)
            break;
    add_transfers(cpu, fmt::format("all control transfers of {} from there on", cpu.name()), place, lines);
}

} // namespace

StuckReport stuck_report(Machine& machine, Outcome outcome, const std::vector<std::string>& programs) {
    Symbols symbols;
    for (const std::string& path : programs)
        if (const auto file = read_file(path, largest_program, "the program")) symbols.add(*file);
    const Places place = [&](u64 address) {
        const std::string name = symbols.name(address);
        return name.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} ({})", address, name);
    };
    const bool resets = outcome.ending == Ending::reset_loop;
    const StuckKind kind = resets ? StuckKind::resets : machine.stuck().kind;
    Cpu& first = resets ? teller(machine) : *machine.stuck().cpu;
    StuckReport report;
    std::vector<Cpu*> told;
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
        told.push_back(cpu);
    }
    for (Cpu* cpu : told) add_all_transfers(machine, *cpu, place, report.lines);
    return report;
}

} // namespace orrery::app
