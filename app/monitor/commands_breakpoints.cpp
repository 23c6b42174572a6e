// Commands that say where the guest is to stop.
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

constexpr u64 most_watched_bytes = 4096;

std::string_view kind_name(const Monitor::Point& point) {
    if (!point.watch) return point.once ? "until" : "break";
    switch (point.watch->kind) {
    case WatchKind::write:
        return "write";
    case WatchKind::read:
        return "read";
    case WatchKind::access:
        return "access";
    }
    return "access";
}

Json describe(const Monitor::Point& point) {
    Json data{{"number", point.number}, {"kind", kind_name(point)}, {"address", point.address}};
    if (point.watch) data["bytes"] = point.watch->size_bytes;
    return data;
}

std::string describe_text(Monitor& monitor, const Monitor::Point& point) {
    const std::string bytes = point.watch ? fmt::format(", {} bytes", point.watch->size_bytes) : "";
    return fmt::format("{:>3} {:<6} {}{}", point.number, kind_name(point), monitor.place(point.address), bytes);
}

Result<Answer> add(Monitor& monitor, const Monitor::Point& point) {
    const u32 number = TRY(monitor.add(point));
    Answer answer;
    Monitor::Point added = point;
    added.number = number;
    answer.data = describe(added);
    answer.line("{}", describe_text(monitor, added));
    return answer;
}

Result<Answer> break_at(Monitor& monitor, Door, const Words& words) {
    Monitor::Point point;
    point.address = TRY(monitor.address(words[0]));
    return add(monitor, point);
}

Result<WatchKind> watch_kind(const std::string& word) {
    if (word == "write") return WatchKind::write;
    if (word == "read") return WatchKind::read;
    if (word == "access") return WatchKind::access;
    return error("'{}' can't be watched for; say write, read or access", shown(word));
}

Result<Answer> watch(Monitor& monitor, Door, const Words& words) {
    Monitor::Point point;
    point.address = TRY(monitor.address(words[0]));
    const auto bytes = words.size() < 2 ? 8 : number(words[1]);
    if (!bytes || *bytes == 0 || *bytes > most_watched_bytes)
        return error("'{}': 1 to {} bytes can be watched", shown(words[1]), most_watched_bytes);
    const WatchKind kind = words.size() < 3 ? WatchKind::write : TRY(watch_kind(words[2]));
    point.watch = Watchpoint{kind, point.address, *bytes};
    return add(monitor, point);
}

Result<Answer> remove(Monitor& monitor, Door, const Words& words) {
    if (words[0] == "all") {
        while (!monitor.points().empty()) TRY_STATUS(monitor.remove(monitor.points().back().number));
        return said("there are none any more");
    }
    const auto wanted = number(words[0]);
    if (!wanted || *wanted > ~u32{0}) return error("'{}' is no number of a break- or watchpoint", shown(words[0]));
    TRY_STATUS(monitor.remove(static_cast<u32>(*wanted)));
    return said("{} is gone", *wanted);
}

Result<Answer> list(Monitor& monitor, Door, const Words&) {
    Answer answer;
    answer.data["breakpoints"] = Json::array();
    for (const Monitor::Point& point : monitor.points()) {
        answer.data["breakpoints"].push_back(describe(point));
        answer.line("{}", describe_text(monitor, point));
    }
    if (monitor.points().empty()) answer.line("there are none; a debugger's own aren't shown");
    return answer;
}

Words symbol_names(Monitor& monitor, const Words& before) {
    constexpr std::size_t most = 10'000;
    return before.empty() ? monitor.symbols().names("", most) : Words{};
}

Words watch_candidates(Monitor& monitor, const Words& before) {
    if (before.size() == 2) return {"write", "read", "access"};
    return symbol_names(monitor, before);
}

Words delete_candidates(Monitor& monitor, const Words& before) {
    Words numbers;
    if (!before.empty()) return numbers;
    for (const Monitor::Point& point : monitor.points()) numbers.push_back(std::to_string(point.number));
    numbers.emplace_back("all");
    return numbers;
}

constexpr Command commands[]{
    {"break", "ADDRESS|SYMBOL", "stops the guest before the instruction there, on any CPU", "break start_kernel", 1, 1,
     true, break_at, symbol_names},
    {"watch", "ADDRESS|SYMBOL [BYTES [write|read|access]]", "stops the guest behind an access there (8 bytes, write)",
     "watch 0x80001000 4 access", 1, 3, true, watch, watch_candidates},
    {"breakpoints", "", "the break- and watchpoints that the monitor has set", "breakpoints", 0, 0, false, list,
     nullptr},
    {"delete", "NUMBER|all", "takes one of them out", "delete 1", 1, 1, true, remove, delete_candidates},
};

} // namespace

std::span<const Command> breakpoint_commands() { return commands; }

} // namespace orrery::app::monitor
