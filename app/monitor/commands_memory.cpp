// Commands that read and write the guest's memory.
#include <algorithm>

#include "app/monitor/monitor.hpp"
#include "app/monitor/words.hpp"

namespace orrery::app::monitor {
namespace {

constexpr u64 most_bytes = 64 * KiB;
constexpr u64 bytes_a_line = 16;

// Whose addresses are meant.
struct Space {
    MemorySpace space = MemorySpace::of_cpu;
    u32 cpu = 0;
};

// "physical", "virtual" (as the CPU sees it that stopped last), or a CPU.
Result<Space> space_of(Monitor& monitor, const Words& words, std::size_t index) {
    Space space;
    space.cpu = TRY(monitor.cpu({}, 0));
    if (words.size() <= index || words[index] == "virtual") return space;
    if (words[index] == "physical") {
        space.space = MemorySpace::physical;
        return space;
    }
    const auto cpu = monitor.cpu(words, index);
    if (!cpu) return error("'{}' is no address space; say virtual, physical or a CPU's name", shown(words[index]));
    space.cpu = *cpu;
    return space;
}

std::string_view space_name(const Space& space) {
    return space.space == MemorySpace::physical ? "physical" : "virtual";
}

void dump(u64 address, std::span<const u8> bytes, Answer& answer) {
    for (u64 at = 0; at < bytes.size(); at += bytes_a_line) {
        const auto row = bytes.subspan(at, std::min<u64>(bytes_a_line, bytes.size() - at));
        std::string hexadecimal;
        std::string characters;
        for (const u8 byte : row) {
            hexadecimal += fmt::format("{:02x} ", byte);
            characters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        answer.line("{:#018x}  {:<48} {}", address + at, hexadecimal, characters);
    }
}

Result<Answer> memory(Monitor& monitor, Door, const Words& words) {
    const u64 address = TRY(monitor.address(words[0]));
    const auto count = words.size() < 2 ? 64 : number(words[1]);
    if (!count || *count == 0 || *count > most_bytes)
        return error("'{}': 1 to {} bytes can be shown", shown(words[1]), most_bytes);
    const Space space = TRY(space_of(monitor, words, 2));
    std::vector<u8> bytes(*count);
    bytes.resize(monitor.controller().read_memory(space.cpu, space.space, address, bytes));
    if (bytes.empty())
        return error("there is no {} memory at {:#x}{}", space_name(space), address,
                     space.space == MemorySpace::of_cpu ? "; `walk` says why" : "; `map` shows where there is");
    Answer answer;
    answer.data = {{"address", address}, {"space", space_name(space)}, {"bytes", bytes}};
    dump(address, bytes, answer);
    if (bytes.size() < *count) answer.line("there is no memory behind that");
    return answer;
}

// "0x12345678" of 4 bytes, least significant first.
Result<Answer> write(Monitor& monitor, Door, const Words& words) {
    const u64 address = TRY(monitor.address(words[0]));
    const auto value = number(words[1]);
    if (!value) return error("'{}' is no number", shown(words[1]));
    const auto size = words.size() < 3 ? 4 : number(words[2]);
    if (!size || *size == 0 || *size > 8) return error("'{}': 1 to 8 bytes can be written", shown(words[2]));
    if (*size < 8 && *value >> (8 * *size) != 0) return error("{:#x} doesn't fit into {} bytes", *value, *size);
    const Space space = TRY(space_of(monitor, words, 3));
    std::vector<u8> bytes;
    for (u64 i = 0; i < *size; ++i) bytes.push_back(static_cast<u8>(*value >> (8 * i)));
    const std::size_t written = monitor.controller().write_memory(space.cpu, space.space, address, bytes);
    if (written != bytes.size())
        return error("{} of {} bytes were written: there is no memory at {:#x}", written, bytes.size(),
                     address + written);
    Answer answer = said("{} bytes written at {:#x}", written, address);
    answer.data["bytes"] = written;
    return answer;
}

Words spaces(Monitor& monitor) {
    Words words{"virtual", "physical"};
    for (u32 cpu = 0; cpu < monitor.controller().cpu_count(); ++cpu)
        words.push_back(monitor.controller().cpu_name(cpu));
    return words;
}

Words memory_candidates(Monitor& monitor, const Words& before) {
    return before.size() == 2 ? spaces(monitor) : Words{};
}
Words write_candidates(Monitor& monitor, const Words& before) { return before.size() == 3 ? spaces(monitor) : Words{}; }

constexpr Command commands[]{
    {"memory", "ADDRESS|SYMBOL [COUNT [virtual|physical|CPU]]", "bytes of memory (64, virtual)",
     "memory 0x80000000 32 physical", 1, 3, true, memory, memory_candidates},
    {"write", "ADDRESS|SYMBOL VALUE [BYTES [virtual|physical|CPU]]", "writes a number to memory (4 bytes, virtual)",
     "write 0x80001000 0x13 4 physical", 2, 4, true, write, write_candidates},
};

} // namespace

std::span<const Command> memory_commands() { return commands; }

} // namespace orrery::app::monitor
