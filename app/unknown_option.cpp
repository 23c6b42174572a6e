#include "app/unknown_option.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

namespace orrery::app {

std::size_t edit_distance(std::string_view one, std::string_view other) {
    // Levenshtein's table, of which only the last row is kept.
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < one.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < other.size(); ++j) {
            const std::size_t changed = diagonal + (one[i] != other[j]);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string nearest(std::string_view given, std::span<const std::string> known) {
    constexpr std::size_t still_near = 3;
    std::string best;
    std::size_t best_distance = std::min(still_near, (given.size() + 1) / 2) + 1;
    for (const std::string& name : known) {
        const std::size_t distance = edit_distance(given, name);
        if (distance >= best_distance) continue;
        best = name;
        best_distance = distance;
    }
    return best;
}

} // namespace orrery::app
