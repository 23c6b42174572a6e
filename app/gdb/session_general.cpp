// Queries and settings that every client sends, threads, leaving.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/gdb/session.hpp"
#include "app/gdb/target_description.hpp"

namespace orrery::app::gdb {

std::span<const Session::Handler> Session::general_handlers() {
    static constexpr std::array handlers{
        Handler{"qSupported", &Session::supported},
        Handler{"QStartNoAckMode", &Session::start_no_ack_mode},
        Handler{"qXfer", &Session::transfer},
        Handler{"qAttached", &Session::attached},
        Handler{"qC", &Session::current_thread},
        Handler{"qfThreadInfo", &Session::first_threads},
        Handler{"qsThreadInfo", &Session::further_threads},
        Handler{"qThreadExtraInfo", &Session::thread_extra_info},
        Handler{"qRcmd", &Session::monitor_command},
        Handler{"qSymbol", &Session::answer_ok},
        Handler{"QPassSignals", &Session::answer_ok},
        Handler{"QProgramSignals", &Session::answer_ok},
        Handler{"vMustReplyEmpty", &Session::answer_nothing},
        Handler{"vKill", &Session::kill},
        Handler{"qqemu.PhyMemMode", &Session::physical_mode},
        Handler{"Qqemu.PhyMemMode", &Session::set_physical_mode},
        Handler{"qqemu.Supported", &Session::emulator_features},
    };
    return handlers;
}

void Session::supported(Scanner arguments) {
    static_cast<void>(arguments.skip(':'));
    while (!arguments.at_end()) {
        const std::string_view feature = arguments.until(';');
        if (feature == "swbreak+") tells_software_breakpoints_ = true;
        if (feature == "hwbreak+") tells_hardware_breakpoints_ = true;
        if (feature == "error-message+") error_messages_ = true;
    }
    reply(fmt::format("PacketSize={:x};qXfer:features:read+;qXfer:memory-map:read+;qXfer:threads:read+;"
                      "QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;ConditionalBreakpoints+;"
                      "binary-upload+;error-message+",
                      packet_bytes));
}

void Session::start_no_ack_mode(Scanner) {
    reply_ok(); // itself still acknowledged
    acknowledges_ = false;
    writer_.remember(false);
}

void Session::answer_ok(Scanner) { reply_ok(); }

void Session::answer_nothing(Scanner) { reply(""); }

// There before the client was, so it detaches at its end and doesn't kill.
void Session::attached(Scanner) { reply("1"); }

void Session::current_thread(Scanner) { reply(fmt::format("QC{:x}", cpu_ + 1)); }

void Session::first_threads(Scanner) {
    std::string list;
    for (u32 cpu = 0; cpu < target_.cpu_count(); ++cpu) list += fmt::format("{}{:x}", cpu == 0 ? 'm' : ',', cpu + 1);
    reply(list);
}

void Session::further_threads(Scanner) { reply("l"); }

void Session::thread_extra_info(Scanner arguments) {
    static_cast<void>(arguments.skip(','));
    const auto cpu = parse_cpu(arguments);
    if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    std::string text;
    append_hex(text, thread_description(target_, *cpu));
    reply(text);
}

// ":features:read:target.xml:0,1000"
void Session::transfer(Scanner arguments) {
    static_cast<void>(arguments.skip(':'));
    const std::string_view object = arguments.until(':');
    if (arguments.until(':') != "read") return reply("");
    const std::string_view annex = arguments.until(':');
    const auto range = arguments.range();
    std::string made;
    std::string_view whole;
    if (object == "features" && annex == "target.xml") {
        if (target_xml_.empty()) target_xml_ = target_xml(target_.view(0), architecture_by_);
        whole = target_xml_;
    } else if (object == "memory-map" && annex.empty()) {
        const auto pc = program_counter(target_.view(0));
        const u32 bits = pc ? target_.view(0).registers()[*pc].bits : 64;
        whole = made = memory_map_xml(target_.memory_map(), bits);
    } else if (object == "threads" && annex.empty()) {
        whole = made = threads_xml(target_);
    } else {
        return object == "features" ? reply("E00") : reply("");
    }
    if (!range) return reply_error(ErrorCode::syntax, "a transfer needs OFFSET,LENGTH");
    const std::string_view part =
        whole.substr(std::min<u64>(range->address, whole.size()), std::min<u64>(range->length, packet_bytes / 2));
    writer_.begin();
    writer_.text() += part.data() + part.size() == whole.data() + whole.size() ? 'l' : 'm';
    append_escaped(writer_.text(), part);
    writer_.end();
}

void Session::monitor_command(Scanner arguments) {
    static_cast<void>(arguments.skip(','));
    std::vector<u8> line(arguments.rest().size() / 2);
    if (!decode_hex(arguments.rest(), line)) return reply_error(ErrorCode::syntax, "the command isn't hexadecimal");
    reply_console(target_.monitor({reinterpret_cast<const char*>(line.data()), line.size()}));
    reply_ok();
}

void Session::physical_mode(Scanner) { reply(space_ == MemorySpace::physical ? "1" : "0"); }

void Session::set_physical_mode(Scanner arguments) {
    const auto on = arguments.skip(':') ? arguments.number() : std::nullopt;
    if (!on || *on > 1) return reply_error(ErrorCode::syntax, "the physical-memory mode is 0 or 1");
    space_ = *on == 1 ? MemorySpace::physical : MemorySpace::of_cpu;
    reply_ok();
}

void Session::emulator_features(Scanner) { reply("PhyMemMode"); }

// "1", "p1.2", and "0" or "-1" for any.
std::optional<u32> Session::parse_cpu(Scanner& scanner) const {
    if (scanner.skip('p')) {
        if (scanner.skip("-1")) return cpu_;
        if (!scanner.number()) return std::nullopt;
        if (!scanner.skip('.')) return cpu_;
    }
    if (scanner.skip("-1")) return cpu_;
    const auto thread = scanner.number();
    if (!thread || *thread > target_.cpu_count()) return std::nullopt;
    return *thread == 0 ? cpu_ : static_cast<u32>(*thread - 1);
}

void Session::select_cpu(Scanner arguments) {
    const bool for_resume = arguments.skip('c');
    if (!for_resume && !arguments.skip('g')) return reply("");
    const auto cpu = parse_cpu(arguments);
    if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    (for_resume ? continue_cpu_ : cpu_) = *cpu;
    reply_ok();
}

void Session::thread_alive(Scanner arguments) {
    if (!parse_cpu(arguments)) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    reply_ok();
}

// "D", "D;1", and lldb's "D1": leave the machine as it is.
void Session::detach(Scanner arguments) {
    if (arguments.skip('1')) exit_ = Exit::stay;
    reply_ok();
    closing_ = true;
}

void Session::kill(Scanner arguments) {
    if (arguments.skip(';')) reply_ok(); // vKill
    exit_ = Exit::kill;
    closing_ = true;
}

void Session::restart(Scanner) { target_.reset(); } // has no reply

} // namespace orrery::app::gdb
