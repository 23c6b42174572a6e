#include "app/socket/connection.hpp"

#include <array>
#include <cerrno>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "app/socket/place.hpp"

namespace orrery::app {
namespace {

Result<Socket> connect_to(const UnixPlace& place) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (place.path.empty() || place.path.size() >= sizeof address.sun_path)
        return error("the path of a socket has 1 to {} bytes", sizeof address.sun_path - 1);
    place.path.copy(address.sun_path, place.path.size());
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return error("{}", errno_text(errno));
    return socket;
}

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Result<Socket> connect_to(const PortPlace& place) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int failure = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &wanted, &list); failure != 0)
        return error("{}", ::gai_strerror(failure));
    const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
    int reason = ECONNREFUSED;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
        if (::connect(socket.number(), at->ai_addr, at->ai_addrlen) == 0) return socket;
        reason = errno;
    }
    return error("{}", errno_text(reason));
}

} // namespace

Result<Connection> Connection::create(std::string_view place, std::string_view whom) {
    const Place where = TRY(parse_place(place, whom));
    auto socket = std::visit([](const auto& kind) { return connect_to(kind); }, where);
    if (!socket) return error("{} can't be reached at {}: {}", whom, place, socket.error().message());
    return Connection(std::move(*socket), std::string(whom));
}

Status Connection::write(std::string_view bytes) const {
    while (!bytes.empty()) {
        const i64 count = socket_.write(bytes);
        if (count < 0) return error("{} has closed the connection", whom_);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<std::string> Connection::read_line() {
    std::array<u8, 4096> bytes{};
    for (std::size_t end = input_.find('\n'); end == std::string::npos;) {
        const i64 count = socket_.read(bytes);
        if (count < 0) return error("{} has closed the connection", whom_);
        const std::string_view come(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
        const std::size_t found = come.find('\n');
        if (found != std::string_view::npos) end = input_.size() + found;
        input_ += come;
        if (input_.size() > longest_line_bytes) return error("{} answers without end", whom_);
    }
    const std::size_t end = input_.find('\n');
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    return line;
}

} // namespace orrery::app
