// Listens for gdb and lldb: one client at a time, several one after another. A part of the event loop, on whose thread
// it is made and unmade; both the loop and the target outlive it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gdb/session.hpp"
#include "app/socket/socket.hpp"
#include "machine/fabric/event_loop.hpp"

namespace orrery::app::gdb {

class Server final : public PollSource {
public:
    static constexpr std::string_view default_place = "127.0.0.1:1234";
    // `place` is what Listener::create() takes; empty for the default.
    static Result<std::unique_ptr<Server>> create(std::string_view place, DebugTarget& target, EventLoop& loop,
                                                  ArchitectureBy architecture_by = ArchitectureBy::machine);
    ~Server() override;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // For `target remote`.
    [[nodiscard]] const std::string& address() const { return listener_.address(); }
    [[nodiscard]] bool connected() const { return client_.open(); }

    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;

private:
    Server(Listener listener, DebugTarget& target, EventLoop& loop, ArchitectureBy architecture_by);
    void accept_client();
    void read_client();
    void write_client();
    void lose_client();

    Listener listener_;
    DebugTarget& target_;
    EventLoop& loop_;
    const ArchitectureBy architecture_by_;
    Socket client_;
    std::unique_ptr<Session> session_; // also for a while after the client has gone, to clean up
    std::vector<u8> input_;
};

} // namespace orrery::app::gdb
