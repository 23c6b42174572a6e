// Drivers that break the rules: each breach ends in DEVICE_NEEDS_RESET, and nothing worse.
#include <chrono>
#include <random>

#include "devices/virtio/block.hpp"
#include "devices/virtio/console.hpp"
#include "devices/virtio/net.hpp"
#include "devices/virtio/rng.hpp"
#include "machine/fabric/log.hpp"
#include "tests/unit/virtio/harness.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// What guests do wrong is told on the log; here it would only be noise.
struct Quiet {
    Quiet() {
        log::set_sink([](log::Level, std::string_view) {});
    }
    ~Quiet() { log::set_sink({}); }
};

struct Rig {
    Board board;
    MemoryDisk disk{128};
    VirtioBlock block{"disk0", board.wiring(), disk, "disk"};
    MmioTransport transport{board, &block};
    std::unique_ptr<DriverQueue> queue;
    Rig() { start(); }
    void start(u64 features = ~u64{0}) {
        transport.start_features(features);
        queue = std::make_unique<DriverQueue>(board, transport, 0, 16, ring_at);
        transport.start();
        board.put<u32>(header_at, 0);
        board.put<u64>(header_at + 8, 0);
    }
    void notify() { transport.notify(0); }
    bool broken() { return (transport.status() & VirtioDevice::device_needs_reset) != 0; }
    // Broken, the driver told so, and a device that works again after a reset.
    void check_broken_and_recovers() {
        REQUIRE(broken());
        CHECK(transport.acknowledge() == VirtioDevice::config_changed);
        queue->add(0, {{header_at, 16, false}, {data_at, 512, true}, {status_at, 1, true}});
        notify();
        CHECK(queue->used_index() == 0);
        std::memset(board.ram->host() + (ring_at - ram_base.value), 0, 0x1000);
        start();
        CHECK(!broken());
        queue->add(0, {{header_at, 16, false}, {data_at, 512, true}, {status_at, 1, true}});
        notify();
        CHECK(queue->used_index() == 1);
    }
};

constexpr u16 next = DriverQueue::next, indirect = DriverQueue::indirect;

} // namespace

TEST_CASE("a chain that loops needs a reset", "[virtio]") {
    Rig rig;
    rig.queue->descriptor(rig.queue->descriptors, 0, header_at, 16, next, 1);
    rig.queue->descriptor(rig.queue->descriptors, 1, data_at, 512, next, 0);
    rig.queue->offer(0);
    rig.notify();
    rig.check_broken_and_recovers();
}

TEST_CASE("descriptors and heads beyond the table need a reset", "[virtio]") {
    Rig rig;
    SECTION("the head") { rig.queue->offer(16); }
    SECTION("a link") {
        rig.queue->descriptor(rig.queue->descriptors, 0, header_at, 16, next, 16);
        rig.queue->offer(0);
    }
    SECTION("more requests than the ring has") { rig.board.put<u16>(rig.queue->available + 2, 17); }
    rig.notify();
    rig.check_broken_and_recovers();
}

TEST_CASE("buffers that can't be used need a reset", "[virtio]") {
    Rig rig;
    SECTION("empty") { rig.queue->add(0, {{header_at, 16, false}, {data_at, 0, true}, {status_at, 1, true}}); }
    SECTION("outside memory") { rig.queue->add(0, {{0x1000, 16, false}, {status_at, 1, true}}); }
    SECTION("a device's registers") {
        rig.queue->add(0, {{header_at, 16, false}, {MmioTransport::base, 512, true}, {status_at, 1, true}});
    }
    SECTION("across the end of memory") {
        rig.queue->add(0, {{header_at, 16, false}, {ram_base.value + ram_bytes - 256, 512, true}});
    }
    SECTION("around the end of the address space") { rig.queue->add(0, {{~u64{0} - 8, 16, false}}); }
    SECTION("readable after writable") { rig.queue->add(0, {{status_at, 1, true}, {header_at, 16, false}}); }
    SECTION("no header") { rig.queue->add(0, {{status_at, 1, true}}); }
    SECTION("no status") { rig.queue->add(0, {{header_at, 16, false}}); }
    rig.notify();
    rig.check_broken_and_recovers();
}

