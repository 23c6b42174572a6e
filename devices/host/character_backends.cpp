#include "devices/host/character_backends.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "machine/fabric/log.hpp"

namespace orrery {

// ---- file ----

Result<std::unique_ptr<FileBackend>> FileBackend::create(std::string path) {
    ignore_broken_pipes();
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file.open()) return error("cannot write the serial port's output to {}: {}", path, errno_text(errno));
    return std::unique_ptr<FileBackend>(new FileBackend(std::move(path), std::move(file)));
}

void FileBackend::write(std::span<const u8> characters) {
    if (failed_ || write_fully(file_.number(), characters)) return;
    failed_ = true;
    log::warning("{}: {}; the serial port's further output is lost", path_, errno_text(errno));
}

// ---- Unix-domain socket ----

namespace {

// A socket that an earlier run left behind has no one listening; anything else at the path is not ours to remove.
Status clear_stale_socket(const std::string& path, const sockaddr_un& address) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode)) return error("{} exists and is not a socket", path);
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return error("another program listens at {}", path);
    ::unlink(path.c_str());
    return {};
}

Result<Descriptor> listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() + 1 >= sizeof address.sun_path)
        return error("the path of a socket must have 1 to {} bytes: '{}'", sizeof address.sun_path - 2, path);
    path.copy(address.sun_path, path.size());
    if (Status cleared = clear_stale_socket(path, address); !cleared)
        return std::unexpected(std::move(cleared).error());
    // It gets its name when it listens: who waits for the file to appear may connect at once.
    const std::string unheard = path + "~";
    address.sun_path[path.size()] = '~';
    if (Status cleared = clear_stale_socket(unheard, address); !cleared)
        return std::unexpected(std::move(cleared).error());
    Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.open() ||
        ::bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener.number(), 4) != 0 || ::rename(unheard.c_str(), path.c_str()) != 0)
        return error("cannot listen at {}: {}", path, errno_text(errno));
    return listener;
}

} // namespace

Result<std::unique_ptr<UnixSocketBackend>> UnixSocketBackend::create(std::string path, EventLoop& loop) {
    ignore_broken_pipes();
    Result<Descriptor> listener = listen_at(path);
    if (!listener) return std::unexpected(std::move(listener).error().in("the serial port"));
    return std::unique_ptr<UnixSocketBackend>(new UnixSocketBackend(std::move(path), *std::move(listener), loop));
}

UnixSocketBackend::~UnixSocketBackend() { ::unlink(path_.c_str()); }

void UnixSocketBackend::write(std::span<const u8> characters) {
    if (output_.write(characters)) loop().wake();
}

void UnixSocketBackend::prepare(std::vector<pollfd>& descriptors, u64&) {
    if (!client_.open()) {
        descriptors.push_back({listener_.number(), POLLIN, 0});
        return;
    }
    short events = 0;
    if (wants_input()) events |= POLLIN;
    if (output_.waiting()) events |= POLLOUT;
    descriptors.push_back({client_.number(), events, 0});
}

void UnixSocketBackend::dispatch(std::span<const pollfd> descriptors) {
    const short events = descriptors[0].revents;
    if (events != 0 && !client_.open()) {
        accept_client();
    } else {
        if (events & POLLOUT) output_.flush();
        if ((events & (POLLIN | POLLHUP | POLLERR)) && !read_input(client_.number())) lose_client();
    }
    offer_held();
}

void UnixSocketBackend::accept_client() {
    client_ = Descriptor(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    output_.attach(client_.number());
}

void UnixSocketBackend::lose_client() {
    output_.attach(-1);
    client_.close();
}

// ---- pseudo-terminal ----

Result<std::unique_ptr<PtyBackend>> PtyBackend::create(EventLoop& loop) {
    Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 128> path{};
    if (!master.open() || ::grantpt(master.number()) != 0 || ::unlockpt(master.number()) != 0 ||
        ::ptsname_r(master.number(), path.data(), path.size()) != 0)
        return error("the host gives no pseudo-terminal for the serial port: {}", errno_text(errno));
    Descriptor slave(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    if (!slave.open() || ::tcgetattr(slave.number(), &settings) != 0)
        return error("cannot open {}: {}", path.data(), errno_text(errno));
    ::cfmakeraw(&settings);
    ::tcsetattr(slave.number(), TCSANOW, &settings);
    log::info("the serial port is at {}", path.data());
    return std::unique_ptr<PtyBackend>(new PtyBackend(path.data(), std::move(master), std::move(slave), loop));
}

PtyBackend::PtyBackend(std::string path, Descriptor master, Descriptor slave, EventLoop& loop)
    : StreamBackend(loop), path_(std::move(path)), master_(std::move(master)), slave_(std::move(slave)) {
    output_.attach(master_.number());
}

void PtyBackend::write(std::span<const u8> characters) {
    if (output_.write(characters)) loop().wake();
}

void PtyBackend::prepare(std::vector<pollfd>& descriptors, u64&) {
    short events = 0;
    if (wants_input()) events |= POLLIN;
    if (output_.waiting()) events |= POLLOUT;
    descriptors.push_back({master_.number(), events, 0});
}

void PtyBackend::dispatch(std::span<const pollfd> descriptors) {
    if (descriptors[0].revents & POLLOUT) output_.flush();
    if (descriptors[0].revents & POLLIN) read_input(master_.number());
    offer_held();
}

// ---- the option ----

namespace {

// Any back end as the interface, or the reason why there is none.
template <typename Backend>
Result<std::unique_ptr<CharacterBackend>> as_backend(Result<std::unique_ptr<Backend>> made) {
    if (!made) return std::unexpected(std::move(made).error());
    return std::unique_ptr<CharacterBackend>(*std::move(made));
}

} // namespace

Result<std::unique_ptr<CharacterBackend>> open_serial(std::string_view spec, EventLoop& loop, SerialOptions options) {
    const std::size_t colon = spec.find(':');
    const std::string_view kind = spec.substr(0, colon);
    const std::string path(colon == std::string_view::npos ? std::string_view{} : spec.substr(colon + 1));
    const bool has_path = !path.empty();
    if (spec == "stdio") return as_backend(Terminal::create(loop, std::move(options.escape)));
    if (spec == "none" || spec == "null") return std::make_unique<NullCharacterBackend>();
    if (spec == "pty") return as_backend(PtyBackend::create(loop));
    if (kind == "file" && has_path) return as_backend(FileBackend::create(path));
    if (kind == "unix" && has_path) return as_backend(UnixSocketBackend::create(path, loop));
    return error("'{}' is no place for a serial port; use stdio, none, file:PATH, unix:PATH or pty", spec);
}

} // namespace orrery
