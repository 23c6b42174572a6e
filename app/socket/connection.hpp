// A connection to where another program listens, for those who wait for its answers.
#pragma once

#include <string>
#include <string_view>

#include "app/socket/socket.hpp"

namespace orrery::app {

class Connection {
public:
    static constexpr std::size_t longest_line_bytes = 64 << 20;

    // "unix:PATH", "HOST:PORT", ":PORT" or "PORT" (of the loopback interface). Errors say that `whom` can't be reached.
    static Result<Connection> create(std::string_view place, std::string_view whom);

    // All of it. Waits.
    Status write(std::string_view bytes) const;
    // The next line, without its end. Waits. An error when the other end closes.
    Result<std::string> read_line();

private:
    Connection(Socket socket, std::string whom) : socket_(std::move(socket)), whom_(std::move(whom)) {}

    Socket socket_;
    std::string whom_;
    std::string input_; // behind the last line
};

} // namespace orrery::app
