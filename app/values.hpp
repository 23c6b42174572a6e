// Numbers as users write them on the command line. Errors complete a sentence that begins with the option's name.
#pragma once

#include <string>
#include <string_view>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app {

// 512M, 1G, 2GiB, 65536; K, M, G and T count in 1024s.
Result<u64> parse_size(std::string_view text);

// The same size as a reader likes it: "1 GiB", "1536 MiB".
std::string size_text(u64 bytes);

// A whole number, decimal or 0x….
Result<u64> parse_number(std::string_view text, u64 least, u64 most);

// Seconds with an optional fraction, as nanoseconds.
Result<u64> parse_seconds(std::string_view text);

} // namespace orrery::app
