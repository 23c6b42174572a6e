// What a command of the monitor answers: fields for programs and text for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app::monitor {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

struct Answer {
    Json data = Json::object();
    std::string text;    // ends with a new line, unless it is empty
    bool leaves = false; // the terminal's prompt closes

    template <typename... Args> void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
        text += '\n';
    }
};

// For commands that only do something.
template <typename... Args> Answer said(fmt::format_string<Args...> format, Args&&... args) {
    Answer answer;
    answer.line(format, std::forward<Args>(args)...);
    return answer;
}

} // namespace orrery::app::monitor
