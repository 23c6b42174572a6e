#include "app/gdb/session.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace orrery::app::gdb {

Session::Session(DebugTarget& target, ArchitectureBy architecture_by)
    : target_(target), architecture_by_(architecture_by) {
    listener_ = target_.add_listener([this](const Stop& stop) { on_stop(stop); });
    if (target_.running()) target_.pause();
    cpu_ = continue_cpu_ = std::min(target_.last_stop().cpu, std::max(target_.cpu_count(), 1U) - 1);
}

Session::~Session() {
    target_.remove_listener(listener_);
    if (!over_ && !target_.running()) clean_up();
}

bool Session::wants_input() const {
    return !closing_ && output().size() < output_limit_bytes && reader_.buffered_bytes() < input_limit_bytes;
}

void Session::receive(std::span<const u8> bytes) {
    if (closing_ || leaving_) return;
    reader_.feed(bytes);
    process();
}

void Session::sent(std::size_t bytes) {
    writer_.sent(bytes);
    process();
}

// A target may report a stop from within a call of ours; the loop that is under way then sees to it.
void Session::process() {
    if (processing_) return;
    processing_ = true;
    while (!closing_ && !leaving_ && output().size() < output_limit_bytes && process_next()) {
    }
    processing_ = false;
}

// A kill or a detach, which nothing has to stop for first.
bool Session::says_good_bye() {
    const std::span<char> packet = reader_.payload();
    const std::string_view text(packet.data(), packet.size());
    return text.starts_with('D') || text == "k" || text.starts_with("vKill");
}

// False: nothing more can be done now.
bool Session::process_next() {
    const PacketReader::Event event = reader_.peek(acknowledges_);
    switch (event) {
    case PacketReader::Event::nothing:
        return false;
    case PacketReader::Event::interrupt:
        if (target_.running() || waiting_) target_.pause();
        break;
    case PacketReader::Event::resend:
        writer_.resend();
        break;
    case PacketReader::Event::damaged:
        if (acknowledges_) writer_.acknowledge(false);
        break;
    case PacketReader::Event::packet:
        // Nothing can be answered about a machine that runs, and someone else may have let it.
        if (must_wait() && !says_good_bye()) target_.pause();
        if (must_wait() && !says_good_bye()) return false;
        if (acknowledges_) writer_.acknowledge(true);
        handle(reader_.payload());
        break;
    }
    reader_.pop();
    return true;
}

void Session::on_stop(const Stop& stop) {
    if (leaving_) {
        clean_up();
        return;
    }
    if (waiting_) {
        waiting_ = false;
        cpu_ = continue_cpu_ = std::min(stop.cpu, target_.cpu_count() - 1);
        report_watched_values(stop);
        send_stop_reply();
    }
    process();
}

void Session::end() {
    if (leaving_) return;
    leaving_ = true;
    if (exit_ == Exit::kill) {
        over_ = true;
        target_.kill();
        return;
    }
    const bool nothing_to_do = breakpoints_.empty() && watchpoints_.empty() && exit_ == Exit::resume;
    if (target_.running() && nothing_to_do) {
        over_ = true;
    } else if (must_wait()) {
        target_.pause();
    } else {
        clean_up();
    }
}

void Session::clean_up() {
    if (over_) return;
    over_ = true;
    for (const auto& [address, breakpoint] : breakpoints_) static_cast<void>(target_.remove_breakpoint(address));
    for (const Watchpoint& watchpoint : watchpoints_) static_cast<void>(target_.remove_watchpoint(watchpoint));
    breakpoints_.clear();
    watchpoints_.clear();
    if (leaving_ && exit_ == Exit::resume && target_.last_stop().reason != Stop::Reason::ended) target_.resume({});
}

void Session::reply_error(ErrorCode code, std::string_view message) {
    const auto number = static_cast<unsigned>(code);
    if (error_messages_) {
        reply(fmt::format("E.{}", message));
    } else if (error_strings_) {
        std::string text = fmt::format("E{:02x};", number);
        append_hex(text, message);
        reply(text);
    } else {
        reply(fmt::format("E{:02x}", number));
    }
}

void Session::reply_console(std::string_view text) {
    constexpr std::size_t piece_bytes = 4 * KiB;
    for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
        writer_.begin();
        writer_.text() += 'O';
        append_hex(writer_.text(), text.substr(at, piece_bytes));
        writer_.end();
    }
}

bool Session::handle_named(std::span<const Handler> handlers, std::string_view packet) {
    for (const Handler& handler : handlers) {
        if (!packet.starts_with(handler.name)) continue;
        const std::string_view rest = packet.substr(handler.name.size());
        if (!rest.empty() && std::isalnum(static_cast<unsigned char>(rest.front()))) continue;
        (this->*handler.handle)(Scanner(rest));
        return true;
    }
    return false;
}

void Session::handle(std::span<char> packet) {
    const std::string_view text(packet.data(), packet.size());
    if (text.empty()) return reply("");
    switch (text.front()) {
    case 'X':
        return write_memory_binary(packet);
    case 'q':
    case 'Q':
    case 'j':
    case 'v':
        if (!handle_named(general_handlers(), text) && !handle_named(resume_handlers(), text) &&
            !handle_named(lldb_handlers(), text))
            reply("");
        return;
    default:
        return handle_letter(text.front(), Scanner(text.substr(1)));
    }
}

void Session::handle_letter(char letter, Scanner arguments) {
    switch (letter) {
    case '?':
        return send_stop_reply();
    case '!':
        return reply_ok();
    case 'g':
        return read_registers(arguments);
    case 'G':
        return write_registers(arguments);
    case 'p':
        return read_register(arguments);
    case 'P':
        return write_register(arguments);
    case 'm':
        return read_memory_hex(arguments);
    case 'x':
        return read_memory_binary(arguments);
    case 'M':
        return write_memory_hex(arguments);
    case 'c':
        return go_on(arguments, false);
    case 'C':
        return go_on(arguments, true);
    case 's':
        return step(arguments, false);
    case 'S':
        return step(arguments, true);
    case 'H':
        return select_cpu(arguments);
    case 'T':
        return thread_alive(arguments);
    case 'Z':
        return insert(arguments);
    case 'z':
        return remove(arguments);
    case 'D':
        return detach(arguments);
    case 'k':
        return kill(arguments);
    case 'R':
    case 'r':
        return restart(arguments);
    default:
        return reply("");
    }
}

} // namespace orrery::app::gdb
