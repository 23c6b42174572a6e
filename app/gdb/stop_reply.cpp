// What the client is told when the machine stands still ("Stop Reply Packets" in gdb's manual).
#include <iterator>

#include <fmt/format.h>

#include "app/gdb/session.hpp"
#include "app/gdb/target_description.hpp"

namespace orrery::app::gdb {
namespace {

std::string_view watch_key(WatchKind kind) {
    switch (kind) {
    case WatchKind::read:
        return "rwatch";
    case WatchKind::access:
        return "awatch";
    case WatchKind::write:
        break;
    }
    return "watch";
}

} // namespace

std::string_view Session::lldb_reason(Stop::Reason reason) {
    switch (reason) {
    case Stop::Reason::breakpoint:
        return "breakpoint";
    case Stop::Reason::watchpoint:
        return "watchpoint";
    case Stop::Reason::step:
        return "trace";
    default:
        return "signal";
    }
}

const Session::Breakpoint* Session::breakpoint_at_stop(const Stop& stop) const {
    if (stop.reason != Stop::Reason::breakpoint) return nullptr;
    const DebugView& view = target_.view(stop.cpu);
    const auto pc = program_counter(view);
    const auto found = pc ? breakpoints_.find(view.read(*pc)) : breakpoints_.end();
    return found == breakpoints_.end() ? nullptr : &found->second;
}

std::string Session::describe_stop(const Stop& stop) const {
    if (stop.reason != Stop::Reason::watchpoint)
        return fmt::format("{}: {}", target_.cpu_name(stop.cpu), lldb_reason(stop.reason));
    return fmt::format("{}: watchpoint at {:#x}, {} bytes: access at {:#x}, old value {:#x}, new value {:#x}",
                       target_.cpu_name(stop.cpu), stop.watchpoint.address, stop.watchpoint.size_bytes, stop.accessed,
                       stop.old_value, stop.new_value);
}

// Output is legal only while the client waits for a stop, so it goes before it.
void Session::report_watched_values(const Stop& stop) {
    if (stop.reason == Stop::Reason::watchpoint && stop.cpu < target_.cpu_count())
        reply_console(describe_stop(stop) + "\n");
}

void Session::append_stop_reason(std::string& out, const Stop& stop) {
    auto to = std::back_inserter(out);
    if (stop.reason == Stop::Reason::watchpoint) {
        // gdb looks for the watchpoint that the address is in, and an access may begin before it.
        const Watchpoint& set = stop.watchpoint;
        const bool within = stop.accessed - set.address < set.size_bytes;
        fmt::format_to(to, "{}:{:x};", watch_key(set.kind), within ? stop.accessed : set.address);
    } else if (const Breakpoint* breakpoint = breakpoint_at_stop(stop)) {
        if (breakpoint->software && tells_software_breakpoints_) {
            out += "swbreak:;";
        } else if (breakpoint->hardware && tells_hardware_breakpoints_) {
            out += "hwbreak:;";
        }
    }
}

// Those that a debugger asks for first, to spare it the question.
void Session::append_expedited_registers(std::string& out, u32 cpu) const {
    const DebugView& view = target_.view(cpu);
    const auto pc = program_counter(view);
    for (std::size_t index = 0; index < registers_at_once(view); ++index) {
        const RegisterDescription& about = view.registers()[index];
        if (index != pc && about.type != RegisterDescription::Type::data_pointer) continue;
        fmt::format_to(std::back_inserter(out), "{:02x}:", about.number);
        append_register_hex(out, view.read_wide(index), (about.bits + 7) / 8);
        out += ';';
    }
}

void Session::append_lldb_stop(std::string& out, const Stop& stop) {
    std::string pcs;
    out += "threads:";
    for (u32 cpu = 0; cpu < target_.cpu_count(); ++cpu) {
        const DebugView& view = target_.view(cpu);
        const auto pc = program_counter(view);
        fmt::format_to(std::back_inserter(out), "{}{:x}", cpu == 0 ? "" : ",", cpu + 1);
        fmt::format_to(std::back_inserter(pcs), "{}{:x}", cpu == 0 ? "" : ",", pc ? view.read(*pc) : 0);
    }
    fmt::format_to(std::back_inserter(out), ";thread-pcs:{};", pcs);
    // For a watchpoint lldb makes the reason from "watch" itself.
    if (stop.reason == Stop::Reason::watchpoint) return;
    fmt::format_to(std::back_inserter(out), "reason:{};", lldb_reason(stop.reason));
}

void Session::send_stop_reply() {
    Stop stop = target_.last_stop();
    if (stop.reason == Stop::Reason::ended) return reply(fmt::format("W{:02x}", stop.exit_code & 0xff));
    if (stop.cpu >= target_.cpu_count()) stop.cpu = 0;
    const u32 signal = stop.reason == Stop::Reason::paused ? signal_interrupt : signal_trap;
    writer_.begin();
    std::string& out = writer_.text();
    fmt::format_to(std::back_inserter(out), "T{:02x}thread:{:x};", signal, stop.cpu + 1);
    append_stop_reason(out, stop);
    append_expedited_registers(out, stop.cpu);
    if (lldb_) append_lldb_stop(out, stop);
    writer_.end();
}

} // namespace orrery::app::gdb