TEST_CASE("misused indirect descriptors need a reset", "[virtio]") {
    Rig rig;
    const u64 table = ram_base.value + 0x50000;
    const auto head = [&](u64 at, u32 size, u16 flags) {
        rig.queue->descriptor(rig.queue->descriptors, 0, at, size, flags, 1);
    };
    SECTION("in one another") {
        rig.queue->descriptor(table, 0, table, 16, indirect, 0);
        head(table, 16, indirect);
    }
    SECTION("with a link") { head(table, 16, indirect | next); }
    SECTION("of half a descriptor") { head(table, 24, indirect); }
    SECTION("empty") { head(table, 0, indirect); }
    SECTION("outside memory") { head(0x1000, 16, indirect); }
    SECTION("of 256 million that loop") {
        for (u16 i = 0; i < 4; ++i) rig.queue->descriptor(table, i, data_at, 1, next, static_cast<u16>((i + 1) % 4));
        head(table, 0xffff'fff0, indirect);
    }
    SECTION("that were not negotiated") {
        rig.start(virtio::feature_version_1);
        rig.queue->descriptor(table, 0, header_at, 16, 0, 0);
        head(table, 16, indirect);
    }
    rig.queue->offer(0);
    rig.notify();
    rig.check_broken_and_recovers();
}

TEST_CASE("rings in impossible places need a reset", "[virtio]") {
    Rig rig;
    const auto set = [&](u16 size, u64 descriptors, u64 available, u64 used) {
        rig.transport.set_queue(0, size, descriptors, available, used);
    };
    const u64 good = ram_base.value;
    SECTION("size 0") { set(0, good, good + 0x1000, good + 0x2000); }
    SECTION("size 3") { set(3, good, good + 0x1000, good + 0x2000); }
    SECTION("too large") { set(512, good, good + 0x4000, good + 0x8000); }
    SECTION("misaligned") { set(16, good + 8, good + 0x1000, good + 0x2000); }
    SECTION("descriptors outside memory") { set(16, 0, good + 0x1000, good + 0x2000); }
    SECTION("a ring across the end of memory") { set(16, good, good + 0x1000, good + ram_bytes - 8); }
    SECTION("a ring at the end of the address space") { set(16, good, ~u64{0} - 1, good); }
    rig.notify();
    REQUIRE(rig.broken());
}

TEST_CASE("nothing is done before the driver is ready, or for queues that don't exist", "[virtio]") {
    Quiet quiet;
    Rig rig;
    rig.transport.set_status(0);
    rig.transport.start_features(~u64{0});
    DriverQueue queue(rig.board, rig.transport, 0, 16, ring_at);
    queue.add(0, {{header_at, 16, false}, {status_at, 1, true}});
    rig.board.put<u16>(queue.used + 2, 0);
    rig.notify();
    CHECK(queue.used_index() == 0);
    rig.transport.notify(7);
    rig.transport.notify(0xffff);
    CHECK(!rig.broken());
}

namespace {

class NoWire final : public NetworkBackend {
public:
    void send(std::span<const u8>) override {}
};

// Rings half plausible and half noise, then notifications and register noise; state must stay restorable throughout.
template <typename T> void fuzz(u64 seed, std::chrono::milliseconds time) {
    std::mt19937_64 random(seed);
    const auto pick = [&](u64 below) { return random() % below; };
    Board board;
    MemoryDisk disk(2048);
    NoWire wire;
    NullCharacterBackend terminal;
    SeededEntropy entropy(1);
    VirtioMmio parking("parking", IrqLine(board.irqs, 0), nullptr); // the transport between two rounds
    std::vector<std::unique_ptr<VirtioDevice>> devices;
    devices.push_back(std::make_unique<VirtioBlock>("disk", board.wiring(), disk, "x"));
    auto net = std::make_unique<VirtioNet>("net", board.wiring(), wire, MacAddress{});
    VirtioNet& network = *net;
    devices.push_back(std::move(net));
    devices.push_back(std::make_unique<VirtioConsole>("console", board.wiring(), terminal));
    devices.push_back(std::make_unique<VirtioRng>("rng", board.wiring(), entropy));
    const auto address = [&]() -> u64 {
        switch (pick(8)) {
        case 0:
            return random();
        case 1:
            return ram_base.value + ram_bytes - pick(4096);
        default:
            return ram_base.value + pick(ram_bytes) / 16 * 16;
        }
    };
    u64 resets = 0, completed = 0;
    const auto end = std::chrono::steady_clock::now() + time;
    for (std::size_t which = 0; std::chrono::steady_clock::now() < end; which = (which + 1) % devices.size()) {
        VirtioDevice& device = *devices[which];
        {
            T transport(board, &device);
            for (u32 round = 0; round < 20; ++round) {
                transport.start_features(random() | virtio::feature_version_1);
                std::vector<DriverQueue> queues;
                for (u16 q = 0; q < device.queue_count(); ++q) {
                    const u16 size = static_cast<u16>(u64{1} << pick(6));
                    const u64 at = pick(10) == 0 ? address() : ram_base.value + 0x1000 * (q + 1U);
                    std::memset(board.ram->host() + 0x1000 * (q + 1U), 0, 0x1000);
                    if (at >= ram_base.value + 0x1000 && at < ram_base.value + ram_bytes - 0x2000)
                        queues.emplace_back(board, transport, q, size, at);
                    else
                        transport.set_queue(q, size, at, address(), address());
                }
                transport.start();
                for (u32 step = 0; step < 20; ++step) {
                    for (DriverQueue& queue : queues) {
                        for (u16 i = 0; i < queue.size; ++i) {
                            const u32 size = static_cast<u32>(pick(6) == 0 ? random() : pick(2048));
                            const u16 flags = static_cast<u16>(pick(20) == 0 ? random() : pick(4));
                            queue.descriptor(queue.descriptors, i, address(), size, flags,
                                             static_cast<u16>(pick(10) == 0 ? random() : pick(queue.size)));
                        }
                        // A block header that may be understood.
                        board.put<u32>(header_at, static_cast<u32>(pick(16)));
                        board.put<u64>(header_at + 8, pick(4000));
                        if (pick(2) == 0)
                            queue.add(0, {{header_at, 16, false},
                                          {data_at, static_cast<u32>(1 + pick(4096)), true},
                                          {status_at, 1, true}});
                        else
                            queue.offer(static_cast<u16>(pick(queue.size)));
                        if (pick(10) == 0) board.put<u16>(queue.available + 2, static_cast<u16>(random()));
                    }
                    transport.notify(static_cast<u16>(pick(4)));
                    network.receive(std::vector<u8>(pick(1600)));
                    board.clock.run_due(0);
                    transport.acknowledge();
                }
                for (DriverQueue& queue : queues) completed += queue.used_index();
                if (transport.status() & VirtioDevice::device_needs_reset) ++resets;
                const std::vector<u8> before = saved({&device});
                restore(before, {&device});
                REQUIRE(saved({&device}) == before);
            }
            for (u32 i = 0; i < 200; ++i) {
                if constexpr (std::is_same_v<T, MmioTransport>)
                    board.memory.write({MmioTransport::base + pick(0x140) / 4 * 4}, random(), Width::word);
                else
                    board.memory.write({PciTransport::bar + pick(0x4000) / 4 * 4}, random(), Width::word);
            }
            if constexpr (std::is_same_v<T, MmioTransport>) board.memory.unmap({MmioTransport::base});
            device.reset();
        }
        device.attach(parking);
    }
    CHECK(resets > 0);
    CHECK(completed > 0);
}

} // namespace

TEST_CASE("random rings break nothing over virtio-mmio", "[virtio][fuzz]") {
    Quiet quiet;
    fuzz<MmioTransport>(1, std::chrono::milliseconds(2000));
}

TEST_CASE("random rings break nothing over virtio-pci", "[virtio][fuzz]") {
    Quiet quiet;
    fuzz<PciTransport>(2, std::chrono::milliseconds(2000));
}

TEST_CASE("a console's receive buffer without room needs a reset", "[virtio]") {
    Quiet quiet;
    Board board;
    NullCharacterBackend terminal;
    VirtioConsole console("console", board.wiring(), terminal);
    MmioTransport transport(board, &console);
    transport.start_features(~u64{0});
    DriverQueue queue(board, transport, 0, 8, ring_at);
    transport.start();
    queue.add(0, {{data_at, 16, false}});
    const std::array<u8, 4> typed{'a', 'b', 'c', 'd'};
    CHECK(console.receive(typed) == 0);
    CHECK((transport.status() & VirtioDevice::device_needs_reset) != 0);
}
