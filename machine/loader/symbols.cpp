#include "machine/loader/symbols.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"

namespace orrery {
namespace {

constexpr u64 section_bytes = 64, symbol_bytes = 24;
constexpr u32 section_is_symbols = 2;
constexpr u16 undefined_section = 0, absolute_section = 0xfff1;
constexpr u8 highest_code_or_data_type = 2; // no type (assembly labels), object, function
constexpr u64 longest_name = 200;
constexpr u64 reach_bytes = 1 * MiB; // of a symbol without a size

} // namespace

void Symbols::add(std::span<const u8> bytes) {
    const ByteView file(bytes);
    if (!is_elf(bytes)) return;
    const u64 sections = file.dword(40);
    const u64 count = file.half(60);
    if (!file.has(sections, count * section_bytes)) return;
    for (u64 i = 0; i < count; ++i) {
        const u64 section = sections + i * section_bytes;
        if (file.word(section + 4) != section_is_symbols) continue;
        const u64 first = file.dword(section + 24);
        const u64 size = file.dword(section + 32);
        const u64 names_section = file.word(section + 40);
        if (names_section >= count || !file.has(first, size)) continue;
        const u64 names = file.dword(sections + names_section * section_bytes + 24);
        for (u64 at = first; at + symbol_bytes <= first + size; at += symbol_bytes) {
            const u8 type = file.number<u8>(at + 4) & 0xf;
            const u16 defined_in = file.half(at + 6);
            if (type > highest_code_or_data_type || defined_in == undefined_section || defined_in == absolute_section)
                continue;
            const u64 name_offset = file.word(at);
            if (names > file.size() || name_offset > file.size() - names) continue;
            const std::string_view name = file.text(names + name_offset, longest_name);
            // "$x", ".L0": marks for tools, not names.
            if (name.empty() || name.front() == '$' || name.front() == '.') continue;
            symbols_.push_back({file.dword(at + 8), file.dword(at + 16), std::string(name)});
        }
    }
    // By name where addresses are equal, so that the same file gives the same names everywhere.
    std::ranges::sort(symbols_, {}, [](const Symbol& symbol) { return std::tie(symbol.address, symbol.name); });
}

std::optional<Symbols::Place> Symbols::find(std::string_view name) const {
    const auto found = std::ranges::find(symbols_, name, &Symbol::name);
    if (found == symbols_.end()) return std::nullopt;
    return Place{found->address, found->size_bytes};
}

std::string Symbols::name(u64 address) const {
    const auto after = std::ranges::upper_bound(symbols_, address, {}, &Symbol::address);
    if (after == symbols_.begin()) return {};
    const Symbol& symbol = *std::prev(after);
    const u64 offset = address - symbol.address;
    if (offset >= (symbol.size_bytes == 0 ? reach_bytes : symbol.size_bytes)) return {};
    return offset == 0 ? symbol.name : fmt::format("{}+{:#x}", symbol.name, offset);
}

std::vector<std::string> Symbols::names(std::string_view beginning, std::size_t most) const {
    std::set<std::string> found;
    for (const Symbol& symbol : symbols_) {
        if (!symbol.name.starts_with(beginning)) continue;
        found.insert(symbol.name);
        if (found.size() > most) found.erase(std::prev(found.end()));
    }
    return {found.begin(), found.end()};
}

} // namespace orrery
