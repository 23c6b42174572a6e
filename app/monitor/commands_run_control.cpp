// Commands that let the guest run, stop it and end it.
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"
#include "machine/snapshot.hpp"

namespace orrery::app::monitor {
namespace {

Words cpu_names(Monitor& monitor) {
    Words names;
    for (u32 cpu = 0; cpu < monitor.controller().cpu_count(); ++cpu)
        names.push_back(monitor.controller().cpu_name(cpu));
    return names;
}

// gdb believes that nothing moves the guest but itself.
Status may_move(Monitor& monitor, Door door) {
    if (door == Door::debugger) return error("the debugger's own commands do that: continue, stepi, advance");
    if (monitor.controller().running()) return error("the guest is running; say `pause` before");
    return {};
}

Result<Answer> pause(Monitor& monitor, Door, const Words&) {
    if (monitor.controller().running()) monitor.controller().pause();
    return said("the guest stands still");
}

Result<Answer> go_on(Monitor& monitor, Door door, const Words&) {
    TRY_STATUS(may_move(monitor, door));
    monitor.controller().resume({});
    return said("the guest goes on");
}

Result<Answer> step(Monitor& monitor, Door door, const Words& words) {
    TRY_STATUS(may_move(monitor, door));
    const auto steps = words.empty() ? 1 : number(words[0]);
    if (!steps || *steps == 0) return error("'{}' is no number of instructions", shown(words[0]));
    const u32 cpu = TRY(monitor.cpu(words, 1));
    Resume how{.kind = Resume::Kind::step, .cpu = cpu};
    how.steps = *steps;
    monitor.controller().resume(how);
    return Answer{};
}

Result<Answer> until(Monitor& monitor, Door door, const Words& words) {
    TRY_STATUS(may_move(monitor, door));
    Monitor::Point point;
    point.address = TRY(monitor.address(words[0]));
    point.once = true;
    TRY(monitor.add(point));
    monitor.controller().resume({});
    return said("the guest goes on until {}", monitor.place(point.address));
}

Result<Answer> where(Monitor& monitor, Door, const Words&) {
    if (monitor.controller().running()) {
        Answer answer = said("the guest is running");
        answer.data["running"] = true;
        return answer;
    }
    Answer answer = monitor.stopped(monitor.controller().last_stop());
    answer.data["running"] = false;
    return answer;
}

Result<Answer> reset(Monitor& monitor, Door, const Words&) {
    if (monitor.controller().running()) {
        monitor.machine().request_reset();
        return said("the machine is reset and goes on");
    }
    monitor.controller().reset();
    return said("the machine is reset and stands at its first instruction");
}

Result<Answer> quit(Monitor& monitor, Door, const Words&) {
    monitor.controller().kill();
    return said("the run ends");
}

Result<Answer> leave(Monitor&, Door door, const Words&) {
    if (door != Door::terminal) return error("there is no prompt to leave here");
    Answer answer;
    answer.leaves = true;
    return answer;
}

Result<Answer> snapshot(Monitor& monitor, Door, const Words& words) {
    if (!monitor.surroundings().may_write_files) return error("this monitor may not write files");
    TRY_STATUS(save_snapshot(monitor.machine(), words[0]));
    const u64 retired = monitor.machine().retired();
    Answer answer = said("saved after {} instructions to {}", retired, words[0]);
    answer.data["instructions"] = retired;
    return answer;
}

Result<EngineKind> engine_named(const std::string& word) {
    for (const EngineKind engine : {EngineKind::kvm, EngineKind::translator, EngineKind::interpreter})
        if (word == name(engine)) return engine;
    return error("there is no engine '{}'; the engines are kvm, jit and interp", shown(word));
}

Result<Answer> engine(Monitor& monitor, Door, const Words& words) {
    const std::vector<Cpu*>& cpus = monitor.machine().cpus();
    if (!words.empty()) {
        const EngineKind wanted = TRY(engine_named(words[0]));
        for (Cpu* cpu : cpus) TRY_STATUS(cpu->use_engine(wanted));
    }
    Answer answer = said("the guest is run by {}", name(cpus.front()->engine()));
    answer.data["engine"] = name(cpus.front()->engine());
    return answer;
}

Words engine_candidates(Monitor&, const Words& before) {
    return before.empty() ? Words{"interp", "jit", "kvm"} : Words{};
}

Words step_candidates(Monitor& monitor, const Words& before) {
    return before.size() == 1 ? cpu_names(monitor) : Words{};
}

constexpr Command commands[]{
    {"pause", "", "stops the guest", "pause", 0, 0, true, pause, nullptr},
    {"continue", "", "lets the guest go on", "continue", 0, 0, true, go_on, nullptr},
    {"step", "[COUNT [CPU]]", "executes instructions of one CPU while the others stand still", "step 10 hart0", 0, 2,
     true, step, step_candidates},
    {"until", "ADDRESS|SYMBOL", "lets the guest go on until a CPU comes there", "until 0x80200000", 1, 1, true, until,
     nullptr},
    {"where", "", "whether the guest runs, and why it stands still", "where", 0, 0, false, where, nullptr},
    {"reset", "", "resets the machine", "reset", 0, 0, false, reset, nullptr},
    {"snapshot", "FILE", "saves the machine's state, for `orrery run --restore`", "snapshot ready.state", 1, 1, true,
     snapshot, nullptr},
    {"engine", "[kvm|jit|interp]", "what runs the guest; moves it to another engine, which it can't tell",
     "engine interp", 0, 1, true, engine, engine_candidates},
    {"quit", "", "ends the run", "quit", 0, 0, false, quit, nullptr},
    {"leave", "", "closes the terminal's prompt; the guest has the keys again", "leave", 0, 0, false, leave, nullptr},
};

} // namespace

std::span<const Command> run_control_commands() { return commands; }

} // namespace orrery::app::monitor
