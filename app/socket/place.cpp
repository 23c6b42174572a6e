#include "app/socket/place.hpp"

#include "machine/fabric/types.hpp"

namespace orrery::app {

Result<Place> parse_place(std::string_view text, std::string_view whom) {
    if (text.starts_with("unix:")) return UnixPlace{std::string(text.substr(5))};
    const std::size_t colon = text.rfind(':');
    std::string_view host = colon == std::string_view::npos ? std::string_view{} : text.substr(0, colon);
    const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
    u32 number = 0;
    for (const char digit : port)
        number = number > 65535 || digit < '0' || digit > '9' ? 65536 : number * 10 + static_cast<u32>(digit - '0');
    if (port.empty() || number > 65535)
        return error("'{}' is no place for {}; use unix:PATH, HOST:PORT or PORT, with a port up to 65535", text, whom);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return PortPlace{host.empty() ? "127.0.0.1" : std::string(host), std::string(port)};
}

} // namespace orrery::app
