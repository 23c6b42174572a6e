#include "app/debug/monitor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <vector>

#include "app/debug/controller.hpp"
#include "app/unknown_option.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::app {
namespace {

using Words = std::vector<std::string>;

struct Command {
    std::string_view name;
    std::string_view arguments;
    std::string_view help;
    std::size_t least_words; // behind the name
    std::size_t most_words;
    std::string (*answer)(DebugController&, const Words&);
};

std::optional<u64> parse_address(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    u64 value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The number of the CPU that a word names, else the one that stopped.
std::optional<u32> chosen_cpu(DebugController& controller, const Words& words, std::size_t index) {
    if (words.size() <= index) return std::min(controller.last_stop().cpu, controller.cpu_count() - 1);
    const auto number = parse_address(words[index]);
    if (!number || *number >= controller.cpu_count()) return std::nullopt;
    return static_cast<u32>(*number);
}

std::string no_such_cpu(DebugController& controller, const std::string& word) {
    return fmt::format("there is no CPU '{}'; they are numbered 0 to {}\n", word, controller.cpu_count() - 1);
}

std::string fields_text(const RegisterDescription& description, u64 value) {
    std::string text;
    for (const RegisterField& field : description.fields) {
        const u64 mask = field.count >= 64 ? ~u64{0} : (u64{1} << field.count) - 1;
        const u64 bits = value >> field.first & mask;
        if (bits != 0) text += fmt::format(" {}={:#x}", field.name, bits);
    }
    return text;
}

std::string registers(DebugController& controller, const Words& words) {
    std::string answer;
    const auto cpu = chosen_cpu(controller, words, 1);
    if (!cpu) return no_such_cpu(controller, words[1]);
    const std::string wanted = words.empty() ? "general" : words[0];
    DebugView& view = controller.view(*cpu);
    for (std::size_t i = 0; i < view.registers().size(); ++i) {
        const RegisterDescription& description = view.registers()[i];
        if (wanted != "all" && wanted != description.group && wanted != description.name && wanted != description.alias)
            continue;
        const u64 value = view.read(i);
        answer += fmt::format("{:<14} {:#018x}{}\n", description.name, value, fields_text(description, value));
    }
    if (answer.empty())
        return fmt::format("there is no register or group '{}'; the groups are general, float, system and all\n",
                           wanted);
    return answer;
}

std::string walk(DebugController& controller, const Words& words) {
    const auto address = parse_address(words[0]);
    if (!address) return fmt::format("'{}' is no address; write it like 0xffffffff80001000\n", words[0]);
    const auto cpu = chosen_cpu(controller, words, 1);
    if (!cpu) return no_such_cpu(controller, words[1]);
    const Walk walked = controller.view(*cpu).walk({*address});
    std::string answer;
    for (const WalkStep& step : walked.steps) {
        answer += step.entry_address == 0 ? fmt::format("{}: {}\n", step.what, step.meaning)
                                          : fmt::format("{}: entry {:#x} at {:#x}: {}\n", step.what, step.entry,
                                                        step.entry_address, step.meaning);
    }
    if (walked.address) answer += fmt::format("{:#x} is guest-physical {:#x}\n", *address, walked.address->value);
    return answer;
}

std::string devices(DebugController& controller, const Words&) {
    std::string answer;
    for (const auto& component : controller.machine().components())
        answer += fmt::format("{:<16} {}\n", component->name(), component->type());
    return answer;
}

std::string device(DebugController& controller, const Words& words) {
    for (const auto& component : controller.machine().components()) {
        if (component->name() != words[0]) continue;
        InspectVisitor inspector;
        component->state(inspector);
        std::string answer;
        for (const StateLine& line : inspector.lines()) answer += fmt::format("{:<28} {}\n", line.path, line.value);
        return answer;
    }
    return fmt::format("there is no device '{}'; `devices` lists them\n", words[0]);
}

std::string map(DebugController& controller, const Words&) {
    constexpr std::array<std::string_view, 3> kinds{"RAM", "ROM", "device"};
    std::string answer;
    for (const MemoryRegion& region : controller.memory_map())
        answer += fmt::format("{:#014x}-{:#014x} {:<6} {}\n", region.base, region.base + (region.size_bytes - 1),
                              kinds[static_cast<std::size_t>(region.kind)], region.name);
    return answer;
}

std::string cpus(DebugController& controller, const Words&) {
    std::string answer;
    for (u32 cpu = 0; cpu < controller.cpu_count(); ++cpu)
        answer += fmt::format("{} {} at {:#x}, {}, {} instructions\n", cpu, controller.cpu_name(cpu),
                              controller.machine().cpus()[cpu]->pc(), controller.view(cpu).condition(),
                              controller.machine().cpus()[cpu]->retired());
    return answer;
}

std::string timers(DebugController& controller, const Words&) {
    const Clock& clock = controller.machine().clock();
    const u64 deadline_ns = clock.next_deadline_ns();
    return fmt::format("guest time {} ns, next timer {}\n", clock.now_ns(),
                       deadline_ns == never_ns ? "none" : fmt::format("at {} ns", deadline_ns));
}

std::string trace(DebugController&, const Words& words) {
    if (words[0] != "on" && words[0] != "off") return "say `trace on PATTERN` or `trace off PATTERN`\n";
    const std::size_t count = log::enable_traces(words[1], words[0] == "on");
    if (count == 0) return fmt::format("no trace point matches '{}'; `orrery list traces` shows them all\n", words[1]);
    return fmt::format("{} trace point{} switched {}\n", count, count == 1 ? "" : "s", words[0]);
}

std::string reset(DebugController& controller, const Words&) {
    controller.reset();
    return "the machine is reset and stands at its first instruction\n";
}

std::string quit(DebugController& controller, const Words&) {
    controller.kill();
    return "the run ends\n";
}

std::string help(DebugController& controller, const Words& words);

constexpr std::array commands{
    Command{"help", "[COMMAND]", "what there is", 0, 1, help},
    Command{"cpus", "", "where each CPU stands", 0, 0, cpus},
    Command{"registers", "[NAME|GROUP [CPU]]", "registers with their fields; groups: general, float, system, all", 0, 2,
            registers},
    Command{"walk", "ADDRESS [CPU]", "how a virtual address is translated, level by level", 1, 2, walk},
    Command{"map", "", "what lies where in guest-physical memory", 0, 0, map},
    Command{"devices", "", "the machine's components", 0, 0, devices},
    Command{"device", "NAME", "all state of one of them", 1, 1, device},
    Command{"timers", "", "the guest's time, and when the next timer is due", 0, 0, timers},
    Command{"trace", "on|off PATTERN", "switches trace points, like 'uart*'", 2, 2, trace},
    Command{"reset", "", "resets the machine", 0, 0, reset},
    Command{"quit", "", "ends the run", 0, 0, quit},
};

std::string usage(const Command& command) {
    return fmt::format("{}{}{}", command.name, command.arguments.empty() ? "" : " ", command.arguments);
}

std::string help(DebugController&, const Words& words) {
    std::string answer;
    for (const Command& command : commands)
        if (words.empty() || words[0] == command.name)
            answer += fmt::format("{:<32} {}\n", usage(command), command.help);
    return answer.empty() ? fmt::format("there is no command '{}'; `help` lists them\n", words[0]) : answer;
}

Words split(std::string_view line) {
    constexpr std::string_view spaces = " \t\r\n";
    Words words;
    for (;;) {
        const std::size_t first = line.find_first_not_of(spaces);
        if (first == std::string_view::npos) return words;
        line.remove_prefix(first);
        const std::size_t end = std::min(line.find_first_of(spaces), line.size());
        words.emplace_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

// A beginning that fits one command only is enough.
const Command* find_command(std::string_view name) {
    const Command* found = nullptr;
    for (const Command& command : commands) {
        if (command.name == name) return &command;
        if (!command.name.starts_with(name)) continue;
        if (found) return nullptr;
        found = &command;
    }
    return found;
}

} // namespace

std::string monitor_answer(DebugController& controller, std::string_view line) {
    Words words = split(line);
    if (words.empty()) return help(controller, {});
    const Command* command = find_command(words[0]);
    if (!command) {
        std::vector<std::string> known;
        for (const Command& each : commands) known.emplace_back(each.name);
        const std::string meant = nearest(words[0], known);
        return fmt::format("there is no command '{}'{}; `help` lists them\n", words[0],
                           meant.empty() ? "" : fmt::format(" (was '{}' meant?)", meant));
    }
    words.erase(words.begin());
    if (words.size() < command->least_words || words.size() > command->most_words)
        return fmt::format("use it as: {}\n", usage(*command));
    return command->answer(controller, words);
}

} // namespace orrery::app
