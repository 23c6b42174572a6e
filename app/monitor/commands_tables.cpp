// Commands that show the tables of CPUs and devices. Which there are they say themselves
// (machine/fabric/table_source.hpp).
#include <algorithm>

#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"
#include "machine/fabric/table_source.hpp"

namespace orrery::app::monitor {
namespace {

struct Owner {
    std::string name;
    const TableSource* source = nullptr;
};

std::vector<Owner> owners(Monitor& monitor) {
    std::vector<Owner> all;
    for (u32 cpu = 0; cpu < monitor.controller().cpu_count(); ++cpu)
        all.push_back({monitor.controller().cpu_name(cpu), &monitor.controller().view(cpu)});
    for (const auto& component : monitor.machine().components())
        if (const auto* source = dynamic_cast<const TableSource*>(component.get()))
            all.push_back({component->name(), source});
    return all;
}

bool has(const Owner& owner, std::string_view table) {
    return std::ranges::any_of(owner.source->tables(), [&](const TableName& one) { return one.name == table; });
}

void add(const Owner& owner, std::string_view name, Answer& answer) {
    const Table table = owner.source->table(name);
    Json shown{{"owner", owner.name}, {"heading", table.heading}, {"rows", Json::array()}};
    answer.line("{}: {}", owner.name, table.heading);
    for (const TableRow& row : table.rows) {
        Json one{{"name", row.name}};
        if (row.address) one["address"] = *row.address;
        if (row.value) one["value"] = *row.value;
        one["meaning"] = row.meaning;
        shown["rows"].push_back(std::move(one));
        answer.line("  {:<20} {:<18}  {}", row.name, row.value ? fmt::format("{:#x}", *row.value) : "", row.meaning);
    }
    answer.data["tables"].push_back(std::move(shown));
}

Result<Answer> list(Monitor& monitor) {
    Answer answer;
    answer.data["tables"] = Json::array();
    for (const auto& [name, meaning] : all_tables(monitor)) {
        Json one{{"name", name}, {"meaning", meaning}, {"owners", Json::array()}};
        std::string names;
        for (const Owner& owner : owners(monitor)) {
            if (!has(owner, name)) continue;
            one["owners"].push_back(owner.name);
            names += (names.empty() ? "" : " ") + owner.name;
        }
        answer.data["tables"].push_back(std::move(one));
        answer.line("{:<10} {} ({})", name, meaning, names);
    }
    if (answer.text.empty()) answer.line("this machine has no tables to show");
    return answer;
}

// Of the owner that is named; else of the CPU that stopped last, and of every device that has such a table.
Result<Answer> table(Monitor& monitor, Door, const Words& words) {
    if (words.empty()) return list(monitor);
    std::vector<std::string> known;
    for (const auto& [name, meaning] : all_tables(monitor)) known.emplace_back(name);
    if (std::ranges::find(known, words[0]) == known.end())
        return error("there is no table '{}'{}; `table` lists them", shown(words[0]), meant(words[0], known));
    const std::vector<Owner> all = owners(monitor);
    const u32 cpus = monitor.controller().cpu_count();
    const u32 stopped = TRY(monitor.cpu({}, 0));
    const auto cpu = words.size() > 1 ? monitor.cpu(words, 1) : Result<u32>(stopped);
    Answer answer;
    answer.data["table"] = words[0];
    answer.data["tables"] = Json::array();
    for (u32 i = 0; i < all.size(); ++i) {
        const bool named = words.size() > 1 && words[1] == all[i].name;
        const bool wanted = i < cpus ? cpu && *cpu == i : words.size() < 2 || named;
        if (wanted && has(all[i], words[0])) add(all[i], words[0], answer);
    }
    if (answer.text.empty()) return error("'{}' has no table '{}'; `table` lists them", shown(words[1]), words[0]);
    return answer;
}

Words candidates(Monitor& monitor, const Words& before) {
    Words words;
    if (before.empty())
        for (const auto& [name, meaning] : all_tables(monitor)) words.emplace_back(name);
    if (before.size() == 1)
        for (const Owner& owner : owners(monitor))
            if (has(owner, before[0])) words.push_back(owner.name);
    return words;
}

constexpr Command commands[]{
    {"table", "[NAME [CPU|DEVICE]]", "a table of a CPU or device, decoded; without a name, which there are",
     "table gdt", 0, 2, true, table, candidates},
};

} // namespace

std::span<const Command> table_commands() { return commands; }

std::vector<TableName> all_tables(Monitor& monitor) {
    std::vector<TableName> names;
    for (const Owner& owner : owners(monitor))
        for (const TableName& table : owner.source->tables())
            if (std::ranges::find(names, table.name, &TableName::name) == names.end()) names.push_back(table);
    return names;
}

} // namespace orrery::app::monitor
