#include "app/trace/show/summary.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace orrery::app::trace {
namespace {

constexpr std::array<std::string_view, record_kinds> plurals{"instructions",    "branches",   "memory accesses",
                                                             "device accesses", "exceptions", "interrupts"};

} // namespace

void Summary::add(u32 cpu, const Record& record) {
    Counts& counts = cpus_[cpu];
    ++counts.of_kind[std::to_underlying(record.kind)];
    counts.least_count = std::min(counts.least_count, record.place.retired);
    counts.most_count = std::max(counts.most_count, record.place.retired);
    if (record.kind != RecordKind::instruction) return;
    const auto found = executions_.find(record.place.pc);
    if (found != executions_.end())
        ++found->second;
    else if (executions_.size() < most_addresses)
        executions_.emplace(record.place.pc, 1);
    else
        ++not_counted_;
}

std::string Summary::hottest_text(const LineStyle& style) const {
    std::vector<std::pair<u64, u64>> hottest(executions_.begin(), executions_.end());
    const auto order = [](const auto& left, const auto& right) {
        return left.second != right.second ? left.second > right.second : left.first < right.first;
    };
    const std::size_t shown = std::min(hottest.size(), shown_addresses);
    std::ranges::partial_sort(hottest, hottest.begin() + static_cast<std::ptrdiff_t>(shown), order);
    if (shown == 0) return "";
    std::string text = fmt::format("most executed of {} addresses:\n", hottest.size());
    for (std::size_t i = 0; i < shown; ++i)
        text += fmt::format("{:>12}  {}\n", hottest[i].second, address_text(style.symbols, hottest[i].first));
    if (not_counted_ != 0)
        text += fmt::format("{} instructions at further addresses aren't in this list\n", not_counted_);
    return text;
}

std::string Summary::text(const LineStyle& style) const {
    const Header& header = style.header;
    std::string text =
        fmt::format("{}, {}\n", printable(header.board), printable(fmt::format("{}", fmt::join(header.triples, ", "))));
    for (const std::string& filter : header.filters) text += fmt::format("traced with: {}\n", printable(filter));
    for (const auto& [cpu, counts] : cpus_) {
        text += fmt::format("{}: from instruction {} to {}\n", printable(header.cpus[cpu]), counts.least_count,
                            counts.most_count);
        for (std::size_t kind = 0; kind < record_kinds; ++kind)
            if (counts.of_kind[kind] != 0) text += fmt::format("{:>12}  {}\n", counts.of_kind[kind], plurals[kind]);
    }
    return text + hottest_text(style);
}

} // namespace orrery::app::trace
