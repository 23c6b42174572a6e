// Raw frames against the real libslirp.
#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/host/slirp_network.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

using Frame = std::vector<u8>;
constexpr std::array<u8, 6> guest_mac{0x52, 0x54, 0, 0x12, 0x34, 0x56};

class Collector final : public NetworkReceiver {
public:
    void receive(std::span<const u8> frame) override { frames.emplace_back(frame.begin(), frame.end()); }
    std::vector<Frame> frames;
};

struct Rig {
    MachineLock lock;
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create(lock));
    HostTime time;
    Clock clock{"clock", time};
    Collector guest;
    std::unique_ptr<SlirpNetwork> network;
    explicit Rig(const NetworkOptions& options = {.user = true, .forwards = {}}) {
        time.run(true);
        auto made = SlirpNetwork::create(options, *loop, clock);
        REQUIRE(made);
        network = std::move(*made);
        network->connect(guest);
    }
    template <typename Wanted> Frame wait_for(Wanted&& wanted) {
        for (u32 round = 0; round < 200; ++round) {
            loop->run_once(10'000'000);
            for (const Frame& frame : guest.frames)
                if (wanted(frame)) return frame;
        }
        return {};
    }
};

void append(Frame& frame, std::initializer_list<int> bytes) {
    for (const int byte : bytes) frame.push_back(static_cast<u8>(byte));
}

Frame ethernet(std::span<const u8> to, u16 type) {
    Frame frame(to.begin(), to.end());
    frame.insert(frame.end(), guest_mac.begin(), guest_mac.end());
    append(frame, {type >> 8, type & 0xff});
    return frame;
}

u16 checksum(std::span<const u8> bytes) {
    u32 sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2)
        sum += static_cast<u32>(bytes[i] << 8) + (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(~sum);
}

void put16(Frame& frame, std::size_t at, u16 value) {
    frame[at] = static_cast<u8>(value >> 8);
    frame[at + 1] = static_cast<u8>(value);
}

// Wraps a payload in IPv4 and Ethernet.
Frame ip(std::span<const u8> to_mac, u8 protocol, std::array<u8, 4> from, std::array<u8, 4> to, const Frame& payload) {
    Frame frame = ethernet(to_mac, 0x0800);
    append(frame, {0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0});
    frame.insert(frame.end(), from.begin(), from.end());
    frame.insert(frame.end(), to.begin(), to.end());
    put16(frame, 16, static_cast<u16>(20 + payload.size()));
    put16(frame, 24, checksum(std::span(frame).subspan(14, 20)));
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

Frame udp(u16 from, u16 to, const Frame& payload) {
    Frame packet;
    append(packet, {from >> 8, from & 0xff, to >> 8, to & 0xff, 0, 0, 0, 0}); // no checksum
    put16(packet, 4, static_cast<u16>(8 + payload.size()));
    packet.insert(packet.end(), payload.begin(), payload.end());
    return packet;
}

constexpr std::array<u8, 6> broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

// Who has 10.0.2.2? Gives the gateway's address.
std::array<u8, 6> ask_gateway(Rig& rig) {
    Frame request = ethernet(broadcast, 0x0806);
    append(request, {0, 1, 8, 0, 6, 4, 0, 1});
    request.insert(request.end(), guest_mac.begin(), guest_mac.end());
    append(request, {10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2});
    rig.network->send(request);
    const Frame reply = rig.wait_for([](const Frame& frame) {
        return frame.size() >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2 && frame[31] == 2;
    });
    REQUIRE(!reply.empty());
    std::array<u8, 6> mac{};
    std::copy_n(reply.begin() + 22, 6, mac.begin());
    return mac;
}

std::string refusal(std::string_view text) {
    const auto options = parse_network_options(text);
    REQUIRE(!options);
    return options.error().message();
}

// A port that was free a moment ago.
u16 free_port(int type) {
    const int fd = ::socket(AF_INET, type, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(fd);
    return ntohs(address.sin_port);
}

} // namespace

TEST_CASE("the gateway answers ARP and ping", "[slirp]") {
    Rig rig;
    const auto gateway = ask_gateway(rig);
    Frame echo{8, 0, 0, 0, 0x12, 0x34, 0, 1, 'o', 'r', 'r', 'e', 'r', 'y'};
    put16(echo, 2, checksum(echo));
    rig.network->send(ip(gateway, 1, {10, 0, 2, 15}, {10, 0, 2, 2}, echo));
    const Frame reply = rig.wait_for([](const Frame& frame) {
        return frame.size() >= 48 && frame[12] == 8 && frame[13] == 0 && frame[23] == 1 && frame[34] == 0;
    });
    REQUIRE(!reply.empty());
    CHECK(std::memcmp(reply.data() + 42, "orrery", 6) == 0);
    CHECK(std::memcmp(reply.data(), guest_mac.data(), 6) == 0);
}

TEST_CASE("DHCP gives the guest 10.0.2.15, the gateway and the name server", "[slirp]") {
    Rig rig;
    Frame discover(240);
    discover[0] = discover[1] = 1;
    discover[2] = 6;
    discover[7] = 0x77;
    std::ranges::copy(guest_mac, discover.begin() + 28);
    const std::array<u8, 4> cookie{99, 130, 83, 99};
    std::ranges::copy(cookie, discover.begin() + 236);
    append(discover, {53, 1, 1, 255});
    discover.resize(300);
    rig.network->send(ip(broadcast, 17, {0, 0, 0, 0}, {255, 255, 255, 255}, udp(68, 67, discover)));
    const Frame offer = rig.wait_for([](const Frame& frame) {
        return frame.size() >= 42 + 244 && frame[12] == 8 && frame[13] == 0 && frame[23] == 17 && frame[37] == 68;
    });
    REQUIRE(!offer.empty());
    const std::array<u8, 4> guest{10, 0, 2, 15};
    CHECK(std::equal(guest.begin(), guest.end(), offer.begin() + 42 + 16));
    const auto has = [&](std::initializer_list<u8> bytes) {
        return std::search(offer.begin() + 42 + 240, offer.end(), bytes.begin(), bytes.end()) != offer.end();
    };
    CHECK(has({53, 1, 2}));
    CHECK(has({3, 4, 10, 0, 2, 2}));
    CHECK(has({6, 4, 10, 0, 2, 3}));
}

TEST_CASE("a forwarded UDP port reaches the guest", "[slirp]") {
    const u16 port = free_port(SOCK_DGRAM);
    Rig rig({.user = true, .forwards = {{.udp = true, .host_port = port, .guest_port = 5353}}});
    ask_gateway(rig); // libslirp learns the guest's address
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::sendto(fd, "tick", 4, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) == 4);
    const Frame got = rig.wait_for([](const Frame& frame) {
        return frame.size() >= 46 && frame[23] == 17 && frame[36] == 5353 >> 8 && frame[37] == (5353 & 0xff);
    });
    ::close(fd);
    REQUIRE(!got.empty());
    CHECK(std::memcmp(got.data() + 42, "tick", 4) == 0);
}

