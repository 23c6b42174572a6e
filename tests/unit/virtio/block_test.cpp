#include "devices/virtio/block.hpp"
#include "tests/unit/virtio/harness.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 all_features = ~u64{0};

template <typename T> struct Rig {
    explicit Rig(u64 sectors = 128, bool read_only = false) : disk(sectors, read_only) {}
    Board board;
    MemoryDisk disk;
    VirtioBlock block{"disk0", board.wiring(), disk, "serial-of-the-disk-is-long"};
    T transport{board, &block};
    std::unique_ptr<DriverQueue> queue;

    void start(u64 features = all_features) {
        transport.start_features(features);
        queue = std::make_unique<DriverQueue>(board, transport, 0, 16, ring_at);
        transport.start();
    }
    void header(u32 type, u64 sector) {
        board.put(header_at, type);
        board.put<u32>(header_at + 4, 0);
        board.put(header_at + 8, sector);
        board.put<u8>(status_at, 0xee);
    }
    u8 request(u32 type, u64 sector, std::vector<Buffer> data) {
        header(type, sector);
        data.insert(data.begin(), Buffer{header_at, 16, false});
        data.push_back({status_at, 1, true});
        queue->add(0, data);
        transport.notify(0);
        return board.get<u8>(status_at);
    }
};

} // namespace

TEMPLATE_TEST_CASE("a block device writes and reads sectors", "[virtio]", MmioTransport, PciTransport) {
    Rig<TestType> rig;
    rig.start();
    for (u64 i = 0; i < 1024; ++i) rig.board.template put<u8>(data_at + i, static_cast<u8>(i * 7));
    REQUIRE(rig.request(1, 5, {{data_at, 512, false}, {data_at + 512, 512, false}}) == 0);
    REQUIRE(rig.disk.content[5 * 512 + 600] == static_cast<u8>(600 * 7));
    CHECK(rig.queue->used_index() == 1);
    CHECK(rig.queue->used_bytes(0) == 1);
    CHECK(rig.board.irqs.rises == 1);
    CHECK(rig.transport.acknowledge() == VirtioDevice::queue_used);
    CHECK(std::ranges::none_of(rig.board.irqs.levels, [](bool level) { return level; }));

    REQUIRE(rig.request(0, 5, {{data_at + 4096, 1024, true}}) == 0);
    CHECK(std::memcmp(rig.board.ram->host() + 0x40000, rig.board.ram->host() + 0x41000, 1024) == 0);
    CHECK(rig.queue->used_bytes(1) == 1025);
}

TEMPLATE_TEST_CASE("a block device shows its capacity, features and ID", "[virtio]", MmioTransport, PciTransport) {
    Rig<TestType> rig;
    rig.start();
    CHECK(rig.transport.config(0, Width::word) == 128);
    CHECK(rig.transport.config(20, Width::word) == 512);
    CHECK(rig.transport.queue_size(0) != 0);
    CHECK(rig.transport.queue_size(1) == 0);
    CHECK((rig.transport.features() & virtio::feature_version_1) != 0);
    REQUIRE(rig.request(8, 0, {{data_at, 20, true}}) == 0);
    CHECK(std::memcmp(rig.board.ram->host() + 0x40000, "serial-of-the-disk-i", 20) == 0);
    REQUIRE(rig.request(4, 0, {}) == 0);
    CHECK(rig.disk.flushes == 1);
    CHECK(rig.request(77, 0, {}) == 2);
}

TEST_CASE("a block device answers wrong requests with an error and goes on", "[virtio]") {
    Rig<MmioTransport> rig;
    rig.start();
    CHECK(rig.request(0, 128, {{data_at, 512, true}}) == 1);
    CHECK(rig.request(0, ~u64{0}, {{data_at, 512, true}}) == 1);
    CHECK(rig.request(0, 0, {{data_at, 500, true}}) == 1);
    rig.disk.fail = true;
    CHECK(rig.request(0, 0, {{data_at, 512, true}}) == 1);
    rig.disk.fail = false;
    CHECK(rig.request(0, 127, {{data_at, 512, true}}) == 0);
    CHECK((rig.transport.status() & VirtioDevice::device_needs_reset) == 0);
}

TEST_CASE("a read-only disk says so and refuses to be written", "[virtio]") {
    Rig<MmioTransport> rig(8, true);
    rig.start();
    CHECK((rig.transport.features() & 1U << 5) != 0);
    CHECK(rig.request(1, 0, {{data_at, 512, false}}) == 1);
}

