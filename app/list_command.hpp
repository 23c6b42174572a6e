// `orrery list`: what there is to choose from.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace orrery::app {

inline constexpr std::array<std::string_view, 4> list_topics{"machines", "devices", "engines", "traces"};

// Prints the list; the exit code.
int list(const std::string& topic);

} // namespace orrery::app
