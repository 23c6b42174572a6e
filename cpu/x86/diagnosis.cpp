// Why an x86 guest gets nowhere, in words: from the first exception of those that led there to the descriptor or the
// page that the CPU couldn't go on with. See cpu/stuck.hpp.
#include <algorithm>

#include <fmt/format.h>

#include "cpu/x86/debug_walk.hpp"
#include "cpu/x86/delivery_words.hpp"
#include "cpu/x86/descriptor_words.hpp"
#include "cpu/x86/diagnosis_instruction.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/processor.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 near_stack_bytes = 4096;

// Of the exceptions in the question, as faults of the architecture.
Fault fault_of(const ExceptionRecord& record) { return {record.code, record.value}; }

class Diagnosis {
public:
    Diagnosis(const Processor& processor, const StuckQuestion& question)
        : processor_(processor), core_(processor.core()), state_(core_.state()), question_(question) {}

    StuckAnswer answer() {
        StuckAnswer answer{.sentence = sentence(), .lines = {}};
        if (processor_.shut_down()) add_chain(answer.lines);
        add_exceptions(answer.lines);
        add_registers(answer.lines);
        add_root_walk(answer.lines);
        return answer;
    }

private:
    [[nodiscard]] std::string sentence() const {
        if (processor_.shut_down()) return triple_fault();
        if (question_.kind == StuckKind::standstill) return standstill();
        const std::string resets =
            fmt::format("the guest keeps resetting the machine without getting anywhere, at last from pc {}",
                        question_.place(state_.pc));
        if (question_.kind == StuckKind::resets && question_.exceptions.empty())
            return resets + "; no exception came before";
        if (question_.exceptions.empty()) return "it gets nowhere, though it took no exception";
        if (question_.kind == StuckKind::resets)
            return fmt::format("{}; the exception before that was {}", resets, cause(root()));
        return cause(root()) + what_follows();
    }

    // ---- exceptions
    // Those that take turns have come equally often, all but the last round.
    [[nodiscard]] std::span<const ExceptionRecord> chase() const {
        const auto& all = question_.exceptions;
        std::size_t count = 1;
        while (count < all.size() && all[all.size() - 1 - count].count + 1 >= all.back().count) ++count;
        return all.last(count);
    }

    // The one that the others came from: of a row, the first at which the count of retired instructions stood still.
    [[nodiscard]] ExceptionRecord root() const {
        if (processor_.shut_down()) return first_refused();
        const auto& all = question_.exceptions;
        std::size_t i = all.size() - 1;
        if (question_.kind == StuckKind::chase) return chase().front();
        if (question_.kind == StuckKind::row)
            while (i > 0 && all[i - 1].retired == all.back().retired) --i;
        // What was found first stands before the one that the handler raises itself.
        if (question_.kind == StuckKind::nest && i > 0 && all[i - 1].count == 1) --i;
        return all[i];
    }

    [[nodiscard]] ExceptionRecord first_refused() const {
        const Fault first = processor_.refused().attempts.front().attempted;
        return {.pc = state_.pc, .code = first.code, .value = first.value, .mode = Mode::of(core_).pack()};
    }

    [[nodiscard]] FaultyInstruction instruction(const ExceptionRecord& record) const {
        return {core_, processor_.configuration().features, record.pc, Mode::unpack(record.mode)};
    }

    [[nodiscard]] std::string cause(const ExceptionRecord& record) const {
        const Fault fault = fault_of(record);
        const std::string what = fmt::format("{} at pc {}", fault_words(fault), question_.place(record.pc));
        const std::string why = reason(record);
        const std::string zeroes =
            runs_into_zeroes(record.pc) ? "the program runs into memory that is all zeroes: " : "";
        return zeroes + (why.empty() ? what : fmt::format("{}: {}", what, why));
    }

    [[nodiscard]] std::string reason(const ExceptionRecord& record) const {
        const Fault fault = fault_of(record);
        switch (vector_of(fault)) {
        case vector::pf:
            return page_reason(record);
        case vector::ud:
            return instruction(record).why_invalid();
        case vector::ts:
        case vector::np:
            return descriptor_reason(error_code_of(fault));
        case vector::ss:
        case vector::gp:
            return (error_code_of(fault) & ~1U) != 0 ? descriptor_reason(error_code_of(fault))
                                                     : protection_reason(record);
        default:
            return {};
        }
    }

    [[nodiscard]] std::string protection_reason(const ExceptionRecord& record) const {
        if (!core_.mmu().peek(record.pc, 1)) return "jump to nowhere: no memory is there";
        const FaultyInstruction at = instruction(record);
        const std::string why = at.why_protected();
        return why.empty() ? at.words() : why;
    }

