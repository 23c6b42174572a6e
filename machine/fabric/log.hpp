// What the emulator says about itself and its guest: one process-wide sink, the only mutable global of the project.
// Trace points are named, off by one relaxed load and a branch, and switched on by name pattern ("uart*").
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "machine/fabric/types.hpp"

namespace orrery::log {

enum class Level : u8 { error, warning, info, guest_error, trace };

std::string_view name(Level level);

using Sink = std::function<void(Level, std::string_view text)>;

// Replaces the sink (the default writes to standard error). Call before threads are started.
void set_sink(Sink sink);
void write(Level level, std::string_view text);

template <typename... Args> void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args> void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}

// The guest did something its hardware manual forbids. At most `per_point_limit` lines a source are written, then one
// line says that more were dropped. A source is a component's name or a similar short constant.
inline constexpr u32 guest_error_limit = 20;
bool guest_error_allowed(std::string_view source);
template <typename... Args>
void guest_error(std::string_view source, fmt::format_string<Args...> format, Args&&... args) {
    if (!guest_error_allowed(source)) return;
    write(Level::guest_error, fmt::format("{}: {}", source, fmt::format(format, std::forward<Args>(args)...)));
}

// Declared at namespace scope in a .cpp file: `log::TracePoint trace_write{"uart.write"};`
class TracePoint {
public:
    explicit TracePoint(const char* name);
    [[nodiscard]] bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::string_view name() const { return name_; }
    template <typename... Args> void operator()(fmt::format_string<Args...> format, Args&&... args) const {
        if (enabled()) [[unlikely]]
            write(Level::trace, fmt::format("{}: {}", name_, fmt::format(format, std::forward<Args>(args)...)));
    }

private:
    friend std::size_t enable_traces(std::string_view pattern, bool on);
    friend std::vector<std::string> trace_names();
    const char* name_;
    std::atomic<bool> enabled_ = false;
    TracePoint* next_ = nullptr;
};

// Switches every trace point whose name matches a shell-like pattern; returns how many did.
std::size_t enable_traces(std::string_view pattern, bool on);
std::vector<std::string> trace_names();

} // namespace orrery::log
