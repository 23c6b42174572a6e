// What a trace is made of: how many events of each kind on each CPU, and the addresses with the most instructions.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "app/trace/show/line.hpp"
#include "app/trace/show/selection.hpp"

namespace orrery::app::trace {

class Summary {
public:
    void add(u32 cpu, const Record& record);
    [[nodiscard]] std::string text(const LineStyle& style) const;

private:
    static constexpr std::size_t most_addresses = 1 << 20; // a file may name any number of them
    static constexpr std::size_t shown_addresses = 10;

    struct Counts {
        std::array<u64, record_kinds> of_kind{};
        u64 least_count = ~u64{0}, most_count = 0;
    };
    [[nodiscard]] std::string hottest_text(const LineStyle& style) const;

    std::map<u32, Counts> cpus_;
    std::unordered_map<u64, u64> executions_; // of the instruction at an address; without instructions, events
    u64 not_counted_ = 0;
};

} // namespace orrery::app::trace
