// The monitor's door for programs: listens, and serves several clients at once. A part of the event loop, on whose
// thread it is made and unmade; the loop and the monitor outlive it.
#pragma once

#include <memory>
#include <vector>

#include "app/monitor/json_session.hpp"
#include "app/socket/socket.hpp"
#include "machine/fabric/event_loop.hpp"

namespace orrery::app::monitor {

class JsonServer final : public PollSource {
public:
    static constexpr std::size_t most_clients = 16; // more wait until one goes

    // `place` is what Listener::create() takes.
    static Result<std::unique_ptr<JsonServer>> create(std::string_view place, Monitor& monitor, EventLoop& loop);
    ~JsonServer() override;
    JsonServer(const JsonServer&) = delete;
    JsonServer& operator=(const JsonServer&) = delete;

    [[nodiscard]] const std::string& address() const { return listener_.address(); }

    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;

private:
    struct Client {
        Client(Socket connection, Monitor& monitor) : socket(std::move(connection)), session(monitor) {}
        Socket socket; // closed: gone, and only waited for until its session isn't busy
        JsonSession session;
    };
    JsonServer(Listener listener, Monitor& monitor, EventLoop& loop);
    void serve(Client& client, short events);
    void read(Client& client);
    static void write(Client& client);
    static void lose(Client& client);

    Listener listener_;
    Monitor& monitor_;
    EventLoop& loop_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<Client*> polled_; // in the order of their descriptors
    std::vector<u8> input_;
    u32 listener_number_ = 0;
};

} // namespace orrery::app::monitor