TEST_CASE("discard and write zeroes clear ranges within the disk", "[virtio]") {
    Rig<MmioTransport> rig;
    rig.start();
    std::ranges::fill(rig.disk.content, u8{9});
    rig.board.put<u64>(data_at, 2);
    rig.board.put<u32>(data_at + 8, 3);
    rig.board.put<u32>(data_at + 12, 1);
    CHECK(rig.request(13, 0, {{data_at, 16, false}}) == 0);
    CHECK(rig.disk.content[2 * 512 - 1] == 9);
    CHECK(rig.disk.content[2 * 512] == 0);
    CHECK(rig.disk.content[5 * 512 - 1] == 0);
    CHECK(rig.disk.content[5 * 512] == 9);
    CHECK(rig.request(11, 0, {{data_at, 16, false}}) == 2); // discard knows no flags
    rig.board.put<u64>(data_at, 127);
    CHECK(rig.request(13, 0, {{data_at, 16, false}}) == 1);
    CHECK(rig.request(13, 0, {{data_at, 15, false}}) == 1);
}

TEST_CASE("requests may come by indirect descriptors and framed in any way", "[virtio]") {
    Rig<MmioTransport> rig;
    rig.start();
    rig.disk.content[512] = 0x5a;
    rig.header(0, 1);
    const u64 table = ram_base.value + 0x50000;
    rig.queue->descriptor(table, 0, header_at, 7, DriverQueue::next, 1);
    rig.queue->descriptor(table, 1, header_at + 7, 9, DriverQueue::next, 2);
    rig.queue->descriptor(table, 2, data_at, 500, DriverQueue::next | DriverQueue::write, 3);
    rig.queue->descriptor(table, 3, data_at + 500, 13, DriverQueue::write, 0);
    rig.queue->descriptor(rig.queue->descriptors, 3, table, 64, DriverQueue::indirect, 0);
    rig.queue->offer(3);
    rig.transport.notify(0);
    CHECK(rig.queue->used_head(0) == 3);
    CHECK(rig.queue->used_bytes(0) == 513);
    CHECK(rig.board.get<u8>(data_at) == 0x5a);
    CHECK(rig.board.get<u8>(data_at + 512) == 0);
}

TEST_CASE("with event indices the driver is told only at its mark", "[virtio]") {
    Rig<MmioTransport> rig;
    rig.start();
    rig.board.put<u16>(rig.queue->available + 4 + 32, 2); // used_event: tell me of the third
    const u32 before = rig.board.irqs.rises;
    rig.request(4, 0, {});
    CHECK(rig.board.irqs.rises == before + 1); // the first is always told
    rig.transport.acknowledge();
    rig.request(4, 0, {});
    CHECK(rig.board.irqs.rises == before + 1);
    rig.request(4, 0, {});
    CHECK(rig.board.irqs.rises == before + 2);
    CHECK(rig.board.get<u16>(rig.queue->used + 4 + 128) == 3); // avail_event: tell me of the next
}

TEST_CASE("without event indices the driver's flag silences interrupts", "[virtio]") {
    Rig<MmioTransport> rig;
    rig.start(virtio::feature_version_1);
    rig.board.put<u16>(rig.queue->available, 1);
    rig.request(4, 0, {});
    CHECK(rig.board.irqs.rises == 0);
    rig.board.put<u16>(rig.queue->available, 0);
    rig.request(4, 0, {});
    CHECK(rig.board.irqs.rises == 1);
}

TEST_CASE("xv6, which never writes the upper features, drives the disk", "[virtio]") {
    Rig<MmioTransport> rig;
    CHECK(rig.transport.reg(0x000) == 0x74726976);
    CHECK(rig.transport.reg(0x004) == 2);
    CHECK(rig.transport.reg(0x008) == 2);
    CHECK(rig.transport.reg(0x00c) == 0x554d4551);
    rig.transport.set(0x70, 0);
    rig.transport.set(0x70, 1);
    rig.transport.set(0x70, 3);
    rig.transport.set(0x20, rig.transport.reg(0x10) & ~(1U << 28 | 1U << 29));
    rig.transport.set(0x70, 11);
    REQUIRE((rig.transport.reg(0x70) & 8) != 0);
    rig.queue = std::make_unique<DriverQueue>(rig.board, rig.transport, 0, 8, ring_at);
    rig.transport.set(0x70, 15);
    rig.disk.content[0] = 0x77;
    CHECK(rig.request(0, 0, {{data_at, 1024, true}}) == 0);
    CHECK(rig.board.get<u8>(data_at) == 0x77);
}

