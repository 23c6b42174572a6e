#include "machine/fabric/log.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>

#include <fnmatch.h>

namespace orrery::log {
namespace {

struct Global {
    std::mutex mutex;
    Sink sink;
    std::map<std::string, u32, std::less<>> guest_errors;
};

Global& global() {
    static Global instance;
    return instance;
}

// Trace points register themselves before main(); the list's head is zero-initialised before any constructor runs.
TracePoint*& first_trace_point() {
    static TracePoint* first = nullptr;
    return first;
}

} // namespace

std::string_view name(Level level) {
    switch (level) {
    case Level::error: return "error";
    case Level::warning: return "warning";
    case Level::info: return "info";
    case Level::guest_error: return "guest error";
    case Level::trace: return "trace";
    }
    return "?";
}

void set_sink(Sink sink) {
    std::lock_guard guard(global().mutex);
    global().sink = std::move(sink);
}

void write(Level level, std::string_view text) {
    std::lock_guard guard(global().mutex);
    if (global().sink) {
        global().sink(level, text);
        return;
    }
    const std::string line = fmt::format("orrery: {}: {}\n", name(level), text);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

bool guest_error_allowed(std::string_view source) {
    {
        std::lock_guard guard(global().mutex);
        auto& counts = global().guest_errors;
        auto found = counts.find(source);
        if (found == counts.end()) found = counts.emplace(std::string(source), 0).first;
        if (found->second > guest_error_limit) return false;
        if (++found->second <= guest_error_limit) return true;
    }
    write(Level::guest_error, fmt::format("{}: more of this is not shown", source));
    return false;
}

TracePoint::TracePoint(const char* name) : name_(name), next_(first_trace_point()) { first_trace_point() = this; }

std::size_t enable_traces(std::string_view pattern, bool on) {
    const std::string text(pattern);
    std::size_t matched = 0;
    for (TracePoint* point = first_trace_point(); point; point = point->next_) {
        if (::fnmatch(text.c_str(), point->name_, 0) != 0) continue;
        point->enabled_.store(on, std::memory_order_relaxed);
        ++matched;
    }
    return matched;
}

std::vector<std::string> trace_names() {
    std::vector<std::string> names;
    for (const TracePoint* point = first_trace_point(); point; point = point->next_) names.emplace_back(point->name_);
    std::ranges::sort(names);
    return names;
}

} // namespace orrery::log
