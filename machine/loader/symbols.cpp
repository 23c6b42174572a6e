#include "machine/loader/symbols.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"

namespace orrery {
namespace {

// Where things are in files of either class: in the header, in a section's and in a symbol.
struct Layout {
    bool wide = false; // addresses, offsets and sizes have 64 bits
    u64 sections, section_count;
    u64 section_bytes, section_offset, section_size, section_link;
    u64 symbol_bytes, symbol_address, symbol_size, symbol_type, symbol_section;
};
constexpr Layout layout64{true, 40, 60, 64, 24, 32, 40, 24, 8, 16, 4, 6};
constexpr Layout layout32{false, 32, 48, 40, 16, 20, 24, 16, 4, 8, 12, 14};
constexpr u64 class_at = 4;
constexpr u8 class_32_bits = 1;

constexpr u32 section_is_symbols = 2;
constexpr u16 undefined_section = 0, absolute_section = 0xfff1;
constexpr u8 highest_code_or_data_type = 2; // no type (assembly labels), object, function
constexpr u64 longest_name = 200;
constexpr u64 reach_bytes = 1 * MiB; // of a symbol without a size

} // namespace

void Symbols::add(std::span<const u8> bytes) {
    const ByteView file(bytes);
    if (!is_elf(bytes)) return;
    const Layout& at = file.number<u8>(class_at) == class_32_bits ? layout32 : layout64;
    const auto address = [&](u64 offset) { return at.wide ? file.dword(offset) : u64{file.word(offset)}; };
    const u64 sections = address(at.sections);
    const u64 count = file.half(at.section_count);
    if (!file.has(sections, count * at.section_bytes)) return;
    for (u64 i = 0; i < count; ++i) {
        const u64 section = sections + i * at.section_bytes;
        if (file.word(section + 4) != section_is_symbols) continue;
        const u64 first = address(section + at.section_offset);
        const u64 size = address(section + at.section_size);
        const u64 names_section = file.word(section + at.section_link);
        if (names_section >= count || !file.has(first, size)) continue;
        const u64 names = address(sections + names_section * at.section_bytes + at.section_offset);
        for (u64 symbol = first; symbol + at.symbol_bytes <= first + size; symbol += at.symbol_bytes) {
            const u8 type = file.number<u8>(symbol + at.symbol_type) & 0xf;
            const u16 defined_in = file.half(symbol + at.symbol_section);
            if (type > highest_code_or_data_type || defined_in == undefined_section || defined_in == absolute_section)
                continue;
            const u64 name_offset = file.word(symbol);
            if (names > file.size() || name_offset > file.size() - names) continue;
            const std::string_view name = file.text(names + name_offset, longest_name);
            // "$x", ".L0": marks for tools, not names.
            if (name.empty() || name.front() == '$' || name.front() == '.') continue;
            symbols_.push_back(
                {address(symbol + at.symbol_address), address(symbol + at.symbol_size), std::string(name)});
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
