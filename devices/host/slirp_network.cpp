#include "devices/host/slirp_network.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <arpa/inet.h>
#include <libslirp.h>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_frame{"slirp.frame"};

constexpr in_addr address(u8 a, u8 b, u8 c, u8 d) {
    return {static_cast<in_addr_t>(u32{a} | u32{b} << 8 | u32{c} << 16 | u32{d} << 24)}; // in network order
}
constexpr in_addr network = address(10, 0, 2, 0);
constexpr in_addr netmask = address(255, 255, 255, 0);
constexpr in_addr gateway = address(10, 0, 2, 2);
constexpr in_addr name_server = address(10, 0, 2, 3);
constexpr in_addr guest = address(10, 0, 2, 15);
constexpr in_addr loopback = address(127, 0, 0, 1);

constexpr struct {
    int slirp;
    short poll;
} events[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};

} // namespace

struct SlirpNetwork::SlirpTimer {
    SlirpTimerCb expired;
    void* argument;
    i64 deadline_ms = -1; // none
};

// What libslirp asks of us; `self` is the network.
struct SlirpNetwork::Callbacks {
    static SlirpNetwork& owner(void* self) { return *static_cast<SlirpNetwork*>(self); }
    static ssize_t send_packet(const void* data, size_t size, void* self) {
        SlirpNetwork& to = owner(self);
        const auto* first = static_cast<const u8*>(data);
        if (to.to_guest_.size() < most_queued) to.to_guest_.emplace_back(first, first + size);
        return static_cast<ssize_t>(size);
    }
    static void guest_error(const char* message, void*) { log::guest_error("slirp", "{}", message); }
    static int64_t clock_get_ns(void* self) { return static_cast<int64_t>(owner(self).clock_.now_ns()); }
    static void* timer_new(SlirpTimerCb expired, void* argument, void* self) {
        auto& timers = owner(self).timers_;
        timers.push_back(std::make_unique<SlirpTimer>(expired, argument));
        return timers.back().get();
    }
    static void timer_free(void* timer, void* self) {
        std::erase_if(owner(self).timers_, [&](const auto& entry) { return entry.get() == timer; });
    }
    static void timer_mod(void* timer, int64_t deadline_ms, void*) {
        static_cast<SlirpTimer*>(timer)->deadline_ms = deadline_ms;
    }
    static void register_poll_fd(int, void*) {}
    static void unregister_poll_fd(int, void*) {}
    static void notify(void* self) { owner(self).loop_.wake(); }

    static constexpr SlirpCb table() {
        SlirpCb table{};
        table.send_packet = send_packet;
        table.guest_error = guest_error;
        table.clock_get_ns = clock_get_ns;
        table.timer_new = timer_new;
        table.timer_free = timer_free;
        table.timer_mod = timer_mod;
        table.register_poll_fd = register_poll_fd;
        table.unregister_poll_fd = unregister_poll_fd;
        table.notify = notify;
        return table;
    }
};

SlirpNetwork::SlirpNetwork(EventLoop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}

Result<std::unique_ptr<SlirpNetwork>> SlirpNetwork::create(const NetworkOptions& options, EventLoop& loop,
                                                           const Clock& clock) {
    static constexpr SlirpCb callbacks = Callbacks::table();
    std::unique_ptr<SlirpNetwork> self(new SlirpNetwork(loop, clock));
    SlirpConfig config{};
    config.version = 1;
    config.in_enabled = true;
    config.restricted = options.isolated;
    config.vnetwork = network;
    config.vnetmask = netmask;
    config.vhost = gateway;
    config.vhostname = "orrery";
    config.vdhcp_start = guest;
    config.vnameserver = name_server;
    self->slirp_ = slirp_new(&config, &callbacks, self.get());
    if (!self->slirp_) return error("the user network can't be started: libslirp refuses its configuration");
    loop.add(*self);
    for (const PortForward& each : options.forwards)
        if (Status done = self->forward(each); !done) return std::unexpected(done.error());
    return self;
}

