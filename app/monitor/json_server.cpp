#include "app/monitor/json_server.hpp"

namespace orrery::app::monitor {
namespace {

constexpr std::size_t read_bytes = 64 * KiB;

} // namespace

Result<std::unique_ptr<JsonServer>> JsonServer::create(std::string_view place, Monitor& monitor, EventLoop& loop) {
    Listener listener = TRY(Listener::create(place, "the monitor's clients"));
    return std::unique_ptr<JsonServer>(new JsonServer(std::move(listener), monitor, loop));
}

JsonServer::JsonServer(Listener listener, Monitor& monitor, EventLoop& loop)
    : listener_(std::move(listener)), monitor_(monitor), loop_(loop), input_(read_bytes) {
    listener_number_ = monitor_.controller().add_listener([this](const Stop& stop) {
        for (const auto& client : clients_) client->session.tell_stopped(stop);
    });
    monitor_.controller().on_resume([this] {
        for (const auto& client : clients_) client->session.tell_running();
    });
    loop_.add(*this);
}

JsonServer::~JsonServer() {
    loop_.remove(*this);
    monitor_.controller().on_resume(nullptr);
    monitor_.controller().remove_listener(listener_number_);
}

void JsonServer::prepare(std::vector<pollfd>& descriptors, u64&) {
    std::erase_if(clients_, [](const auto& client) { return !client->socket.open() && !client->session.busy(); });
    const bool full = clients_.size() >= most_clients;
    descriptors.push_back({full ? -1 : listener_.number(), POLLIN, 0});
    polled_.clear();
    for (const auto& client : clients_) {
        if (!client->socket.open()) continue;
        short events = 0;
        if (client->session.wants_input()) events |= POLLIN;
        if (!client->session.output().empty()) events |= POLLOUT;
        descriptors.push_back({client->socket.number(), events, 0});
        polled_.push_back(client.get());
    }
}

void JsonServer::dispatch(std::span<const pollfd> descriptors) {
    for (std::size_t i = 0; i < polled_.size() && i + 1 < descriptors.size(); ++i)
        serve(*polled_[i], descriptors[i + 1].revents);
    if (descriptors[0].revents == 0) return;
    while (clients_.size() < most_clients) {
        Socket socket = listener_.accept();
        if (!socket.open()) return;
        clients_.push_back(std::make_unique<Client>(std::move(socket), monitor_));
    }
}

void JsonServer::serve(Client& client, short events) {
    if (events & POLLIN) read(client);
    if (client.socket.open() && !client.session.output().empty()) write(client);
    // Nobody is there any more, neither to ask nor to listen.
    const bool gone = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0 && (events & POLLIN) == 0;
    if (client.socket.open() && (gone || client.session.finished())) lose(client);
}

void JsonServer::read(Client& client) {
    const i64 count = client.socket.read(input_);
    if (count < 0) return client.session.input_ended();
    client.session.receive(std::span(input_).first(static_cast<std::size_t>(count)));
}

void JsonServer::write(Client& client) {
    while (!client.session.output().empty()) {
        const i64 count = client.socket.write(client.session.output());
        if (count < 0) return lose(client);
        if (count == 0) return;
        client.session.sent(static_cast<std::size_t>(count));
    }
}

void JsonServer::lose(Client& client) {
    client.socket.close();
    client.session.end();
}

} // namespace orrery::app::monitor
