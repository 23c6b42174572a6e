// One record as a line, for people or for programs. Whatever the file holds, a line has printable characters only.
#pragma once

#include <functional>
#include <string>

#include "app/trace/header.hpp"
#include "app/trace/record.hpp"
#include "machine/loader/symbols.hpp"

namespace orrery::app::trace {

struct LineStyle {
    const Header& header; // outlives the style, as does `symbols`
    const Symbols& symbols;
    // "addi a0, a0, 1" for an instruction; unset: nothing is disassembled.
    std::function<std::string(const Record&)> disassemble;
};

std::string text_line(const LineStyle& style, u32 cpu, const Record& record);
// An object of JSON. Addresses, values and bytes are strings of hexadecimal digits.
std::string json_line(const LineStyle& style, u32 cpu, const Record& record);

// Names of the file: without control characters.
std::string printable(std::string_view text);
// "ffffffff80001000 <main+0x4>"
std::string address_text(const Symbols& symbols, u64 address);

} // namespace orrery::app::trace