TEST_CASE("a port that is in use is named in the error", "[slirp]") {
    const u16 port = free_port(SOCK_STREAM);
    const NetworkOptions options{.user = true, .forwards = {{.udp = false, .host_port = port, .guest_port = 22}}};
    Rig first(options);
    auto second = SlirpNetwork::create(options, *first.loop, first.clock);
    REQUIRE(!second);
    CHECK(second.error().message().find(std::to_string(port)) != std::string::npos);
    first.loop->run_once(0); // the failed one has left the loop
}

TEST_CASE("frames of any shape don't disturb the network", "[slirp]") {
    Rig rig;
    u32 random = 1;
    for (u32 i = 0; i < 2000; ++i) {
        Frame frame(random % 200);
        for (u8& byte : frame) byte = static_cast<u8>((random = random * 1664525 + 1013904223) >> 24);
        if (frame.size() > 24 && i % 2) {
            put16(frame, 12, 0x0800);
            frame[14] = 0x45;
            put16(frame, 24, 0);
            if (frame.size() >= 34) put16(frame, 24, checksum(std::span(frame).subspan(14, 20)));
        }
        // Nothing may leave for the world: only addresses of the private network.
        if (frame.size() >= 34) std::copy_n(std::array<u8, 3>{10, 0, 2}.begin(), 3, frame.begin() + 30);
        rig.network->send(frame);
        random = random * 1664525 + 1013904223;
        if (i % 50 == 0) rig.loop->run_once(0);
    }
    ask_gateway(rig);
}

TEST_CASE("the network option is parsed, and refused with the expected shape", "[slirp]") {
    const auto options = parse_network_options("user,forward=tcp:2222:22,forward=udp:5353:53");
    REQUIRE(options);
    CHECK(options->user);
    REQUIRE(options->forwards.size() == 2);
    CHECK(!options->forwards[0].udp);
    CHECK(options->forwards[0].host_port == 2222);
    CHECK(options->forwards[0].guest_port == 22);
    CHECK(options->forwards[1].udp);
    CHECK(!parse_network_options("none")->user);
    CHECK(refusal("usr").find("'usr' is no kind of network") != std::string::npos);
    CHECK(refusal("").find("or none") != std::string::npos);
    CHECK(refusal("user,speed=1").find("'speed=1'") != std::string::npos);
    CHECK(refusal("user,forward=icmp:1:2").find("expected forward=tcp:HOSTPORT:GUESTPORT") != std::string::npos);
    CHECK(refusal("user,forward=tcp:0:2").find("'0' is no port number") != std::string::npos);
    CHECK(refusal("user,forward=tcp:1:70000").find("'70000'") != std::string::npos);
    CHECK(refusal("user,forward=tcp:1").find("''") != std::string::npos);
    CHECK(refusal("none,forward=tcp:1:2").find("none has no options") != std::string::npos);
}
