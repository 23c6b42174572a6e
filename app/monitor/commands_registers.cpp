// Commands that show the CPUs and their registers.
#include <algorithm>

#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

bool is_wanted(const RegisterDescription& description, const std::string& wanted) {
    return wanted == "all" || wanted == description.group || wanted == description.name ||
           (!description.alias.empty() && wanted == description.alias);
}

Words register_names(Monitor& monitor, u32 cpu) {
    Words names{"all"};
    for (const RegisterDescription& description : monitor.controller().view(cpu).registers()) {
        names.emplace_back(description.name);
        names.emplace_back(description.group);
        if (!description.alias.empty()) names.emplace_back(description.alias);
    }
    return names;
}

std::string groups_of(const DebugView& view) {
    std::vector<std::string_view> groups;
    for (const RegisterDescription& description : view.registers())
        if (std::ranges::find(groups, description.group) == groups.end()) groups.push_back(description.group);
    return fmt::format("{}", fmt::join(groups, ", "));
}

Result<Answer> registers(Monitor& monitor, Door, const Words& words) {
    const u32 cpu = TRY(monitor.cpu(words, 1));
    const std::string wanted = words.empty() ? "general" : words[0];
    const DebugView& view = monitor.controller().view(cpu);
    Answer answer;
    answer.data["cpu"] = cpu;
    answer.data["registers"] = Json::array();
    for (std::size_t i = 0; i < view.registers().size(); ++i) {
        const RegisterDescription& description = view.registers()[i];
        if (!is_wanted(description, wanted)) continue;
        const auto [value, high] = view.read_wide(i);
        Json one{{"name", description.name}, {"value", value}};
        const bool is_wide = description.bits > 64;
        if (is_wide) one["high"] = high; // the bits above 63
        for (const RegisterField& field : description.fields)
            one["fields"][std::string(field.name)] = field_value(field, value);
        answer.data["registers"].push_back(std::move(one));
        answer.line("{:<14} {}{}", description.name,
                    is_wide ? fmt::format("{:#x}_{:016x}", high, value) : fmt::format("{:#018x}", value),
                    fields_text(description, value));
    }
    if (answer.text.empty())
        return error("there is no register or group '{}'{}; the groups are {} and all", shown(wanted),
                     meant(wanted, register_names(monitor, cpu)), groups_of(view));
    return answer;
}

Result<Answer> cpus(Monitor& monitor, Door, const Words&) {
    DebugController& controller = monitor.controller();
    Answer answer;
    answer.data["cpus"] = Json::array();
    for (u32 cpu = 0; cpu < controller.cpu_count(); ++cpu) {
        const Cpu& one = *controller.machine().cpus()[cpu];
        const std::string condition = controller.view(cpu).condition();
        answer.data["cpus"].push_back({{"cpu", cpu},
                                       {"name", controller.cpu_name(cpu)},
                                       {"pc", one.pc()},
                                       {"condition", condition},
                                       {"instructions", one.retired()}});
        answer.line("{} {} at {}, {}, {} instructions", cpu, controller.cpu_name(cpu), monitor.place(one.pc()),
                    condition, one.retired());
    }
    return answer;
}

Words candidates(Monitor& monitor, const Words& before) {
    if (before.empty()) return register_names(monitor, 0);
    Words names;
    for (u32 cpu = 0; before.size() == 1 && cpu < monitor.controller().cpu_count(); ++cpu)
        names.push_back(monitor.controller().cpu_name(cpu));
    return names;
}

constexpr Command commands[]{
    {"cpus", "", "where each CPU stands", "cpus", 0, 0, true, cpus, nullptr},
    {"registers", "[NAME|GROUP [CPU]]", "registers with their fields; groups: general, float, system, all",
     "registers mstatus hart1", 0, 2, true, registers, candidates},
};

} // namespace

std::span<const Command> register_commands() { return commands; }

} // namespace orrery::app::monitor