TEST_CASE("features that were not offered are refused", "[virtio]") {
    Rig<MmioTransport> rig;
    rig.transport.set_status(3);
    rig.transport.accept(u64{1} << 40);
    rig.transport.set_status(11);
    CHECK((rig.transport.status() & VirtioDevice::features_ok) == 0);
}

TEST_CASE("an empty virtio-mmio slot has device ID 0 and ignores writes", "[virtio]") {
    Board board;
    MmioTransport slot(board, nullptr);
    CHECK(slot.reg(0x000) == 0x74726976);
    CHECK(slot.reg(0x008) == 0);
    slot.set(0x50, 0);
    slot.set(0x70, 0xff);
    CHECK(slot.reg(0x70) == 0);
}

TEST_CASE("the disk is reached through the PCI configuration access capability", "[virtio]") {
    Rig<PciTransport> rig;
    const u64 cap = PciTransport::cfg(rig.transport.config_access);
    rig.board.write(cap + 4, 4, Width::byte);
    rig.board.write(cap + 8, 0x2000, Width::word); // the device configuration
    rig.board.write(cap + 12, 4, Width::word);
    CHECK(rig.board.read(cap + 16, Width::word) == 128);
    rig.board.write(cap + 8, 0x14, Width::word);
    rig.board.write(cap + 12, 1, Width::word);
    rig.board.write(cap + 16, 3, Width::byte);
    CHECK(rig.transport.status() == 3);
    rig.board.write(cap + 8, 0xffff'fff0, Width::word); // outside the BAR: nothing
    rig.board.write(cap + 16, 0, Width::byte);
    CHECK(rig.transport.status() == 3);
}

TEMPLATE_TEST_CASE("the saved state restores to the same bytes and goes on", "[virtio]", MmioTransport, PciTransport) {
    Rig<TestType> rig;
    rig.start();
    rig.disk.content[512] = 0x42;
    // Offered, but not yet notified: in the middle of an operation.
    rig.header(0, 1);
    rig.queue->add(0, {{header_at, 16, false}, {data_at, 512, true}, {status_at, 1, true}});
    Component* transport = nullptr;
    if constexpr (std::is_same_v<TestType, MmioTransport>)
        transport = &rig.transport.mmio;
    else
        transport = &rig.transport.function;
    const std::vector<u8> before = saved({&rig.block, transport});
    rig.block.reset();
    transport->reset();
    CHECK(saved({&rig.block, transport}) != before);
    restore(before, {&rig.block, transport});
    CHECK(saved({&rig.block, transport}) == before);
    if constexpr (std::is_same_v<TestType, PciTransport>) rig.transport.host->restored();
    rig.transport.notify(0);
    CHECK(rig.board.template get<u8>(data_at) == 0x42);
    CHECK(rig.queue->used_index() == 1);
}

TEST_CASE("a queue that always has more work gives the machine a pause", "[virtio]") {
    // Rings that claim the same 256 requests again and again cannot exist; many bytes per request can.
    Rig<MmioTransport> rig(4096);
    rig.start();
    std::vector<Buffer> buffers{{header_at, 16, false}, {data_at, 2 * MiB, true}, {status_at, 1, true}};
    rig.header(0, 0);
    for (u16 i = 0; i < 5; ++i) rig.queue->add(static_cast<u16>(i * 3), buffers);
    // 80 requests of 2 MiB by offering the five chains again within the ring of 16.
    for (u16 i = 5; i < 16; ++i) rig.queue->offer(static_cast<u16>(i % 5 * 3));
    rig.transport.notify(0);
    CHECK(rig.queue->used_index() == 16);
    std::vector<Buffer> huge{{header_at, 16, false}};
    for (u32 i = 0; i < 12; ++i) huge.push_back({data_at, 2 * MiB, true});
    huge.push_back({status_at, 1, true});
    rig.queue->add(0, huge); // 24 MiB each, beyond the disk: an error each, but counted
    for (u16 i = 0; i < 5; ++i) rig.queue->offer(0);
    rig.transport.notify(0);
    CHECK(rig.queue->used_index() == 19);
    CHECK(rig.board.clock.next_deadline_ns() != never_ns);
    const std::vector<u8> state = saved({&rig.block});
    restore(state, {&rig.block});
    rig.board.clock.run_due(0);
    CHECK(rig.queue->used_index() == 22);
}
