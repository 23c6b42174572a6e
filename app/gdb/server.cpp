#include "app/gdb/server.hpp"

#include "machine/fabric/log.hpp"

namespace orrery::app::gdb {
namespace {

constexpr std::size_t read_bytes = 256 * KiB;
// How much one turn of the event loop reads: the machine's devices wait meanwhile.
constexpr u32 reads_per_turn = 8;

} // namespace

Result<std::unique_ptr<Server>> Server::create(std::string_view place, DebugTarget& target, EventLoop& loop,
                                               ArchitectureBy architecture_by) {
    Listener listener = TRY(Listener::create(place.empty() ? default_place : place, "gdb"));
    return std::unique_ptr<Server>(new Server(std::move(listener), target, loop, architecture_by));
}

Server::Server(Listener listener, DebugTarget& target, EventLoop& loop, ArchitectureBy architecture_by)
    : listener_(std::move(listener)), target_(target), loop_(loop), architecture_by_(architecture_by),
      input_(read_bytes) {
    loop_.add(*this);
}

Server::~Server() { loop_.remove(*this); }

void Server::prepare(std::vector<pollfd>& descriptors, u64&) {
    if (!client_.open() && session_ && session_->over()) session_.reset();
    // Whoever comes while the last one's breakpoints are being taken out waits until they are.
    const bool cleaning_up = session_ && !client_.open();
    descriptors.push_back({cleaning_up ? -1 : listener_.number(), POLLIN, 0});
    if (!client_.open()) return;
    short events = POLLRDHUP;
    if (session_->wants_input()) events |= POLLIN;
    if (!session_->output().empty()) events |= POLLOUT;
    descriptors.push_back({client_.number(), events, 0});
}

void Server::dispatch(std::span<const pollfd> descriptors) {
    if (descriptors.size() > 1 && client_.open()) {
        const short events = descriptors[1].revents;
        if (events & POLLIN) read_client();
        if (client_.open() && !session_->output().empty()) write_client();
        if (client_.open() && session_->closing() && session_->output().empty()) lose_client();
        // What it sent before it went is read first, unless it takes no answers.
        const bool gone = (events & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
        if (client_.open() && gone && ((events & POLLIN) == 0 || (events & POLLERR) != 0)) lose_client();
    }
    if (descriptors[0].revents != 0 && (client_.open() || !session_)) accept_client();
}

void Server::accept_client() {
    Socket client = listener_.accept();
    if (!client.open()) return;
    if (session_) {
        log::warning("a second debugger wants to connect at {} and is refused; detach the first one before", address());
        return;
    }
    log::info("a debugger has connected at {}; the machine stands still until it lets it go on", address());
    client_ = std::move(client);
    session_ = std::make_unique<Session>(target_, architecture_by_);
}

void Server::read_client() {
    for (u32 turn = 0; turn < reads_per_turn && client_.open() && session_->wants_input(); ++turn) {
        const i64 count = client_.read(input_);
        if (count < 0) return lose_client();
        if (count == 0) return;
        session_->receive(std::span(input_).first(static_cast<std::size_t>(count)));
        if (!session_->output().empty()) write_client();
    }
}

void Server::write_client() {
    while (!session_->output().empty()) {
        const i64 count = client_.write(session_->output());
        if (count < 0) return lose_client();
        if (count == 0) return;
        session_->sent(static_cast<std::size_t>(count));
    }
}

void Server::lose_client() {
    log::info("the debugger at {} has gone", address());
    client_.close();
    session_->end();
}

} // namespace orrery::app::gdb
