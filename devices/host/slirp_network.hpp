// The user-mode network (libslirp): a private 10.0.2.0/24 with a gateway (.2) that is the host, a name server (.3) that
// asks the host's, and DHCP that gives out .15. Needs no privileges. All of libslirp runs on the event loop's thread:
// what the guest sends is queued for it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "devices/net/network.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/event_loop.hpp"
#include "machine/fabric/result.hpp"

struct Slirp;

namespace orrery {

// A port of this host's loopback interface that leads to one of the guest's.
struct PortForward {
    bool udp = false;
    u16 host_port = 0;
    u16 guest_port = 0;
};

struct NetworkOptions {
    bool user = false; // else there is no network
    std::vector<PortForward> forwards;
    bool isolated = false; // the guest reaches the gateway's own services only
};

// user[,forward=tcp:HOSTPORT:GUESTPORT]… or none.
Result<NetworkOptions> parse_network_options(std::string_view text);

class SlirpNetwork final : public NetworkBackend, private PollSource {
public:
    // libslirp's time-outs follow `clock`. `loop` must outlive the network and not run while it is made or destroyed.
    static Result<std::unique_ptr<SlirpNetwork>> create(const NetworkOptions& options, EventLoop& loop,
                                                        const Clock& clock);
    ~SlirpNetwork() override;
    SlirpNetwork(const SlirpNetwork&) = delete;
    SlirpNetwork& operator=(const SlirpNetwork&) = delete;

    void send(std::span<const u8> frame) override;

private:
    static constexpr std::size_t most_queued = 1024;
    using Frame = std::vector<u8>;
    struct SlirpTimer;
    struct Callbacks;

    SlirpNetwork(EventLoop& loop, const Clock& clock);
    Status forward(const PortForward& forward);
    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;
    void run_timers();
    void give_guest();
    [[nodiscard]] i64 now_ms() const { return static_cast<i64>(clock_.now_ns() / 1'000'000); }

    EventLoop& loop_;
    const Clock& clock_;
    Slirp* slirp_ = nullptr;
    std::vector<std::unique_ptr<SlirpTimer>> timers_;
    std::vector<Frame> to_guest_;
    std::span<const pollfd> ready_; // during dispatch()

    std::mutex from_guest_mutex_;
    std::vector<Frame> from_guest_;
};

} // namespace orrery
