#include "tests/support/machine_state.hpp"

#include <algorithm>
#include <cstring>

#include "machine/ram_extents.hpp"

namespace orrery::test {
namespace {

std::vector<StateLine> lines(Component& component) {
    InspectVisitor visitor(component.name());
    component.state(visitor);
    return visitor.lines();
}

std::vector<u64> pages_with_data(const Ram& ram) {
    std::vector<u64> pages;
    for_each_data_page(ram, [&](u64 offset) { pages.push_back(offset); });
    return pages;
}

void compare_memory(const Ram& left, const Ram& right, std::size_t limit, std::vector<StateDifference>& found) {
    std::vector<u64> pages;
    std::ranges::set_union(pages_with_data(left), pages_with_data(right), std::back_inserter(pages));
    for (const u64 page : pages) {
        if (found.size() >= limit) return;
        if (std::memcmp(left.host() + page, right.host() + page, page_size) == 0) continue;
        for (u64 at = page; at < page + page_size && found.size() < limit; at += 8) {
            u64 left_word = 0, right_word = 0;
            std::memcpy(&left_word, left.host() + at, 8);
            std::memcpy(&right_word, right.host() + at, 8);
            if (left_word != right_word)
                found.push_back({fmt::format("{}[{:#x}]", left.name(), at), fmt::format("{:#x}", left_word),
                                 fmt::format("{:#x}", right_word)});
        }
    }
}

} // namespace

std::vector<u8> saved_state(Machine& machine) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    machine.clock().state(visitor);
    for (const auto& component : machine.components()) component->state(visitor);
    return bytes;
}

bool same_state(Machine& left, Machine& right) { return saved_state(left) == saved_state(right); }

bool same_memory(Machine& left, Machine& right) {
    std::vector<StateDifference> found;
    for (std::size_t i = 0; i < left.rams().size() && found.empty(); ++i)
        compare_memory(*left.rams()[i], *right.rams()[i], 1, found);
    return found.empty();
}

std::vector<StateDifference> differences(Machine& left, Machine& right, std::size_t limit) {
    std::vector<StateDifference> found;
    const auto compare = [&](Component& one, Component& other) {
        const std::vector<StateLine> left_lines = lines(one);
        const std::vector<StateLine> right_lines = lines(other);
        for (std::size_t i = 0; i < std::min(left_lines.size(), right_lines.size()) && found.size() < limit; ++i)
            if (left_lines[i].value != right_lines[i].value)
                found.push_back({left_lines[i].path, left_lines[i].value, right_lines[i].value});
        if (left_lines.size() != right_lines.size()) found.push_back({one.name(), "another number of fields", ""});
    };
    compare(left.clock(), right.clock());
    for (std::size_t i = 0; i < left.components().size(); ++i) compare(*left.components()[i], *right.components()[i]);
    for (std::size_t i = 0; i < left.rams().size(); ++i)
        compare_memory(*left.rams()[i], *right.rams()[i], limit, found);
    return found;
}

std::string text(const std::vector<StateDifference>& differences) {
    std::string text;
    for (const StateDifference& difference : differences)
        text += fmt::format("  {}\n    {}\n    {}\n", difference.path, difference.left, difference.right);
    return text;
}

} // namespace orrery::test
