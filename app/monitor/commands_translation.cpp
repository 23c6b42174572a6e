// Commands that show how virtual addresses become physical ones.
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

constexpr std::size_t most_shown = 400;

Result<Answer> walk(Monitor& monitor, Door, const Words& words) {
    const u64 address = TRY(monitor.address(words[0]));
    const u32 cpu = TRY(monitor.cpu(words, 1));
    const Walk walked = monitor.controller().view(cpu).walk({address});
    Answer answer;
    answer.data["address"] = address;
    answer.data["steps"] = Json::array();
    for (const WalkStep& step : walked.steps) {
        Json one{{"what", step.what}, {"meaning", step.meaning}};
        if (step.entry_address != 0) {
            one["entry_address"] = step.entry_address;
            one["entry"] = step.entry;
            answer.line("{}: entry {:#x} at {:#x}: {}", step.what, step.entry, step.entry_address, step.meaning);
        } else {
            answer.line("{}: {}", step.what, step.meaning);
        }
        answer.data["steps"].push_back(std::move(one));
    }
    if (walked.address) {
        answer.data["physical"] = walked.address->value;
        answer.data["page_bytes"] = walked.page_size_bytes;
        answer.line("{:#x} is guest-physical {:#x}", address, walked.address->value);
    }
    return answer;
}

std::string rights(const CachedTranslation& entry) {
    return fmt::format("{}{}{}", entry.read ? 'r' : '-', entry.write ? 'w' : '-', entry.execute ? 'x' : '-');
}

Result<Answer> tlb(Monitor& monitor, Door, const Words& words) {
    const u32 cpu = TRY(monitor.cpu(words, 0));
    const std::vector<CachedTranslation> entries = monitor.machine().cpus()[cpu]->cached_translations();
    Answer answer;
    std::size_t current = 0, data = 0, code = 0;
    answer.data["cpu"] = cpu;
    answer.data["entries"] = Json::array();
    for (const CachedTranslation& entry : entries) {
        current += entry.current;
        (entry.execute ? code : data) += 1;
        answer.data["entries"].push_back({{"address", entry.address},
                                          {"physical", entry.physical},
                                          {"rights", rights(entry)},
                                          {"space", entry.space},
                                          {"view", entry.view},
                                          {"current", entry.current}});
    }
    answer.data["data"] = data;
    answer.data["code"] = code;
    answer.data["current"] = current;
    answer.line("{} pages for data, {} for code; {} belong to the present address space and privilege (*)", data, code,
                current);
    answer.line("    {:<18} {:<16} {:<6} {:<18} view", "virtual", "physical", "rights", "space");
    for (std::size_t i = 0; i < entries.size() && i < most_shown; ++i)
        answer.line("  {} {:#018x} {:#016x} {:<6} {:#018x} {}", entries[i].current ? '*' : ' ', entries[i].address,
                    entries[i].physical, rights(entries[i]), entries[i].space, entries[i].view);
    if (entries.size() > most_shown) answer.line("    and {} more", entries.size() - most_shown);
    return answer;
}

Words cpu_names(Monitor& monitor) {
    Words names;
    for (u32 cpu = 0; cpu < monitor.controller().cpu_count(); ++cpu)
        names.push_back(monitor.controller().cpu_name(cpu));
    return names;
}

Words walk_candidates(Monitor& monitor, const Words& before) {
    return before.size() == 1 ? cpu_names(monitor) : Words{};
}
Words tlb_candidates(Monitor& monitor, const Words& before) { return before.empty() ? cpu_names(monitor) : Words{}; }

constexpr Command commands[]{
    {"walk", "ADDRESS|SYMBOL [CPU]", "how a virtual address is translated, level by level", "walk 0xffffffff80000000",
     1, 2, true, walk, walk_candidates},
    {"tlb", "[CPU]", "the translations that the engine keeps for a CPU", "tlb hart0", 0, 1, true, tlb, tlb_candidates},
};

} // namespace

std::span<const Command> translation_commands() { return commands; }

} // namespace orrery::app::monitor
