#include "app/monitor/monitor.hpp"

#include <algorithm>

#include "app/explain/disassembler.hpp"
#include "app/explain/workshop.hpp"
#include "app/monitor/words.hpp"
#include "app/unknown_option.hpp"
#include "machine/loader/file.hpp"

namespace orrery::app::monitor {
namespace {

constexpr u64 largest_program = 2 * GiB;

std::string usage(const Command& command) {
    return fmt::format("{}{}{}", command.name, command.arguments.empty() ? "" : " ", command.arguments);
}

Result<Answer> help(Monitor& monitor, Door, const Words& words) {
    Answer answer;
    answer.data["commands"] = Json::array();
    const Command* wanted = words.empty() ? nullptr : TRY(monitor.find(words));
    for (const Command& command : monitor.commands()) {
        if (wanted && wanted != &command) continue;
        answer.data["commands"].push_back({{"name", command.name},
                                           {"arguments", command.arguments},
                                           {"meaning", command.meaning},
                                           {"example", command.example}});
        if (wanted)
            answer.line("{}\n    {}\nexample: {}", usage(command), command.meaning, command.example);
        else
            answer.line("{:<44} {}", usage(command), command.meaning);
    }
    if (!wanted)
        for (const TableName& table : all_tables(monitor))
            answer.line("{:<44} {}", fmt::format("{} [CPU|DEVICE]", table.name), table.meaning);
    if (!wanted) answer.line("`help COMMAND` adds an example; the beginning of a name is enough");
    return answer;
}

// For doors that can't complete by themselves.
Result<Answer> complete(Monitor& monitor, Door, const Words& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    Answer answer;
    answer.data["candidates"] = Json::array();
    for (const std::string& candidate : monitor.complete(line)) {
        answer.data["candidates"].push_back(candidate);
        answer.line("{}", candidate);
    }
    return answer;
}

Words command_names(Monitor& monitor, const Words&) {
    Words names;
    for (const Command& command : monitor.commands()) names.emplace_back(command.name);
    for (const TableName& table : all_tables(monitor)) names.emplace_back(table.name);
    return names;
}

constexpr Command help_command{"help", "[COMMAND]", "what there is", "help walk", 0, 1, false, help, command_names};
constexpr Command complete_command{
    "complete", "LINE…", "what the last word of a line may become", "complete registers ms", 0, 16, false,
    complete,   nullptr};

} // namespace

std::string_view reason_name(Stop::Reason reason) {
    switch (reason) {
    case Stop::Reason::paused:
        return "paused";
    case Stop::Reason::breakpoint:
        return "breakpoint";
    case Stop::Reason::watchpoint:
        return "watchpoint";
    case Stop::Reason::step:
        return "step";
    case Stop::Reason::ended:
        return "ended";
    }
    return "paused";
}

Monitor::Monitor(DebugController& controller, Surroundings surroundings)
    : controller_(controller), surroundings_(std::move(surroundings)), commands_{help_command, complete_command} {
    for (const auto& table : {run_control_commands(), breakpoint_commands(), register_commands(), memory_commands(),
                              code_commands(), translation_commands(), device_commands(), interrupt_commands(),
                              statistics_commands(), console_commands(), table_commands()})
        commands_.insert(commands_.end(), table.begin(), table.end());
    started = last_sample = {std::chrono::steady_clock::now(), machine().retired()};
    controller_.answer_monitor_by([this](std::string_view line) { return answer_text(line, Door::debugger); });
    listener_ = controller_.add_listener([this](const Stop&) { on_stop(); });
}

Monitor::~Monitor() {
    controller_.remove_listener(listener_);
    controller_.answer_monitor_by(nullptr);
}

Words Monitor::split(std::string_view line) {
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

Result<const Command*> Monitor::find(const Words& words) const {
    std::vector<std::string> names;
    std::string fitting;
    const Command* found = nullptr;
    for (const Command& command : commands_) {
        if (command.name == words[0]) return &command;
        names.emplace_back(command.name);
        if (!command.name.starts_with(words[0])) continue;
        fitting += fmt::format("{}'{}'", fitting.empty() ? "" : ", ", command.name);
        found = found ? found : &command;
    }
    if (fitting.contains(',')) return error("'{}' may be {}", words[0], fitting);
    if (found) return found;
    return error("there is no command '{}'{}; `help` lists them", shown(words[0]), meant(words[0], names));
}

Words Monitor::with_tables(Words words) {
    if (words.empty() || find(words)) return words;
    const std::vector<TableName> tables = all_tables(*this);
    std::vector<std::string_view> fitting;
    for (const TableName& table : tables) {
        if (table.name == words[0]) fitting = {table.name};
        if (table.name == words[0]) break;
        if (table.name.starts_with(words[0])) fitting.push_back(table.name);
    }
    if (fitting.size() != 1) return words;
    words[0] = fitting[0];
    words.insert(words.begin(), "table");
    return words;
}

Result<Answer> Monitor::answer(const Words& typed, Door door) {
    if (typed.empty()) return help(*this, door, {});
    const Words words = with_tables(typed);
    const Command& command = *TRY(find(words));
    const Words arguments(words.begin() + 1, words.end());
    if (arguments.size() < command.least_words || arguments.size() > command.most_words)
        return error("use it as: {}", usage(command));
    return command.answer(*this, door, arguments);
}

std::string Monitor::answer_text(std::string_view line, Door door) {
    const Result<Answer> result = answer(split(line), door);
    return result ? result->text : result.error().message() + "\n";
}

void Monitor::execute(Words typed, Door door, Done done) {
    Words words = with_tables(std::move(typed));
    const bool standing = !words.empty() && find(words).value_or(&help_command)->standing;
    if (!standing) return done(answer(words, door));
    // Shared by the two halves, which are std::functions and so have to be copyable.
    auto result = std::make_shared<Result<Answer>>();
    controller_.while_still([this, words = std::move(words), door, result] { *result = answer(words, door); },
                            [done = std::move(done), result] { done(*result); });
}

Words Monitor::complete(std::string_view line) {
    Words words = split(line);
    const bool begins_new = line.empty() || line.back() == ' ';
    const std::string beginning = begins_new || words.empty() ? "" : words.back();
    if (!begins_new && !words.empty()) words.pop_back();
    words = with_tables(std::move(words));
    Words all;
    if (words.empty()) {
        all = command_names(*this, {});
    } else if (const auto command = find(words); command && (*command)->candidates) {
        all = (*command)->candidates(*this, Words(words.begin() + 1, words.end()));
    }
    std::erase_if(all, [&](const std::string& word) { return !word.starts_with(beginning); });
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return all;
}

const Symbols& Monitor::symbols() {
    if (symbols_) return *symbols_;
    symbols_.emplace();
    for (const std::string& path : surroundings_.programs)
        if (const auto file = read_file(path, largest_program, "the program")) symbols_->add(*file);
    return *symbols_;
}

std::string Monitor::place(u64 address) {
    const std::string name = symbols().name(address);
    return name.empty() ? fmt::format("{:#x}", address) : fmt::format("{:#x} ({})", address, name);
}

Result<u64> Monitor::address(const std::string& word) {
    if (const auto value = number(word)) return *value;
    if (const auto found = symbols().find(word)) return found->address;
    const bool looks_like_a_number = !word.empty() && word[0] >= '0' && word[0] <= '9';
    if (looks_like_a_number || symbols().empty())
        return error("'{}' is no address; write it like 0xffffffff80001000", shown(word));
    return error("there is no symbol '{}'{}; addresses look like 0xffffffff80001000", shown(word),
                 meant(word, symbols().names(word.substr(0, 1), 100'000)));
}

Result<u32> Monitor::cpu(const Words& words, std::size_t index) {
    if (words.size() <= index) return std::min(controller_.last_stop().cpu, controller_.cpu_count() - 1);
    for (u32 cpu = 0; cpu < controller_.cpu_count(); ++cpu)
        if (words[index] == controller_.cpu_name(cpu) || number(words[index]) == cpu) return cpu;
    return error("there is no CPU '{}'; they are numbered 0 to {}", shown(words[index]), controller_.cpu_count() - 1);
}

Result<Assembly> Monitor::assembly(u32 cpu) {
    const std::string_view triple = controller_.view(cpu).llvm_triple();
    const auto assembly = assembly_of(triple);
    if (!assembly) return error("there is no disassembler for {}", triple);
    return *assembly;
}

Result<const Disassembler*> Monitor::disassembler(Assembly assembly) {
    std::unique_ptr<Disassembler>& one = disassemblers_[assembly];
    if (!one) one = TRY(Disassembler::create(assembly));
    return one.get();
}

Result<ExplainWorkshop*> Monitor::workshop() {
    const Assembly of_cpus = TRY(assembly(0));
    if (!workshop_) workshop_ = TRY(ExplainWorkshop::create(of_cpus));
    return workshop_.get();
}

Answer Monitor::stopped(const Stop& stop) {
    Answer answer;
    answer.data["reason"] = reason_name(stop.reason);
    if (stop.reason == Stop::Reason::ended) {
        answer.data["code"] = stop.exit_code;
        answer.line("the run ends with code {}", stop.exit_code);
        return answer;
    }
    const u32 cpu = std::min(stop.cpu, controller_.cpu_count() - 1);
    const u64 pc = machine().cpus()[cpu]->pc();
    answer.data["cpu"] = cpu;
    answer.data["pc"] = pc;
    if (const std::string name = symbols().name(pc); !name.empty()) answer.data["symbol"] = name;
    answer.line("{} at {}: {}", controller_.cpu_name(cpu), place(pc), reason_name(stop.reason));
    if (stop.reason == Stop::Reason::watchpoint) {
        answer.data["address"] = stop.accessed;
        answer.data["old"] = stop.old_value;
        answer.data["new"] = stop.new_value;
        answer.line("    access at {}, old value {:#x}, new value {:#x}", place(stop.accessed), stop.old_value,
                    stop.new_value);
    }
    return answer;
}

void Monitor::place_points() {
    std::set<u64> addresses;
    for (const Point& point : points_)
        if (!point.watch) addresses.insert(point.address);
    controller_.set_own_breakpoints(std::move(addresses));
}

Result<u32> Monitor::add(Point point) {
    constexpr std::size_t most_points = 1000;
    if (points_.size() == most_points) return error("there are {} break- and watchpoints already", most_points);
    if (point.watch) TRY_STATUS(controller_.insert_watchpoint(*point.watch));
    point.number = next_point_++;
    points_.push_back(point);
    place_points();
    return point.number;
}

Status Monitor::remove(u32 number) {
    const auto found = std::ranges::find(points_, number, &Point::number);
    if (found == points_.end()) return error("there is no break- or watchpoint {}; `breakpoints` lists them", number);
    if (found->watch) static_cast<void>(controller_.remove_watchpoint(*found->watch));
    points_.erase(found);
    place_points();
    return {};
}

void Monitor::on_stop() {
    if (std::erase_if(points_, [](const Point& point) { return point.once; }) != 0) place_points();
}

} // namespace orrery::app::monitor
