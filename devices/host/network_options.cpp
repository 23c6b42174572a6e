// The --net option.
#include <charconv>

#include "devices/host/slirp_network.hpp"

namespace orrery {
namespace {

constexpr std::string_view forward_shape = "forward=tcp:HOSTPORT:GUESTPORT";

std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text = end == text.size() ? std::string_view{} : text.substr(end + 1);
    return part;
}

Result<u16> parse_port(std::string_view text) {
    u32 port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535)
        return error("'{}' is no port number; ports are 1 to 65535", text);
    return static_cast<u16>(port);
}

Result<PortForward> parse_forward(std::string_view text) {
    const std::string_view whole = text;
    const std::string_view protocol = take_until(text, ':');
    const std::string_view host_port = take_until(text, ':');
    const std::string_view guest_port = text;
    if (protocol != "tcp" && protocol != "udp")
        return error("'forward={}': expected {}, or the same with udp", whole, forward_shape);
    PortForward forward{.udp = protocol == "udp"};
    for (auto [part, port] : {std::pair{host_port, &forward.host_port}, std::pair{guest_port, &forward.guest_port}}) {
        const Result<u16> parsed = parse_port(part);
        if (!parsed) return error("'forward={}': {}; expected {}", whole, parsed.error().message(), forward_shape);
        *port = *parsed;
    }
    return forward;
}

} // namespace

Result<NetworkOptions> parse_network_options(std::string_view text) {
    NetworkOptions options;
    const std::string_view kind = take_until(text, ',');
    if (kind != "user" && kind != "none")
        return error("'{}' is no kind of network; expected user[,{}]… or none", kind, forward_shape);
    options.user = kind == "user";
    while (!text.empty()) {
        const std::string_view option = take_until(text, ',');
        if (!options.user) return error("'{}': a network of kind none has no options", option);
        if (!option.starts_with("forward="))
            return error("'{}' is no network option; expected {}", option, forward_shape);
        options.forwards.push_back(TRY(parse_forward(option.substr(8))));
    }
    return options;
}

} // namespace orrery