SlirpNetwork::~SlirpNetwork() {
    loop_.remove(*this);
    if (slirp_) slirp_cleanup(slirp_);
}

Status SlirpNetwork::forward(const PortForward& forward) {
    if (slirp_add_hostfwd(slirp_, forward.udp, loopback, forward.host_port, guest, forward.guest_port) == 0) return {};
    return error("port {} of this host can't be forwarded by {}: {}; choose another port", forward.host_port,
                 forward.udp ? "udp" : "tcp", errno_text(errno));
}

void SlirpNetwork::send(std::span<const u8> frame) {
    bool first = false;
    {
        std::lock_guard guard(from_guest_mutex_);
        if (from_guest_.size() >= most_queued) return;
        first = from_guest_.empty();
        from_guest_.emplace_back(frame.begin(), frame.end());
    }
    if (first) loop_.wake();
}

void SlirpNetwork::prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) {
    struct Adding {
        std::vector<pollfd>& descriptors;
        std::size_t first;
    } adding{descriptors, descriptors.size()};
    const auto add = [](int fd, int wanted, void* argument) {
        auto& to = *static_cast<Adding*>(argument);
        pollfd entry{fd, 0, 0};
        for (const auto& event : events)
            if (wanted & event.slirp) entry.events = static_cast<short>(entry.events | event.poll);
        to.descriptors.push_back(entry);
        return static_cast<int>(to.descriptors.size() - to.first - 1);
    };
    constexpr u64 ns_per_ms = 1'000'000;
    const u64 most_ms = std::numeric_limits<u32>::max();
    const u64 before_ms = std::min(timeout_ns / ns_per_ms, most_ms);
    u32 timeout_ms = static_cast<u32>(before_ms);
    slirp_pollfds_fill(slirp_, &timeout_ms, add, &adding);
    for (const auto& timer : timers_)
        if (timer->deadline_ms >= 0)
            timeout_ms =
                std::min(timeout_ms, static_cast<u32>(std::clamp<i64>(timer->deadline_ms - now_ms(), 0, 1000)));
    if (timeout_ms < before_ms) timeout_ns = timeout_ms * ns_per_ms;
}

void SlirpNetwork::dispatch(std::span<const pollfd> descriptors) {
    ready_ = descriptors;
    const auto ready = [](int index, void* self) {
        const auto& all = Callbacks::owner(self).ready_;
        int happened = 0;
        if (index >= 0 && static_cast<std::size_t>(index) < all.size())
            for (const auto& event : events)
                if (all[static_cast<std::size_t>(index)].revents & event.poll) happened |= event.slirp;
        return happened;
    };
    slirp_pollfds_poll(slirp_, 0, ready, this);
    ready_ = {};
    run_timers();
    std::vector<Frame> frames;
    {
        std::lock_guard guard(from_guest_mutex_);
        frames.swap(from_guest_);
    }
    for (const Frame& frame : frames) {
        trace_frame("guest sends {} bytes", frame.size());
        slirp_input(slirp_, frame.data(), static_cast<int>(frame.size()));
    }
    give_guest();
}

void SlirpNetwork::run_timers() {
    // A timer's function may free timers, so look anew after each.
    const auto is_due = [this](const auto& timer) { return timer->deadline_ms >= 0 && timer->deadline_ms <= now_ms(); };
    for (auto due = std::ranges::find_if(timers_, is_due); due != timers_.end();
         due = std::ranges::find_if(timers_, is_due)) {
        (*due)->deadline_ms = -1;
        (*due)->expired((*due)->argument);
    }
}

void SlirpNetwork::give_guest() {
    std::vector<Frame> frames;
    frames.swap(to_guest_);
    for (const Frame& frame : frames) {
        trace_frame("guest gets {} bytes", frame.size());
        if (receiver()) receiver()->receive(frame);
    }
}

} // namespace orrery
