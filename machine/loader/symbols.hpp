// The names that an ELF file has for addresses (System V gABI, "Symbol Table"), to be shown beside them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

class Symbols {
public:
    // A file that is no ELF file, or a damaged one, adds none.
    void add(std::span<const u8> file);
    // "main+0x4"; empty where no symbol is near. Addresses are virtual, as the file says.
    [[nodiscard]] std::string name(u64 address) const;
    // The address and size of the one called so; a size of 0 is unknown.
    struct Place {
        u64 address = 0;
        u64 size_bytes = 0;
    };
    [[nodiscard]] std::optional<Place> find(std::string_view name) const;
    // Names that begin so, ascending, at most so many.
    [[nodiscard]] std::vector<std::string> names(std::string_view beginning, std::size_t most) const;
    [[nodiscard]] bool empty() const { return symbols_.empty(); }

private:
    struct Symbol {
        u64 address = 0;
        u64 size_bytes = 0;
        std::string name;
    };
    std::vector<Symbol> symbols_; // ascending
};

} // namespace orrery
