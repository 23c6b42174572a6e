// The names that an ELF file has for addresses (System V gABI, "Symbol Table"), to be shown beside them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

class Symbols {
public:
    // A file that is no ELF file, or a damaged one, adds none.
    void add(std::span<const u8> file);
    // "main+0x4"; empty where no symbol is near. Addresses are virtual, as the file says.
    [[nodiscard]] std::string name(u64 address) const;
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
