// `orrery explain`: what becomes of guest instructions, for learners and for us.
#pragma once

#include <string>

#include "app/run_options.hpp"

namespace orrery::app {

struct ExplainArguments {
    std::string bytes, at, mode;
    std::string hottest, address;
    std::string instructions = "300000000";
    std::string html;
    RunArguments run; // of the machine, for all but `bytes`

    void add_to(CLI::App& command);
};

int explain(const ExplainArguments& arguments);

} // namespace orrery::app
