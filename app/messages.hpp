// Lines for the user, on stderr.
#pragma once

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace orrery::app {

template <typename... Args> void tell(fmt::format_string<Args...> format, Args&&... args) {
    std::fputs(fmt::format("orrery: {}\n", fmt::format(format, std::forward<Args>(args)...)).c_str(), stderr);
}

template <typename... Args> void complain(fmt::format_string<Args...> format, Args&&... args) {
    std::fputs(fmt::format("orrery: error: {}\n", fmt::format(format, std::forward<Args>(args)...)).c_str(), stderr);
}

} // namespace orrery::app
