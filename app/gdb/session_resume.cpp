// Letting the machine run: vCont, and the older packets of one letter each.
#include <array>

#include "app/gdb/session.hpp"

namespace orrery::app::gdb {
namespace {

// "c", "C05", "s", "S05", "r1000,1010"; signals mean nothing to a machine.
std::optional<Resume> parse_action(Scanner& scanner) {
    if (scanner.skip('c')) return Resume{};
    if (scanner.skip('C')) return scanner.number() ? std::optional(Resume{}) : std::nullopt;
    if (scanner.skip('s')) return Resume{.kind = Resume::Kind::step};
    if (scanner.skip('S')) return scanner.number() ? std::optional(Resume{.kind = Resume::Kind::step}) : std::nullopt;
    if (!scanner.skip('r')) return std::nullopt;
    const auto bounds = scanner.range();
    if (!bounds) return std::nullopt;
    return Resume{.kind = Resume::Kind::range, .first = bounds->address, .end = bounds->length};
}

} // namespace

std::span<const Session::Handler> Session::resume_handlers() {
    static constexpr std::array<Handler, 1> handlers{{{"vCont", &Session::resume_actions}}};
    return handlers;
}

// A step is of one CPU alone; of several that are asked for, the current one's is taken, or the first's. CPUs for which
// nothing is asked stand still while others go on (gdb's `set scheduler-locking on`).
void Session::resume_actions(Scanner arguments) {
    if (arguments.skip('?')) return reply("vCont;c;C;s;S;r");
    std::optional<Resume> chosen;
    Resume go_on;
    bool all = false;
    while (arguments.skip(';')) {
        const auto action = parse_action(arguments);
        if (!action) return reply_error(ErrorCode::syntax, "vCont has an unknown action");
        const bool named = arguments.skip(':') && !arguments.skip("-1") && !arguments.skip("p1.-1");
        const std::optional<u32> cpu = named ? parse_cpu(arguments) : continue_cpu_;
        if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
        if (action->kind == Resume::Kind::go_on) {
            all |= !named;
            go_on.only.push_back(*cpu);
            continue;
        }
        if (chosen && *cpu != continue_cpu_) continue;
        if (!chosen || chosen->cpu != continue_cpu_) {
            chosen = *action;
            chosen->cpu = *cpu;
        }
    }
    if ((!chosen && go_on.only.empty()) || !arguments.at_end())
        return reply_error(ErrorCode::syntax, "vCont needs actions");
    if (all) go_on.only.clear();
    resume(chosen.value_or(go_on));
}

void Session::go_on(Scanner arguments, bool with_signal) { resume_one({}, arguments, with_signal); }

void Session::step(Scanner arguments, bool with_signal) {
    resume_one({.kind = Resume::Kind::step}, arguments, with_signal);
}

void Session::resume_one(Resume how, Scanner arguments, bool with_signal) {
    if (with_signal && !arguments.number()) return reply_error(ErrorCode::syntax, "the signal is missing");
    if (with_signal) static_cast<void>(arguments.skip(';'));
    how.cpu = continue_cpu_;
    how.pc = arguments.number();
    if (!arguments.at_end()) return reply_error(ErrorCode::syntax, "the address isn't a number");
    resume(how);
}

void Session::resume(const Resume& how) {
    if (target_.last_stop().reason == Stop::Reason::ended) return send_stop_reply();
    waiting_ = true;
    target_.resume(how);
}

} // namespace orrery::app::gdb
