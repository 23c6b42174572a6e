// What stands at the beginning of a trace file: where it comes from, and how numbers in it are called.
#pragma once

#include <string>
#include <vector>

#include "cpu/debug.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::app::trace {

inline constexpr std::string_view file_magic = "ORRTRACE";
inline constexpr u32 file_version = 2;
inline constexpr u32 oldest_version = 1;            // that can be read
inline constexpr std::size_t file_start_bytes = 16; // magic, version, size of the text
inline constexpr u32 longest_header_bytes = 64 * KiB;

struct Header {
    std::string board;
    std::vector<std::string> triples; // the guest's kinds of code, as LLVM names them
    std::vector<std::string> cpus;
    CpuWords words;
    std::vector<std::string> filters; // what the user asked for, for people
    bool operator==(const Header&) const;
};

// Lines of a word and what follows it. What doesn't fit into a file's header is left out.
std::string header_text(const Header& header);
// Unknown words are passed over: later versions may have more of them.
Header parse_header(std::string_view text);

} // namespace orrery::app::trace
