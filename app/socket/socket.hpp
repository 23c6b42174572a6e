// The sockets that clients come through: a place to listen at, and connections that never wait.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app {

// A descriptor that closes itself.
class Socket {
public:
    Socket() = default;
    explicit Socket(int number) : number_(number) {}
    ~Socket() { close(); }
    Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        if (this != &other) {
            close();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool open() const { return number_ >= 0; }
    void close();

    // How many bytes went; 0: none now. Negative: the other end is gone.
    [[nodiscard]] i64 read(std::span<u8> into) const;
    [[nodiscard]] i64 write(std::string_view bytes) const;

private:
    int number_ = -1;
};

class Listener {
public:
    // "unix:PATH", "HOST:PORT", ":PORT" or "PORT" (of the loopback interface). Port 0 is any free one. Errors say that
    // `whom` can't be listened for: "gdb".
    static Result<Listener> create(std::string_view place, std::string_view whom);
    ~Listener();
    Listener(Listener&&) noexcept = default;
    Listener& operator=(Listener&&) = delete;

    [[nodiscard]] int number() const { return socket_.number(); }
    // Where it listens in fact: a path, or HOST:PORT.
    [[nodiscard]] const std::string& address() const { return address_; }
    // Not open: no one is there, or the host has no descriptor left.
    [[nodiscard]] Socket accept() const;

private:
    Listener(Socket socket, std::string address, std::string path)
        : socket_(std::move(socket)), address_(std::move(address)), path_(std::move(path)) {}
    static Result<Listener> at_path(std::string path, std::string_view whom);
    static Result<Listener> at_port(const std::string& host, const std::string& port, std::string_view whom);

    Socket socket_;
    std::string address_;
    std::string path_; // empty: not a file
};

} // namespace orrery::app
