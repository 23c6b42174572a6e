// Where a socket is, as users write it.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "machine/fabric/result.hpp"

namespace orrery::app {

struct UnixPlace {
    std::string path;
};
struct PortPlace {
    std::string host; // a name or an address; never empty
    std::string port; // a number up to 65535
};
using Place = std::variant<UnixPlace, PortPlace>;

// "unix:PATH", "HOST:PORT", ":PORT" or "PORT"; without a host the loopback interface. IPv6 addresses in brackets.
Result<Place> parse_place(std::string_view text, std::string_view whom);

} // namespace orrery::app
