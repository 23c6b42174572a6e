// The sentence for an option that doesn't exist, with the one that was perhaps meant.
#pragma once

#include <span>
#include <string>

namespace orrery::app {

// How many characters have to be inserted, removed or changed to make one of the other.
std::size_t edit_distance(std::string_view one, std::string_view other);

// The known name nearest to `given`; empty if none is near.
std::string nearest(std::string_view given, std::span<const std::string> known);

} // namespace orrery::app
