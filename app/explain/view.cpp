#include "app/explain/view.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace orrery::app {
namespace {

std::string hexadecimal(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

// Where a jump or call with a relative target goes, from the instruction's start (SDM 2: CALL, JMP, Jcc).
std::optional<i64> jump_distance(std::span<const u8> code) {
    const auto displacement = [&](auto value, std::size_t at) {
        std::memcpy(&value, code.data() + at, sizeof value);
        return static_cast<i64>(code.size()) + value;
    };
    if (code.size() == 5 && (code[0] == 0xe8 || code[0] == 0xe9)) return displacement(i32{}, 1);
    if (code.size() == 6 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80) return displacement(i32{}, 2);
    if (code.size() == 2 && (code[0] == 0xeb || (code[0] & 0xf0) == 0x70)) return displacement(i8{}, 1);
    return std::nullopt;
}

// Addresses differ from run to run; places in the block and names of what is outside don't.
std::string place_name(const dbt::ExplainedBlock& block, i64 offset) {
    if (offset >= 0 && offset <= static_cast<i64>(block.host_code.size())) return fmt::format("+{:#x}", offset);
    const auto found = std::ranges::find(block.host_places, offset, &jit::Listing::Place::offset);
    return found != block.host_places.end() ? found->name : "outside of the block";
}

std::string with_named_target(const dbt::ExplainedBlock& block, std::span<const u8> code, u32 offset,
                              const std::string& text) {
    const auto distance = jump_distance(code);
    if (!distance || text.empty()) return text;
    return fmt::format("{} {}", text.substr(0, text.find(' ')), place_name(block, offset + *distance));
}

// What "[rbp + rdx - 0x10]" is called, if the text has such an operand.
std::string memory_name(const dbt::ExplainedBlock& block, std::string_view text) {
    const std::size_t begin = text.find("[rbp");
    const std::size_t end = text.find(']', begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return {};
    std::string_view terms = text.substr(begin, end - begin);
    const std::size_t number = terms.rfind("0x");
    i64 displacement = 0;
    if (number != std::string_view::npos) {
        std::from_chars(terms.data() + number + 2, terms.data() + terms.size(), displacement, 16);
        if (terms[number - 2] == '-') displacement = -displacement;
    }
    for (const jit::Listing::Memory& memory : block.host_memory) {
        const bool inside = displacement >= memory.first && displacement < memory.end;
        if (inside && (displacement - memory.first) % memory.step == 0) return memory.name;
    }
    return {};
}

bool names(std::string_view text, std::string_view slot) {
    for (std::size_t at = text.find(slot); at != std::string_view::npos; at = text.find(slot, at + 1)) {
        const std::size_t end = at + slot.size();
        const bool begins = at > 0 && text[at - 1] == ' ';
        if (begins && (end == text.size() || text[end] == ',' || text[end] == ' ')) return true;
    }
    return false;
}

} // namespace

std::string BlockView::counts() const {
    const auto instructions = [](const dbt::ExplainedBlock::Stage& stage) {
        return std::ranges::count(stage.lines, false, &dbt::ExplainedBlock::Line::marker);
    };
    std::string text = fmt::format("{} guest instruction{} in {} bytes, {} IR instructions, {} after the passes",
                                   guests.size(), guests.size() == 1 ? "" : "s", block.guest_bytes,
                                   instructions(block.stages.front()), instructions(block.stages.back()));
    if (!block.host_code.empty()) text += fmt::format(", {} bytes of host code", block.host_code.size());
    if (executions != 0)
        text += fmt::format("; executed {} times, {:.2f} % of all instructions", executions, share * 100);
    return text;
}

std::string_view BlockView::text_of(u32 line) const {
    for (const dbt::ExplainedBlock::Line& candidate : block.stages.back().lines)
        if (candidate.id == line) return candidate.text;
    return {};
}

std::string BlockView::registers() const {
    std::string text;
    for (const jit::Listing::Register& reg : block.host_registers) {
        const bool named = std::ranges::any_of(block.stages.back().lines,
                                               [&](const auto& line) { return names(line.text, reg.slot); });
        if (named) text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", reg.host, reg.slot);
    }
    return text;
}

Viewer::Viewer(const ExplainedGuest& guest) : guest_(guest) { static_cast<void>(disassembler(Assembly::x86_64)); }

const Disassembler* Viewer::disassembler(Assembly assembly) {
    const auto found = disassemblers_.find(assembly);
    if (found != disassemblers_.end()) return found->second.get();
    auto made = Disassembler::create(assembly);
    if (!made) missing_ = made.error().message();
    return disassemblers_.emplace(assembly, made ? std::move(*made) : nullptr).first->second.get();
}

BlockView Viewer::view(dbt::ExplainedBlock block, const dbt::CodeBytes& code) {
    BlockView made{.block = std::move(block),
                   .guests = {},
                   .hosts = {},
                   .mode = guest_.mode_words(code.key.mode),
                   .executions = code.executions};
    add_guests(code, made);
    add_hosts(made);
    return made;
}

void Viewer::add_guests(const dbt::CodeBytes& code, BlockView& view) {
    const std::span<const u8> all(code.bytes);
    const Assembly assembly = guest_.assembly(code.key.mode);
    for (const dbt::ExplainedBlock::Guest& guest : view.block.guests) {
        const auto bytes = all.subspan(guest.pc - code.key.pc, guest.length_bytes);
        std::vector<u8> shown(bytes.begin(), bytes.end());
        if (!shown_as_bytes(assembly)) std::ranges::reverse(shown);
        GuestLine line{.pc = guest.pc,
                       .bytes = hexadecimal(shown),
                       .text = {},
                       .decoded = guest_.decode(bytes, code.key, guest.pc)};
        if (const Disassembler* one = disassembler(assembly)) line.text = one->at(bytes, guest.pc).text;
        if (line.text.empty()) line.text = line.decoded.name;
        view.guests.push_back(std::move(line));
    }
}

void Viewer::add_hosts(BlockView& view) const {
    const auto found = disassemblers_.find(Assembly::x86_64);
    const Disassembler* host = found == disassemblers_.end() ? nullptr : found->second.get();
    const dbt::ExplainedBlock& block = view.block;
    const std::span<const u8> all(block.host_code);
    for (const dbt::ExplainedBlock::HostPiece& piece : block.host_pieces) {
        const u32 end = piece.offset + piece.size_bytes;
        for (u32 offset = piece.offset; offset < end;) {
            const auto left = all.subspan(offset, end - offset);
            const Disassembler::Answer answer = host ? host->at(left, offset) : Disassembler::Answer{};
            // What can't be disassembled is shown as it stands.
            const u32 length = answer.length_bytes != 0 ? answer.length_bytes : static_cast<u32>(left.size());
            const auto bytes = left.first(length);
            view.hosts.push_back({.offset = offset,
                                  .bytes = hexadecimal(bytes),
                                  .text = with_named_target(block, bytes, offset, answer.text),
                                  .memory = memory_name(block, answer.text),
                                  .line = piece.line,
                                  .guest = piece.guest,
                                  .cold = piece.cold});
            offset += length;
        }
    }
}

} // namespace orrery::app
