// Commands that show interrupts and timers.
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

std::string list(const std::vector<u32>& numbers) {
    std::string text;
    for (const u32 number : numbers) text += fmt::format("{}{}", text.empty() ? "" : " ", number);
    return text;
}

void add_cpu(Monitor& monitor, u32 cpu, Answer& answer) {
    const DebugView& view = monitor.controller().view(cpu);
    Json data{{"cpu", cpu}, {"name", monitor.controller().cpu_name(cpu)}};
    for (std::size_t i = 0; i < view.registers().size(); ++i) {
        const RegisterDescription& description = view.registers()[i];
        if (!description.tells_interrupts) continue;
        const u64 value = view.read(i);
        Json names = Json::array();
        std::string text;
        for (const RegisterField& field : description.fields) {
            if (field_value(field, value) == 0) continue;
            names.push_back(field.name);
            text += fmt::format(" {}", field.name);
        }
        data[std::string(description.name)] = {{"value", value}, {"set", names}};
        answer.line("{:<6} {:<8} {:#06x}{}", monitor.controller().cpu_name(cpu), description.name, value, text);
    }
    if (const std::string text = view.interrupts(); !text.empty()) {
        data["interrupts"] = text;
        answer.line("{:<6} {}", monitor.controller().cpu_name(cpu), text);
    }
    answer.data["cpus"].push_back(std::move(data));
}

void add_controller(const Component& component, const IrqController& controller, Answer& answer) {
    Json inputs = Json::array();
    for (const IrqInput& input : controller.irq_inputs()) {
        inputs.push_back({{"input", input.pin},
                          {"source", input.source},
                          {"level", input.level},
                          {"pending", input.pending},
                          {"in_service", input.in_service},
                          {"priority", input.priority},
                          {"enabled_for", input.enabled_for}});
        const bool quiet = !input.level && !input.pending && !input.in_service && input.enabled_for.empty();
        if (quiet && input.source.empty()) continue;
        answer.line("{} {:<3} {:<14} {:<4} {:<7} {:<10} priority {} enabled for {}", component.name(), input.pin,
                    input.source, input.level ? "high" : "low", input.pending ? "pending" : "",
                    input.in_service ? "in service" : "", input.priority,
                    input.enabled_for.empty() ? "none" : list(input.enabled_for));
    }
    answer.data["controllers"].push_back({{"name", component.name()}, {"inputs", std::move(inputs)}});
}

Result<Answer> irq(Monitor& monitor, Door, const Words&) {
    Answer answer;
    answer.data["cpus"] = Json::array();
    answer.data["controllers"] = Json::array();
    for (u32 cpu = 0; cpu < monitor.controller().cpu_count(); ++cpu) add_cpu(monitor, cpu, answer);
    for (const auto& component : monitor.machine().components())
        if (const auto* controller = dynamic_cast<const IrqController*>(component.get()))
            add_controller(*component, *controller, answer);
    return answer;
}

Result<Answer> timers(Monitor& monitor, Door, const Words&) {
    const Clock& clock = monitor.machine().clock();
    const u64 now_ns = clock.now_ns();
    Answer answer;
    answer.data["now_ns"] = now_ns;
    answer.data["timers"] = Json::array();
    answer.line("guest time {} ns", now_ns);
    for (const Clock::ArmedTimer& timer : clock.armed_timers()) {
        answer.data["timers"].push_back({{"name", timer.name}, {"deadline_ns", timer.deadline_ns}});
        if (timer.deadline_ns <= now_ns)
            answer.line("{:<20} is due", timer.name);
        else
            answer.line("{:<20} at {} ns, in {} ns", timer.name, timer.deadline_ns, timer.deadline_ns - now_ns);
    }
    if (answer.data["timers"].empty()) answer.line("no timer is set");
    return answer;
}

constexpr Command commands[]{
    {"irq", "", "interrupt lines and controllers, and what each CPU has pending and enabled", "irq", 0, 0, true, irq,
     nullptr},
    {"timers", "", "the guest's time, and every timer that is set", "timers", 0, 0, false, timers, nullptr},
};

} // namespace

std::span<const Command> interrupt_commands() { return commands; }

} // namespace orrery::app::monitor
