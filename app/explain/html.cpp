#include "app/explain/html.hpp"

#include <algorithm>
#include <iterator>

#include "app/explain/html_page.hpp"

namespace orrery::app {
namespace {

using Line = dbt::ExplainedBlock::Line;
using Stage = dbt::ExplainedBlock::Stage;

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char symbol : text) {
        switch (symbol) {
        case '&':
            safe += "&amp;";
            break;
        case '<':
            safe += "&lt;";
            break;
        case '>':
            safe += "&gt;";
            break;
        case '"':
            safe += "&quot;";
            break;
        case '\'':
            safe += "&#39;";
            break;
        default:
            safe += symbol;
        }
    }
    return safe;
}

const Line* find(const Stage& stage, u32 id) {
    const auto found = std::ranges::find(stage.lines, id, &Line::id);
    return found == stage.lines.end() ? nullptr : &*found;
}

// One block as a table. Every line has an id: b (block), then g (guest instruction), s (stage) i (IR line), or h (host
// instruction), each with its number.
class BlockWriter {
public:
    BlockWriter(std::string& html, const BlockView& view, std::size_t number)
        : html_(html), view_(view), prefix_(fmt::format("b{}", number)) {}

    void write() {
        add("<section>\n<h2>Block {:#x}, {}</h2>\n<p>{}</p>\n", view_.block.key.pc, escaped(view_.mode),
            escaped(view_.counts()));
        if (const std::string registers = view_.registers(); !registers.empty())
            add("<p>Guest registers in host registers: {}; rbp is the base of the others, r15 the budget.</p>\n",
                escaped(registers));
        write_head();
        for (u32 guest = 0; guest < view_.guests.size(); ++guest) write_row(guest);
        add("</tbody></table></div>\n</section>\n");
    }

private:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
    }
    [[nodiscard]] std::string guest_id(u32 guest) const { return fmt::format("{}g{}", prefix_, guest); }
    [[nodiscard]] std::string ir_id(std::size_t stage, u32 id) const {
        return fmt::format("{}s{}i{}", prefix_, stage, id);
    }
    [[nodiscard]] std::string host_id(std::size_t host) const { return fmt::format("{}h{}", prefix_, host); }
    [[nodiscard]] const std::vector<Stage>& stages() const { return view_.block.stages; }

    void write_head() {
        add("<div class=\"scroll\"><table><thead><tr><th>Guest instruction</th><th>IR, as made</th><th>IR after ");
        for (std::size_t i = 1; i < stages().size(); ++i)
            add("<button type=\"button\" data-pass=\"{}\" aria-pressed=\"{}\">{}</button> ", i,
                i + 1 == stages().size(), escaped(stages()[i].name));
        add("</th><th>Host code</th></tr></thead><tbody>\n");
    }

    void write_row(u32 guest) {
        add("<tr><td>");
        write_guest(guest);
        add("</td><td>");
        write_stage(0, guest);
        add("</td><td>");
        for (std::size_t i = 1; i < stages().size(); ++i) {
            add("<div class=\"pass{}\" data-pass=\"{}\">", i + 1 == stages().size() ? " shown" : "", i);
            write_stage(i, guest);
            add("</div>");
        }
        add("</td><td>");
        write_host(guest);
        add("</td></tr>\n");
    }

    void write_line(std::string_view classes, const std::string& id, const std::string& links,
                    std::string_view content) {
        add("<span class=\"line{}\" id=\"{}\" tabindex=\"0\" data-links=\"{}\">{}</span>", classes, id, links, content);
    }

    void write_guest(u32 guest) {
        std::string links;
        for (std::size_t i = 0; i < stages().size(); ++i)
            for (const Line& line : stages()[i].lines)
                if (line.guest == guest && !line.marker) links += ir_id(i, line.id) + " ";
        for (std::size_t i = 0; i < view_.hosts.size(); ++i)
            if (view_.hosts[i].guest == guest) links += host_id(i) + " ";
        const GuestLine& line = view_.guests[guest];
        write_line(" guest", guest_id(guest), links, escaped(line.text));
        const DecodedInstruction& decoded = line.decoded;
        add("<span class=\"note\"><code>{:#x}: {}</code>", line.pc, line.bytes);
        if (!decoded.expands_to.empty())
            add("<br>{}, short for {}", escaped(decoded.name), escaped(decoded.expands_to));
        for (const auto& [name, value] : decoded.fields) add("<br>{} = <b>{}</b>", escaped(name), escaped(value));
        add("<br>{}: {}<br><code>{}</code></span>", escaped(decoded.extension), escaped(decoded.manual),
            decoded.encoding);
    }

    // The guest instruction, the same instruction in all stages, and the host code.
    [[nodiscard]] std::string links_of_ir(u32 id, u32 guest, std::size_t but_stage, std::size_t but_host) const {
        std::string links = guest_id(guest);
        for (std::size_t i = 0; i < stages().size(); ++i) {
            const Line* line = find(stages()[i], id);
            if (i != but_stage && line && !line->marker) links += " " + ir_id(i, id);
        }
        for (std::size_t i = 0; i < view_.hosts.size(); ++i)
            if (i != but_host && view_.hosts[i].line == id) links += " " + host_id(i);
        return links;
    }

    static constexpr std::size_t none = ~std::size_t{0};

    void write_stage(std::size_t stage, u32 guest) {
        // A line that a pass has dropped keeps its place, as it was made.
        for (const Line& line : stages().front().lines) {
            if (line.guest != guest || line.marker) continue;
            const Line* const now = find(stages()[stage], line.id);
            if (now)
                write_line(now->text != line.text ? " changed" : "", ir_id(stage, now->id),
                           links_of_ir(now->id, guest, stage, none), escaped(now->text));
            else
                add("<span class=\"line dropped\" tabindex=\"0\" data-links=\"{}\">{}</span>",
                    links_of_ir(line.id, guest, none, none), escaped(line.text));
        }
    }

    void write_host(u32 guest) {
        for (std::size_t i = 0; i < view_.hosts.size(); ++i) {
            const HostLine& host = view_.hosts[i];
            if (host.guest != guest) continue;
            const std::string_view shown = host.text.empty() ? std::string_view(host.bytes) : host.text;
            std::string content = fmt::format("<span class=\"soft\">+{:03x}</span> {}", host.offset, escaped(shown));
            if (!host.memory.empty()) content += fmt::format("  <span class=\"soft\">{}</span>", escaped(host.memory));
            const bool of_line = host.line != jit::Listing::entry;
            write_line(host.cold ? " cold" : "", host_id(i),
                       of_line ? links_of_ir(host.line, guest, none, i) : guest_id(guest), content);
        }
    }

    std::string& html_;
    const BlockView& view_;
    std::string prefix_;
};

} // namespace

std::string explanation_html(const Explanation& explanation) {
    std::string html = fmt::format("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                                   "<meta name=\"viewport\" content=\"width=device-width\">\n"
                                   "<title>Orrery explains {}</title>\n<style>{}</style></head><body>\n<h1>{}</h1>\n",
                                   escaped(explanation.title), html_style, escaped(explanation.title));
    for (const std::string& note : explanation.notes) html += fmt::format("<p>{}</p>\n", escaped(note));
    html += "<p class=\"help\">Point at a line, and what it came from and what became of it lights up; a click keeps "
            "it so. "
            "Green: changed by a pass. Struck out: dropped by the pass. Orange: host code off the usual path.</p>\n";
    for (std::size_t i = 0; i < explanation.blocks.size(); ++i) BlockWriter(html, explanation.blocks[i], i).write();
    html += fmt::format("<script>{}</script>\n</body></html>\n", html_script);
    return html;
}

} // namespace orrery::app