    [[nodiscard]] std::string page_reason(const ExceptionRecord& record) const {
        const Fault fault = fault_of(record);
        PageAccess access = access_of(error_code_of(fault));
        const bool fetches = fault.value == record.pc;
        if (fetches) access.action = MemoryAction::execute;
        const std::string why = page_refusal(core_, fault.value, access);
        if (fetches) {
            for (const u32 control : {3U, 0U})
                if (instruction(record).follows_write_of(control))
                    return fmt::format(
                        "CR3 ({:#x}) is wrong: the instruction after the write of CR{} can't be fetched: {}",
                        state_.cr3, control, why);
            return "jump to nowhere: " + why;
        }
        const u64 stack = stack_address();
        if (fault.value - stack + near_stack_bytes < 2 * near_stack_bytes)
            return fmt::format("the stack pointer ({:#x}) leads out of memory: {}", stack, why);
        return why;
    }

    // The entry of a table that an error code names.
    [[nodiscard]] std::string descriptor_reason(u32 error_code) const {
        constexpr u32 in_idt = 2;
        const bool long_mode = core_.long_mode();
        const bool idt = (error_code & in_idt) != 0;
        const bool local = !idt && (error_code & selector::local) != 0;
        const u64 index = error_code >> 3 & 0x1fff;
        const u64 size = idt && long_mode ? 16 : 8;
        const u64 base = idt ? state_.idtr.base : local ? state_.ldtr.base : state_.gdtr.base;
        const u64 limit = idt ? state_.idtr.limit : local ? state_.ldtr.limit : state_.gdtr.limit;
        const std::string name = selector_error_words(error_code & ~1U);
        if (index * size + size - 1 > limit)
            return fmt::format("{} lies beyond the table (base {:#x}, limit {:#x})", name, base, limit);
        const auto raw = core_.mmu().peek(base + index * size, 8);
        const auto upper = long_mode ? core_.mmu().peek(base + index * size + 8, 8) : 0;
        if (!raw) return fmt::format("{} can't be read", name);
        return fmt::format("{} is {}", name, descriptor_words({*raw}, upper.value_or(0), long_mode));
    }

    [[nodiscard]] bool runs_into_zeroes(u64 pc) const {
        const auto first = core_.mmu().peek(pc, 8);
        return first == u64{0} && core_.mmu().peek(pc + 8, 8) == u64{0};
    }

    [[nodiscard]] u64 stack_address() const {
        return core_.code64() ? state_.r[gpr::rsp]
                              : state_.segment(Segment::ss).base + (state_.r[gpr::rsp] & mask(core_.stack_size()));
    }

    // ---- what the exceptions end in
    [[nodiscard]] std::string triple_fault() const {
        const auto attempts = processor_.refused().all();
        if (attempts.empty()) return "shut down by a third fault in a row";
        std::string text = fmt::format("triple fault: {}; ", cause(first_refused()));
        std::string before;
        for (const auto& attempt : attempts) {
            const std::string why = why_refused(core_, attempt.attempted, attempt.answer).reason;
            if (before.empty())
                text += fmt::format("it couldn't be delivered: {}", why);
            else
                text += fmt::format(", nor could the {} that followed{}", vector_words(vector_of(attempt.attempted)),
                                    why == before ? "" : ": " + why);
            before = why;
        }
        return text;
    }

    [[nodiscard]] std::string what_follows() const {
        switch (question_.kind) {
        case StuckKind::row:
            return "; its handler at once raises an exception too" + handlers_reason();
        case StuckKind::retry:
            return "; its handler returns to the same instruction each time and changes nothing";
        case StuckKind::chase:
            return "; its handler leads to the next exception, and so for ever";
        case StuckKind::nest:
            return "; its handler doesn't return but comes to an exception again and again" + handlers_reason();
        case StuckKind::standstill:
        case StuckKind::resets:
            break;
        }
        return {};
    }

    // What the handler itself met, if that is another thing.
    [[nodiscard]] std::string handlers_reason() const {
        const ExceptionRecord first = root();
        const ExceptionRecord& last = question_.exceptions.back();
        if (first.pc == last.pc && first.code == last.code) return {};
        const Fault fault = fault_of(last);
        if (vector_of(fault) == vector::pf && fault.value == last.pc)
            return fmt::format(": the handler at {} can't be fetched: {}", question_.place(last.pc),
                               page_refusal(core_, last.pc, {.action = MemoryAction::execute}));
        return ": " + cause(last);
    }

