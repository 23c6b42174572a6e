// The network device, the console and the entropy device.
#include "devices/virtio/console.hpp"
#include "devices/virtio/net.hpp"
#include "devices/virtio/rng.hpp"
#include "tests/unit/virtio/harness.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

class Wire final : public NetworkBackend {
public:
    void send(std::span<const u8> frame) override { sent.emplace_back(frame.begin(), frame.end()); }
    std::vector<std::vector<u8>> sent;
};

class Terminal final : public CharacterBackend {
public:
    void write(std::span<const u8> characters) override { shown.append(characters.begin(), characters.end()); }
    void resume_input() override { ++resumed; }
    std::string shown;
    u32 resumed = 0;
};

template <typename T> struct NetRig {
    Board board;
    Wire wire;
    VirtioNet net{"net0", board.wiring(), wire, {0x52, 0x54, 0, 0x12, 0x34, 0x56}};
    T transport{board, &net};
    std::unique_ptr<DriverQueue> rx, tx;
    NetRig() {
        transport.start_features(~u64{0});
        rx = std::make_unique<DriverQueue>(board, transport, 0, 8, ring_at);
        tx = std::make_unique<DriverQueue>(board, transport, 1, 8, second_ring_at);
        transport.start();
    }
};

std::vector<u8> frame_of(std::size_t size, u8 seed) {
    std::vector<u8> frame(size);
    for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<u8>(seed + i);
    return frame;
}

} // namespace

TEMPLATE_TEST_CASE("a network device sends what follows the header", "[virtio]", MmioTransport, PciTransport) {
    NetRig<TestType> rig;
    CHECK(rig.transport.config(0, Width::byte) == 0x52);
    CHECK(rig.transport.config(5, Width::byte) == 0x56);
    CHECK(rig.transport.config(6, Width::half) == 1);
    for (u64 i = 0; i < 100; ++i) rig.board.template put<u8>(data_at + i, static_cast<u8>(i));
    rig.tx->add(0, {{header_at, 12, false}, {data_at, 100, false}});
    rig.tx->add(2, {{header_at, 12, false}, {data_at, 5, false}});    // shorter than a header
    rig.tx->add(4, {{header_at, 12, false}, {data_at, 9000, false}}); // longer than the wire takes
    rig.transport.notify(1);
    CHECK(rig.tx->used_index() == 3);
    REQUIRE(rig.wire.sent.size() == 1);
    CHECK(rig.wire.sent[0].size() == 100);
    CHECK(rig.wire.sent[0][99] == 99);
}

TEMPLATE_TEST_CASE("received frames wait for buffers, and are lost only when many wait", "[virtio]", MmioTransport,
                   PciTransport) {
    NetRig<TestType> rig;
    for (u32 i = 0; i < 300; ++i) rig.net.receive(frame_of(60, static_cast<u8>(i)));
    CHECK(rig.rx->used_index() == 0);
    const std::vector<u8> waiting = saved({&rig.net});
    rig.rx->add(0, {{data_at, 1526, true}});
    rig.transport.notify(0);
    CHECK(rig.rx->used_index() == 1);
    CHECK(rig.rx->used_bytes(0) == 72);
    CHECK(rig.board.template get<u16>(data_at + 10) == 1); // num_buffers
    CHECK(rig.board.template get<u8>(data_at + 12) == 0);
    CHECK(rig.board.irqs.rises == 1);
    // Back to the moment before, and once more.
    const std::vector<u8> after = saved({&rig.net});
    restore(waiting, {&rig.net});
    CHECK(saved({&rig.net}) == waiting);
    restore(after, {&rig.net});
    for (u16 i = 1; i < 300; ++i) {
        rig.rx->add(0, {{data_at, 1526, true}});
        rig.transport.notify(0);
        if (rig.rx->used_index() != i + 1) break;
    }
    CHECK(rig.rx->used_index() == 256);
    CHECK(rig.board.template get<u8>(data_at + 12) == 255);
}

TEST_CASE("a frame that its buffer can't hold is dropped", "[virtio]") {
    NetRig<MmioTransport> rig;
    rig.rx->add(0, {{data_at, 40, true}});
    rig.net.receive(frame_of(60, 1));
    CHECK(rig.rx->used_bytes(0) == 0);
    rig.rx->add(1, {{data_at, 30, true}, {data_at + 0x1000, 100, true}});
    rig.net.receive(frame_of(60, 1));
    CHECK(rig.rx->used_bytes(1) == 72);
    CHECK(rig.board.get<u8>(data_at + 0x1000) == 1 + 18);
}

TEMPLATE_TEST_CASE("a console shows what it is sent and takes what fits", "[virtio]", MmioTransport, PciTransport) {
    Board board;
    Terminal terminal;
    VirtioConsole console("console0", board.wiring(), terminal);
    TestType transport(board, &console);
    const std::string typed = "hello world";
    const std::span<const u8> characters(reinterpret_cast<const u8*>(typed.data()), typed.size());
    CHECK(console.receive(characters) == 0);
    transport.start_features(~u64{0});
    DriverQueue rx(board, transport, 0, 8, ring_at), tx(board, transport, 1, 8, second_ring_at);
    transport.start();
    std::memcpy(board.ram->host() + (data_at - ram_base.value), "login: ", 7);
    tx.add(0, {{data_at, 3, false}, {data_at + 3, 4, false}});
    transport.notify(1);
    CHECK(terminal.shown == "login: ");
    CHECK(console.receive(characters) == 0);
    rx.add(0, {{data_at, 4, true}});
    rx.add(1, {{data_at + 4, 4, true}});
    const u32 resumed = terminal.resumed;
    transport.notify(0);
    CHECK(terminal.resumed == resumed + 1);
    CHECK(console.receive(characters) == 8);
    CHECK(std::memcmp(board.ram->host() + (data_at - ram_base.value), "hello wo", 8) == 0);
    CHECK(rx.used_index() == 2);
}

TEMPLATE_TEST_CASE("seeded entropy is the same in every run and part of the state", "[virtio]", MmioTransport,
                   PciTransport) {
    Board board;
    SeededEntropy source(42);
    VirtioRng rng("rng0", board.wiring(), source);
    TestType transport(board, &rng);
    transport.start_features(~u64{0});
    DriverQueue queue(board, transport, 0, 8, ring_at);
    transport.start();
    const auto ask = [&](u64 at) {
        queue.add(0, {{at, 64, true}});
        transport.notify(0);
    };
    const std::vector<u8> state = saved({&rng});
    ask(data_at);
    CHECK(queue.used_bytes(0) == 64);
    ask(data_at + 64);
    const u8* ram = board.ram->host() + (data_at - ram_base.value);
    CHECK(std::memcmp(ram, ram + 64, 64) != 0);
    restore(state, {&rng}); // the queue's position too: the device sees both requests again
    transport.notify(0);
    std::vector<u8> first(64);
    SeededEntropy(42).fill(first);
    std::vector<u8> both(128);
    SeededEntropy again(42);
    again.fill(std::span(both).first(64));
    again.fill(std::span(both).subspan(64));
    CHECK(std::memcmp(ram + 64, both.data() + 64, 64) == 0);
}
