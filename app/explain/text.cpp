#include "app/explain/text.hpp"

#include <iterator>

namespace orrery::app {
namespace {

using Line = dbt::ExplainedBlock::Line;
using Stage = dbt::ExplainedBlock::Stage;

class TextWriter {
public:
    std::string take() { return std::move(text_); }

    void add(const Explanation& explanation) {
        line("{}", explanation.title);
        for (const std::string& note : explanation.notes) line("{}", note);
        for (const BlockView& view : explanation.blocks) add(view);
    }

private:
    template <typename... Args> void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }
    // A row under a guest instruction; the label only where it is new.
    void row(std::string_view label, std::string_view content) { line("      {:<10} {}", label, content); }

    void add(const BlockView& view) {
        line("\nblock {:#x}, {}", view.block.key.pc, view.mode);
        line("  {}", view.counts());
        if (const std::string registers = view.registers(); !registers.empty())
            line("  guest registers in host registers: {}; rbp is the base of the others, r15 the budget", registers);
        for (u32 guest = 0; guest < view.guests.size(); ++guest) add(view, guest);
    }

    void add(const BlockView& view, u32 guest) {
        const GuestLine& instruction = view.guests[guest];
        line("\n  {:#x}  {:<8}  {}", instruction.pc, instruction.bytes, instruction.text);
        add_decoded(instruction.decoded);
        std::vector<Line> before;
        for (const Stage& stage : view.block.stages) {
            std::vector<Line> lines;
            for (const Line& candidate : stage.lines)
                if (candidate.guest == guest && !candidate.marker) lines.push_back(candidate);
            const bool first = &stage == &view.block.stages.front();
            add_stage(stage.name, lines, first ? nullptr : &before);
            before = std::move(lines);
        }
        add_host(view, guest);
    }

    void add_decoded(const DecodedInstruction& decoded) {
        std::string fields;
        for (const auto& [name, value] : decoded.fields)
            fields += fmt::format("{}{} = {}", fields.empty() ? "" : ", ", name, value);
        row("decoded",
            fmt::format("{}{}{}{}", decoded.name, decoded.expands_to.empty() ? "" : ", short for " + decoded.expands_to,
                        fields.empty() ? "" : ": ", fields));
        row("", fmt::format("{}; {}; {}", decoded.extension, decoded.manual, decoded.encoding));
    }

    void add_stage(std::string_view name, const std::vector<Line>& lines, const std::vector<Line>* before) {
        if (lines.empty()) {
            row(name, before && !before->empty() ? "nothing is left" : "nothing");
            return;
        }
        if (before && std::ranges::equal(lines, *before, {}, &Line::text, &Line::text)) return row(name, "as before");
        for (const Line& shown : lines) row(&shown == &lines.front() ? name : "", shown.text);
    }

    // Every run of host instructions for one IR line ends in that line's text.
    void add_host(const BlockView& view, u32 guest) {
        std::string_view label = "host";
        const HostLine* previous = nullptr;
        for (const HostLine& host : view.hosts) {
            if (host.guest != guest) continue;
            const bool begins = !previous || previous->line != host.line || previous->cold != host.cold;
            const std::string instruction = fmt::format("+{:#05x}  {:<20}  {}{}{}", host.offset, host.bytes, host.text,
                                                        host.memory.empty() ? "" : "  ; ", host.memory);
            row(label,
                begins ? fmt::format("{:<82} {}{}", instruction, host.cold ? "; cold, for " : "; ", origin(view, host))
                       : instruction);
            label = "";
            previous = &host;
        }
        if (!previous && !view.hosts.empty()) row(label, "no code of its own");
    }

    static std::string origin(const BlockView& view, const HostLine& host) {
        if (host.line == jit::Listing::entry) return "the block's entry: instructions from the budget";
        const std::string_view text = view.text_of(host.line);
        return text.starts_with("insn ") ? "leaves if the store before asked for it" : std::string(text);
    }

    std::string text_;
};

} // namespace

std::string explanation_text(const Explanation& explanation) {
    TextWriter writer;
    writer.add(explanation);
    return writer.take();
}

} // namespace orrery::app
