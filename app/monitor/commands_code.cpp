// Commands that show code: the guest's, and what the translator makes of it.
#include <algorithm>

#include "app/explain/disassembler.hpp"
#include "app/explain/text.hpp"
#include "app/explain/workshop.hpp"
#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

constexpr u64 most_instructions = 1000;
constexpr u64 longest_instruction = 16;

Result<Answer> disassemble(Monitor& monitor, Door, const Words& words) {
    const u32 cpu = TRY(monitor.cpu(words, 2));
    u64 address = words.empty() ? monitor.machine().cpus()[cpu]->pc() : TRY(monitor.address(words[0]));
    const auto count = words.size() < 2 ? 8 : number(words[1]);
    if (!count || *count == 0 || *count > most_instructions)
        return error("'{}': 1 to {} instructions can be shown", shown(words[1]), most_instructions);
    const Assembly assembly = TRY(monitor.assembly(cpu));
    const Disassembler& disassembler = *TRY(monitor.disassembler(assembly));
    Answer answer;
    answer.data["instructions"] = Json::array();
    std::vector<u8> bytes(*count * longest_instruction);
    bytes.resize(monitor.controller().read_memory(cpu, MemorySpace::of_cpu, address, bytes));
    if (bytes.empty()) return error("there is no memory at {:#x}; `walk` says why", address);
    std::span<const u8> rest = bytes;
    for (u64 i = 0; i < *count && !rest.empty(); ++i) {
        const std::string name = monitor.symbols().name(address);
        if (!name.empty() && !name.contains('+')) answer.line("{}:", name);
        Disassembler::Answer one = disassembler.at(rest, address);
        const u64 length = one.length_bytes == 0 ? std::min<u64>(least_bytes(assembly), rest.size()) : one.length_bytes;
        if (one.length_bytes == 0) one.text = "no instruction";
        std::string hexadecimal;
        for (u64 byte = 0; byte < length; ++byte)
            hexadecimal += fmt::format("{:02x}", rest[shown_as_bytes(assembly) ? byte : length - 1 - byte]);
        answer.line("{:#018x}  {:<{}}  {}", address, hexadecimal, shown_as_bytes(assembly) ? 22 : 8, one.text);
        answer.data["instructions"].push_back(
            {{"address", address}, {"bytes", hexadecimal}, {"text", one.text}, {"symbol", name}});
        rest = rest.subspan(length);
        address += length;
    }
    return answer;
}

Result<Answer> explain(Monitor& monitor, Door, const Words& words) {
    const dbt::CodeInspector* inspector = monitor.surroundings().inspector;
    if (!inspector) return error("explain: this machine has no translator that could tell");
    const u64 address = words.empty() ? monitor.machine().cpus().front()->pc() : TRY(monitor.address(words[0]));
    if (address % least_bytes(TRY(monitor.assembly(0))) != 0) return error("{:#x} is odd, and instructions lie at even addresses", address);
    dbt::CodeBytes code{.key = {.pc = address, .mode = inspector->mode()}, .bytes = std::vector<u8>(page_size)};
    code.bytes.resize(monitor.controller().read_memory(0, MemorySpace::of_cpu, address, code.bytes));
    if (code.bytes.empty()) return error("there is no memory at {:#x}; `walk` says why", address);
    ExplainWorkshop& workshop = *TRY(monitor.workshop());
    Explanation explanation;
    explanation.title = fmt::format("The block at {}", monitor.place(address));
    explanation.blocks.push_back(workshop.explain(code));
    if (!workshop.missing().empty()) explanation.notes.push_back(workshop.missing());
    Answer answer;
    answer.data["address"] = address;
    answer.data["guest_bytes"] = explanation.blocks.front().block.guest_bytes;
    answer.data["host_bytes"] = explanation.blocks.front().block.host_code.size();
    answer.text = explanation_text(explanation);
    return answer;
}

Result<Answer> symbol(Monitor& monitor, Door, const Words& words) {
    const u64 address = TRY(monitor.address(words[0]));
    Answer answer = said("{}", monitor.place(address));
    answer.data = {{"address", address}, {"symbol", monitor.symbols().name(address)}};
    return answer;
}

Words symbol_names(Monitor& monitor, const Words& before) {
    constexpr std::size_t most = 10'000;
    return before.empty() ? monitor.symbols().names("", most) : Words{};
}

constexpr Command commands[]{
    {"disassemble", "[ADDRESS|SYMBOL [COUNT [CPU]]]", "instructions, from the CPU's pc on (8)",
     "disassemble 0x80000000 20", 0, 3, true, disassemble, symbol_names},
    {"explain", "[ADDRESS|SYMBOL]", "what the translator makes of the block there, as the first CPU would run it now",
     "explain 0x80000000", 0, 1, true, explain, symbol_names},
    {"symbol", "ADDRESS|SYMBOL", "the name of an address, or the address of a name", "symbol main", 1, 1, false, symbol,
     symbol_names},
};

} // namespace

std::span<const Command> code_commands() { return commands; }

} // namespace orrery::app::monitor