    // ---- a standstill
    [[nodiscard]] std::string standstill() const {
        const std::string at = question_.place(state_.pc);
        if (state_.activity == Activity::waiting_for_sipi)
            return "waits for a start-up message (SIPI), which nobody sends";
        const std::string what = state_.activity == Activity::halted ? fmt::format("hlt before pc {}", at)
                                                                     : fmt::format("jumps to itself at pc {}", at);
        if ((state_.rflags & flag::interrupt) == 0) return what + " with interrupts off (IF is 0)";
        return what + ", and the interrupt that it waits for never comes: no timer is set";
    }

    // ---- the lines
    void add_chain(std::vector<std::string>& lines) const {
        lines.push_back("the exceptions that couldn't be delivered:");
        const auto attempts = processor_.refused().all();
        for (const auto& attempt : attempts) {
            lines.push_back(fmt::format("  {}", fault_words(attempt.attempted)));
            const RefusedDelivery refusal = why_refused(core_, attempt.attempted, attempt.answer);
            for (const std::string& line : refusal.lines) lines.push_back("      " + line);
            lines.push_back(fmt::format("    refused: {}", refusal.reason));
            lines.push_back(fmt::format("    which is {}", fault_words(attempt.answer)));
        }
        lines.push_back("  so the CPU shut down, and the board resets the machine");
    }

    void add_exceptions(std::vector<std::string>& lines) const {
        if (question_.exceptions.empty()) return;
        lines.push_back("the last exceptions, oldest first:");
        for (const ExceptionRecord& record : question_.exceptions)
            lines.push_back(fmt::format("  {:>8}x  {}, ring {}, pc {}", record.count, fault_words(fault_of(record)),
                                        Mode::unpack(record.mode).cpl, question_.place(record.pc)));
    }

    // The names of the set fields of a register.
    [[nodiscard]] std::string set_fields(std::string_view name) const {
        const DebugView& view = processor_.debug_view();
        for (std::size_t i = 0; i < view.registers().size(); ++i) {
            const RegisterDescription& about = view.registers()[i];
            if (about.name != name) continue;
            const u64 value = view.read(i);
            std::string text = fmt::format("{} {:#x}", name, value);
            for (const RegisterField& field : about.fields)
                if (field.count == 1 && (value >> field.first & 1) != 0) text += fmt::format(" {}", field.name);
            return text;
        }
        return {};
    }

    void add_registers(std::vector<std::string>& lines) const {
        const SegmentCache& code = state_.segment(Segment::cs);
        const SegmentCache& stack = state_.segment(Segment::ss);
        lines.push_back(fmt::format("now: pc {}, {}", question_.place(state_.pc), processor_.debug_view().condition()));
        lines.push_back(fmt::format("  cs:rip {:#x}:{:#x}, ss:rsp {:#x}:{:#x}, {}", code.selector, core_.rip(),
                                    stack.selector, state_.r[gpr::rsp], set_fields("eflags")));
        lines.push_back(fmt::format("  {}, {}, {}", set_fields("cr0"), set_fields("cr4"), set_fields("efer")));
        lines.push_back(fmt::format("  cr2 {:#x}, cr3 {:#x}", state_.cr2, state_.cr3));
        lines.push_back(fmt::format("  idtr {:#x}+{:#x}, gdtr {:#x}+{:#x}, ldtr {:#x}, tr {:#x} at {:#x}+{:#x}",
                                    state_.idtr.base, state_.idtr.limit, state_.gdtr.base, state_.gdtr.limit,
                                    state_.ldtr.selector, state_.tr.selector, state_.tr.base, state_.tr.limit));
    }

    void add_root_walk(std::vector<std::string>& lines) const {
        if (question_.kind == StuckKind::standstill && !processor_.shut_down()) return;
        if (question_.exceptions.empty() && !processor_.shut_down()) return;
        const ExceptionRecord record = root();
        if (vector_of(fault_of(record)) != vector::pf) return;
        lines.push_back(fmt::format("the page walk of {:#x}:", record.value));
        add_walk_lines(core_, record.value, "  ", lines);
    }

    const Processor& processor_;
    const Core& core_;
    const State& state_;
    const StuckQuestion& question_;
};

} // namespace

StuckAnswer Processor::explain_stuck(const StuckQuestion& question) { return Diagnosis(*this, question).answer(); }

void Processor::tell_shutdown() {
    const auto place = [](u64 address) { return fmt::format("{:#x}", address); };
    const StuckQuestion question{
        .kind = StuckKind::resets, .exceptions = {}, .memory = core_.mmu().memory(), .place = place};
    std::string sentence = Diagnosis(*this, question).answer().sentence;
    if (sentence == told_shutdown_) return; // a reset loop's are alike
    log::guest_error("shutdown", "CPU {}: {}", configuration_.apic_id, sentence);
    told_shutdown_ = std::move(sentence);
}

} // namespace orrery::x86
