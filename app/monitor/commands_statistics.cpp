// Commands that show what the emulator does: its counters and its trace points.
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"
#include "app/trace/control.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::app::monitor {
namespace {

// Millions of instructions a second of host time.
double mips(const Monitor::Sample& from, const Monitor::Sample& to) {
    const double seconds = std::chrono::duration<double>(to.at - from.at).count();
    return seconds <= 0 || to.retired < from.retired ? 0
                                                     : static_cast<double>(to.retired - from.retired) / seconds / 1e6;
}

Result<Answer> stats(Monitor& monitor, Door, const Words&) {
    const Monitor::Sample now{std::chrono::steady_clock::now(), monitor.machine().retired()};
    Answer answer;
    answer.data["instructions"] = now.retired;
    answer.data["mips"] = mips(monitor.started, now);
    answer.data["mips_since_last"] = mips(monitor.last_sample, now);
    answer.data["guest_ns"] = monitor.machine().clock().now_ns();
    answer.line("{} instructions, {:.1f} MIPS since the start, {:.1f} since the last `stats`", now.retired,
                mips(monitor.started, now), mips(monitor.last_sample, now));
    answer.line("{:.3f} s of guest time", static_cast<double>(monitor.machine().clock().now_ns()) / 1e9);
    monitor.last_sample = now;
    const std::vector<Cpu*>& cpus = monitor.machine().cpus();
    for (const EngineCounter& counter : cpus.front()->counters()) {
        if (!counter.shared) continue;
        answer.data["machine"][std::string(counter.name)] = counter.value;
        answer.line("{:<32} {}", counter.name, counter.value);
    }
    answer.data["cpus"] = Json::array();
    for (Cpu* cpu : cpus) {
        Json data{{"name", cpu->name()}, {"instructions", cpu->retired()}};
        std::string text = fmt::format("{}: {} instructions", cpu->name(), cpu->retired());
        for (const EngineCounter& counter : cpu->counters()) {
            if (counter.shared) continue;
            data[std::string(counter.name)] = counter.value;
            text += fmt::format(", {} {}", counter.value, counter.name);
        }
        answer.data["cpus"].push_back(std::move(data));
        answer.line("{}", text);
    }
    return answer;
}

// "range=start_kernel" and the like.
Status add_restriction(const std::string& word, trace::Arguments& arguments) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    for (const auto& [known, list] :
         {std::pair{"what", &arguments.what}, std::pair{"range", &arguments.code}, std::pair{"data", &arguments.data},
          std::pair{"privilege", &arguments.privileges}, std::pair{"device", &arguments.devices}}) {
        if (name != known || value.empty()) continue;
        list->push_back(value);
        return {};
    }
    return error("'{}' is no restriction; use what=, range=, data=, privilege= or device= as with `orrery run`",
                 shown(word));
}

Answer trace_status(const trace::Control& control) {
    const trace::Control::Progress progress = control.status();
    Answer answer;
    answer.data = {{"running", progress.running},
                   {"path", progress.path},
                   {"events", progress.records},
                   {"bytes", progress.size_bytes}};
    if (progress.path.empty())
        answer.line("nothing was traced yet");
    else
        answer.line("{} {}: {} events, {} bytes", progress.running ? "tracing to" : "traced to", progress.path,
                    progress.records, progress.size_bytes);
    if (progress.failure) answer.line("{}", progress.failure->message());
    return answer;
}

Result<Answer> trace_file(Monitor& monitor, Door, const Words& words) {
    if (!monitor.surroundings().tracing) return error("this machine can't be traced to a file");
    trace::Control& control = monitor.surroundings().tracing();
    if (words.empty()) return trace_status(control);
    if (words[0] == "stop") {
        if (!control.status().running) return error("no trace is being written");
        TRY_STATUS(control.stop());
        return trace_status(control);
    }
    if (words[0] != "start" || words.size() < 2)
        return error("use it as: tracefile, tracefile start FILE [RESTRICTION…], tracefile stop");
    trace::Arguments arguments;
    for (std::size_t i = 2; i < words.size(); ++i) TRY_STATUS(add_restriction(words[i], arguments));
    TRY_STATUS(control.start(words[1], arguments));
    return trace_status(control);
}

Words trace_file_candidates(Monitor&, const Words& before) {
    if (before.empty()) return {"start", "stop"};
    return before.size() > 1 ? Words{"what=", "range=", "data=", "privilege=", "device="} : Words{};
}

Result<Answer> trace_points(Monitor&, Door, const Words& words) {
    Answer answer;
    if (words.empty()) {
        answer.data["traces"] = log::trace_names();
        for (const std::string& name : log::trace_names()) answer.line("{}", name);
        return answer;
    }
    if (words[0] != "on" && words[0] != "off") return error("say `trace on PATTERN…` or `trace off PATTERN…`");
    const Words patterns = words.size() == 1 ? Words{"*"} : Words(words.begin() + 1, words.end());
    std::size_t count = 0;
    for (const std::string& pattern : patterns) {
        const std::size_t switched = log::enable_traces(pattern, words[0] == "on");
        if (switched == 0)
            return error("no trace point matches '{}'{}; `trace` lists them", shown(pattern),
                         meant(pattern, log::trace_names()));
        count += switched;
    }
    answer.data["switched"] = count;
    answer.line("{} trace point{} switched {}", count, count == 1 ? "" : "s", words[0]);
    return answer;
}

Words trace_candidates(Monitor&, const Words& before) {
    return before.empty() ? Words{"on", "off"} : Words(log::trace_names());
}

constexpr Command commands[]{
    {"stats", "", "instructions, speed, and what the engine has counted", "stats", 0, 0, true, stats, nullptr},
    {"trace", "[on|off [PATTERN…]]", "lists trace points, or switches those that match; they write to stderr",
     "trace on uart* bus.io", 0, 16, false, trace_points, trace_candidates},
    {"tracefile", "[start FILE [RESTRICTION…]|stop]", "writes what the guest does to a file, for `orrery trace show`",
     "tracefile start boot.trace what=branches range=start_kernel", 0, 16, true, trace_file, trace_file_candidates},
};

} // namespace

std::span<const Command> statistics_commands() { return commands; }

} // namespace orrery::app::monitor
