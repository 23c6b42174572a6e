#include "app/socket/socket.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/socket/place.hpp"

namespace orrery::app {
namespace {

constexpr int waiting_clients = 16;

bool would_wait(int number) { return number == EAGAIN || number == EWOULDBLOCK || number == EINTR; }

// A socket that an earlier run left behind has no one listening; anything else at the path is not ours to remove.
Status clear_stale_socket(const std::string& path, const sockaddr_un& address, std::string_view whom) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode))
        return error("{} cannot be listened for at {}: there is something else than a socket; name another path", whom,
                     path);
    const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        would_wait(errno))
        return error("{} cannot be listened for at {}: another program does so already; name another path", whom, path);
    ::unlink(path.c_str());
    return {};
}

std::string describe_address(int number) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, 128> host{};
    std::array<char, 32> port{};
    if (::getsockname(number, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
        ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host.data(), host.size(), port.data(),
                      port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return "an unknown port";
    return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host.data(), port.data())
                                         : fmt::format("{}:{}", host.data(), port.data());
}

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

} // namespace

void Socket::close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

i64 Socket::read(std::span<u8> into) const {
    const ssize_t count = ::recv(number_, into.data(), into.size(), 0);
    if (count > 0) return count;
    return count < 0 && would_wait(errno) ? 0 : -1;
}

i64 Socket::write(std::string_view bytes) const {
    const ssize_t count = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return count;
    return would_wait(errno) ? 0 : -1;
}

Result<Listener> Listener::at_path(std::string path, std::string_view whom) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() + 1 >= sizeof address.sun_path)
        return error("{} cannot be listened for at '{}': the path of a socket has 1 to {} bytes", whom, path,
                     sizeof address.sun_path - 2);
    path.copy(address.sun_path, path.size());
    TRY_STATUS(clear_stale_socket(path, address, whom));
    // It gets its name when it listens: who waits for the file to appear may connect at once.
    const std::string unheard = path + "~";
    address.sun_path[path.size()] = '~';
    TRY_STATUS(clear_stale_socket(unheard, address, whom));
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.open() || ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.number(), waiting_clients) != 0 || ::rename(unheard.c_str(), path.c_str()) != 0)
        return error("{} cannot be listened for at {}: {}", whom, path, errno_text(errno));
    return Listener(std::move(socket), path, path);
}

Result<Listener> Listener::at_port(const std::string& host, const std::string& port, std::string_view whom) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    if (const int failure = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &list); failure != 0)
        return error("{} cannot be listened for at {}:{}: {}; use unix:PATH, HOST:PORT or PORT", whom, host, port,
                     ::gai_strerror(failure));
    const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
    int reason = EADDRNOTAVAIL;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol));
        const int on = 1;
        if (socket.open()) ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (socket.open() && ::bind(socket.number(), at->ai_addr, at->ai_addrlen) == 0 &&
            ::listen(socket.number(), waiting_clients) == 0) {
            std::string address = describe_address(socket.number());
            return Listener(std::move(socket), std::move(address), {});
        }
        reason = errno;
    }
    return error("{} cannot be listened for at {}:{}: {}; name another port, or unix:PATH", whom, host, port,
                 errno_text(reason));
}

Result<Listener> Listener::create(std::string_view place, std::string_view whom) {
    const Place where = TRY(parse_place(place, whom));
    if (const auto* path = std::get_if<UnixPlace>(&where)) return at_path(path->path, whom);
    const auto& port = std::get<PortPlace>(where);
    return at_port(port.host, port.port, whom);
}

Listener::~Listener() {
    if (socket_.open() && !path_.empty()) ::unlink(path_.c_str());
}

Socket Listener::accept() const {
    Socket client(::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const int on = 1;
    if (client.open() && path_.empty()) ::setsockopt(client.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client;
}

} // namespace orrery::app
