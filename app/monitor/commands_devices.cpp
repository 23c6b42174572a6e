// Commands that show the machine's components.
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

Words component_names(Monitor& monitor) {
    Words names;
    for (const auto& component : monitor.machine().components()) names.push_back(component->name());
    return names;
}

Result<Answer> map(Monitor& monitor, Door, const Words&) {
    constexpr std::array<std::string_view, 3> kinds{"RAM", "ROM", "device"};
    Answer answer;
    answer.data["regions"] = Json::array();
    for (const MemoryRegion& region : monitor.controller().memory_map()) {
        const std::string_view kind = kinds.at(static_cast<std::size_t>(region.kind));
        answer.data["regions"].push_back(
            {{"base", region.base}, {"bytes", region.size_bytes}, {"kind", kind}, {"name", region.name}});
        answer.line("{:#014x}-{:#014x} {:<6} {}", region.base, region.base + (region.size_bytes - 1), kind,
                    region.name);
    }
    return answer;
}

Result<Answer> devices(Monitor& monitor, Door, const Words&) {
    Answer answer;
    answer.data["devices"] = Json::array();
    for (const auto& component : monitor.machine().components()) {
        answer.data["devices"].push_back({{"name", component->name()}, {"type", component->type()}});
        answer.line("{:<16} {}", component->name(), component->type());
    }
    return answer;
}

Json numbers(std::string_view text) {
    Json all = Json::array();
    for (const std::string& word : Monitor::split(text)) all.push_back(number(word).value_or(0));
    return all.size() == 1 ? all[0] : all;
}

void add_state(Component& component, Answer& answer) {
    // An inspection changes nothing.
    InspectVisitor inspector;
    component.state(inspector);
    answer.data["state"] = Json::object();
    for (const StateLine& line : inspector.lines()) {
        answer.data["state"][line.path] = numbers(line.value);
        answer.line("{:<28} {}", line.path, line.value);
    }
}

void add_accesses(const Window& window, Answer& answer) {
    Json shown_window{{"name", window.name}, {"base", window.base.value}, {"bytes", window.size_bytes}};
    shown_window["accesses"] = Json::array();
    const u64 count = window.accesses ? window.accesses->count() : 0;
    shown_window["count"] = count;
    answer.line("window {} at {:#x}, {:#x} bytes: {} accesses{}", window.name, window.base.value, window.size_bytes,
                count,
                count > AccessLog::capacity ? ", the last of them:"
                : count != 0                ? ":"
                                            : "");
    if (window.accesses) {
        for (const Access& access : window.accesses->recent()) {
            const std::string name = window.io ? window.io->register_name(access.offset, access.write) : "";
            shown_window["accesses"].push_back({{"time_ns", access.time_ns},
                                                {"write", access.write},
                                                {"offset", access.offset},
                                                {"bytes", bytes(access.width)},
                                                {"value", access.value},
                                                {"register", name}});
            answer.line("    {:>16} ns  {:<5} {:#06x} {:<28} {} bytes  {:#x}", access.time_ns,
                        access.write ? "write" : "read", access.offset, name, bytes(access.width), access.value);
        }
    }
    answer.data["windows"].push_back(std::move(shown_window));
}

// "pci" owns "pci.ecam", and "flash0-chip" its window "flash0".
bool belongs(const Window& window, const Component& component, const IoHandler* handler) {
    return (handler && window.io == handler) || window.name == component.name() ||
           window.name.starts_with(component.name() + ".");
}

Result<Answer> device(Monitor& monitor, Door, const Words& words) {
    for (const auto& component : monitor.machine().components()) {
        if (component->name() != words[0]) continue;
        Answer answer;
        answer.data = {{"name", component->name()}, {"type", component->type()}};
        answer.line("{}, {}", component->name(), component->type());
        add_state(*component, answer);
        const auto* handler = dynamic_cast<const IoHandler*>(component.get());
        answer.data["windows"] = Json::array();
        for (const Window& window : monitor.machine().memory().view()->windows)
            if (belongs(window, *component, handler)) add_accesses(window, answer);
        return answer;
    }
    return error("there is no device '{}'{}; `devices` lists them", shown(words[0]),
                 meant(words[0], component_names(monitor)));
}

Words candidates(Monitor& monitor, const Words& before) { return before.empty() ? component_names(monitor) : Words{}; }

constexpr Command commands[]{
    {"map", "", "what lies where in guest-physical memory", "map", 0, 0, false, map, nullptr},
    {"devices", "", "the machine's components", "devices", 0, 0, false, devices, nullptr},
    {"device", "NAME", "all state of one of them, and the last accesses to its registers", "device uart0", 1, 1, true,
     device, candidates},
};

} // namespace

std::span<const Command> device_commands() { return commands; }

} // namespace orrery::app::monitor
