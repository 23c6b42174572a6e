// `orrery trace show`.
#pragma once

#include <string>
#include <vector>

#include "app/trace/request.hpp"

namespace CLI {
class App;
}

namespace orrery::app {

struct TraceShowArguments {
    std::string action, file;
    trace::Arguments filter;
    std::string cpu, from, to, limit;
    std::vector<std::string> symbols;
    bool json = false;
    bool disassemble = false;
    bool summary = false;

    void add_to(CLI::App& command);
};

// The exit code.
int trace_show(const TraceShowArguments& arguments);

} // namespace orrery::app
