// Why an x86 guest gets nowhere: see cpu/stuck.hpp.
#include <fmt/format.h>

#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/processor.hpp"

namespace orrery::x86 {
namespace {

std::string in_words(const ExceptionRecord& record) {
    const Fault fault{record.code, record.value};
    const std::string_view name = exception_name(vector_of(fault));
    std::string text = name.empty() ? fmt::format("exception {}", vector_of(fault)) : std::string(name);
    if (vector_of(fault) == vector::pf)
        return text + fmt::format(" at {:#x} ({})", record.value, page_fault_text(error_code_of(fault)));
    if (has_error_code(fault) && error_code_of(fault) != 0)
        text += fmt::format(", error code {:#x}", error_code_of(fault));
    return text;
}

std::string_view consequence(StuckKind kind) {
    switch (kind) {
    case StuckKind::row:
        return "and so does its handler";
    case StuckKind::retry:
        return "and its handler returns to the instruction without changing anything";
    case StuckKind::nest:
        return "again and again, and its handler never returns";
    case StuckKind::chase:
        return "and its handler leads to the next exception, round and round";
    case StuckKind::standstill:
    case StuckKind::resets:
        break;
    }
    return "before the machine was reset";
}

} // namespace

// Masked interrupts end no hlt; an NMI would, but nothing in a machine that stands still sends one.
Standstill Processor::standstill() const {
    const State& state = core_.state();
    if (state.activity == Activity::running) return {};
    const bool open = state.activity == Activity::halted && (state.rflags & flag::interrupt) != 0;
    return {.still = true, .timer = open, .other_cpu = state.activity != Activity::shut_down, .device = open};
}

StuckAnswer Processor::explain_stuck(const StuckQuestion& question) {
    StuckAnswer answer;
    const State& state = core_.state();
    if (question.kind == StuckKind::standstill || question.exceptions.empty()) {
        answer.sentence =
            state.activity == Activity::shut_down ? "shut down by a third fault in a row"
            : (state.rflags & flag::interrupt) == 0
                ? fmt::format("hlt at {} with interrupts disabled", question.place(state.pc))
                : fmt::format("waits at {} for an interrupt that nothing will send", question.place(state.pc));
    } else {
        const ExceptionRecord& last = question.exceptions.back();
        answer.sentence =
            fmt::format("{} at {}, {}", in_words(last), question.place(last.pc), consequence(question.kind));
    }
    for (const ExceptionRecord& record : question.exceptions)
        answer.lines.push_back(fmt::format("{}: {}{}", question.place(record.pc), in_words(record),
                                           record.count > 1 ? fmt::format(", {} times", record.count) : ""));
    return answer;
}

} // namespace orrery::x86
