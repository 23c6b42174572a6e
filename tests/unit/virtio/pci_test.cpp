#include <random>

#include "devices/pci/host.hpp"
#include "machine/fabric/log.hpp"
#include "tests/unit/virtio/harness.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

class Registers final : public IoHandler {
public:
    explicit Registers(u64 tag) : tag_(tag) {}
    u64 read(u64 offset, Width) override { return tag_ + offset; }
    void write(u64, u64, Width) override {}

private:
    u64 tag_;
};

class Card final : public PciDevice {
public:
    explicit Card(std::string name, u64 tag)
        : PciDevice(std::move(name), {.vendor_id = 0x1234, .device_id = 0x5678, .class_code = 0x020000}),
          registers(tag) {
        add_bar(0, PciBarKind::memory32, 0x1000, registers);
        add_bar(1, PciBarKind::io, 0x20, registers);
        add_bar(2, PciBarKind::memory64, 0x10000, registers, true);
        use_interrupt_pin(1);
    }
    void interrupt(bool level) { set_interrupt_pending(level); }
    Registers registers;
};

struct Counter final : public MemoryListener {
    void mapping_changed() override { ++changes; }
    void tracked_page_written(Ram&, u64, u64) override {}
    u32 changes = 0;
};

struct Rig {
    Board board;
    Card first{"first", 0x100000}, second{"second", 0x200000};
    std::unique_ptr<PciHost> host;
    Rig() {
        std::array<IrqLine, 4> lines;
        for (u32 i = 0; i < 4; ++i) lines[i] = IrqLine(board.irqs, i);
        host = std::move(*PciHost::create("pci", board.memory, pci_layout, lines));
        REQUIRE(host->add(first, 1));
        REQUIRE(host->add(second, 5));
    }
    static u64 at(u32 slot, u32 offset) { return pci_layout.ecam.base.value + (u64{slot} << 15) + offset; }
    u32 get(u32 slot, u32 offset, Width width = Width::word) {
        return static_cast<u32>(board.read(at(slot, offset), width));
    }
    void set(u32 slot, u32 offset, u32 value, Width width = Width::word) {
        board.write(at(slot, offset), value, width);
    }
};

} // namespace

TEST_CASE("a scan of the bus finds the bridge and the devices, and nothing else", "[pci]") {
    Rig rig;
    CHECK(rig.get(0, 0) == 0x00081b36);
    CHECK(rig.get(0, 8) == 0x06000000);
    CHECK(rig.get(1, 0) == 0x56781234);
    CHECK(rig.get(5, 10, Width::half) == 0x0200);
    CHECK(rig.get(2, 0) == 0xffffffff);
    CHECK(rig.get(1, 0x1000) == 0xffffffff);    // function 1
    CHECK(rig.get(1, 0x10'0000) == 0xffffffff); // bus 1
    CHECK(rig.get(1, 0x100) == 0);              // no extended capabilities
    rig.set(1, 0, 0xdeadbeef);
    CHECK(rig.get(1, 0) == 0x56781234);
    CHECK(!rig.host->add(rig.first, 5));
    CHECK(!rig.host->add(rig.first, 32));
}

TEST_CASE("BARs tell their size and kind as Linux asks", "[pci]") {
    Rig rig;
    for (u32 bar : {0x10U, 0x14U, 0x18U, 0x1cU}) rig.set(1, bar, 0xffffffff);
    CHECK(rig.get(1, 0x10) == 0xfffff000);
    CHECK(rig.get(1, 0x14) == 0xffffffe1);
    CHECK(rig.get(1, 0x18) == 0xffff000c);
    CHECK(rig.get(1, 0x1c) == 0xffffffff);
    CHECK(rig.get(1, 0x20) == 0);
    rig.set(1, 0x20, 0xffffffff);
    CHECK(rig.get(1, 0x20) == 0);
    rig.set(1, 4, 0xffff, Width::half);
    CHECK(rig.get(1, 4, Width::half) == 0x407); // I/O, memory, bus master, interrupt disable
}

TEST_CASE("a BAR answers at its address while decoding is enabled", "[pci]") {
    Rig rig;
    rig.set(1, 0x10, 0x40001000);
    rig.set(1, 0x14, 0x1000);
    rig.set(1, 0x18, 0x00010000);
    rig.set(1, 0x1c, 0x6);
    CHECK(rig.board.read(0x40001004, Width::word) == 0xffffffff);
    rig.set(1, 4, 3, Width::half);
    CHECK(rig.board.read(0x40001004, Width::word) == 0x100004);
    CHECK(rig.board.read(0x3001010, Width::word) == 0x100010);
    CHECK(rig.board.read(0x6'0001'0008, Width::word) == 0x100008);
    CHECK(rig.board.read(0x40000ffc, Width::word) == 0xffffffff);
    rig.set(1, 0x10, 0x7ffff000);
    CHECK(rig.board.read(0x40001004, Width::word) == 0xffffffff);
    CHECK(rig.board.read(0x7ffffffc, Width::word) == 0x100ffc);
    rig.set(1, 4, 0, Width::half);
    CHECK(rig.board.read(0x7ffffffc, Width::word) == 0xffffffff);
}

TEST_CASE("the map changes only when a decoded BAR moves", "[pci]") {
    Rig rig;
    Counter counter;
    rig.board.memory.add_listener(counter);
    rig.set(1, 0x10, 0xffffffff);
    rig.set(1, 0x10, 0x40001000);
    rig.set(1, 0x3c, 7, Width::byte);
    CHECK(counter.changes == 0);
    rig.set(1, 4, 2, Width::half);
    CHECK(counter.changes != 0);
    counter.changes = 0;
    rig.set(1, 4, 6, Width::half);
    rig.set(1, 0x10, 0x40001000);
    CHECK(counter.changes == 0);
    rig.board.memory.remove_listener(counter);
}

TEST_CASE("the first of two overlapping BARs wins, and the other answers once it moves", "[pci]") {
    Rig rig;
    for (u32 slot : {1U, 5U}) {
        rig.set(slot, 0x10, 0x40000000);
        rig.set(slot, 4, 2, Width::half);
    }
    CHECK(rig.board.read(0x40000000, Width::word) == 0x100000);
    rig.set(5, 0x10, 0x40001000);
    CHECK(rig.board.read(0x40001000, Width::word) == 0x200000);
    rig.set(1, 0x10, 0x80000000); // on RAM: outside the windows, so nowhere
    CHECK(rig.board.read(0x40000000, Width::word) == 0xffffffff);
    rig.board.put<u32>(0x80000000, 99);
    CHECK(rig.board.read(0x80000000, Width::word) == 99);
}

TEST_CASE("interrupt pins are swizzled by slot and shared", "[pci]") {
    Rig rig; // slots 1 and 5 share line 1
    rig.first.interrupt(true);
    CHECK(rig.board.irqs.levels[1]);
    rig.second.interrupt(true);
    rig.first.interrupt(false);
    CHECK(rig.board.irqs.levels[1]);
    CHECK((rig.get(5, 6, Width::half) & 8) != 0);
    rig.set(5, 4, 0x400, Width::half);
    CHECK(!rig.board.irqs.levels[1]);
    rig.set(5, 4, 0, Width::half);
    CHECK(rig.board.irqs.levels[1]);
    rig.second.reset();
    CHECK(!rig.board.irqs.levels[1]);
    CHECK(rig.board.irqs.rises == 2);
}

TEST_CASE("restored devices are mapped again and raise no edge", "[pci]") {
    Rig rig;
    rig.set(1, 0x10, 0x40003000);
    rig.set(1, 4, 2, Width::half);
    rig.first.interrupt(true);
    const std::vector<u8> state = saved({&*rig.host, &rig.first, &rig.second});
    rig.first.reset();
    CHECK(rig.board.read(0x40003000, Width::word) == 0xffffffff);
    const u32 rises = rig.board.irqs.rises;
    restore(state, {&*rig.host, &rig.first, &rig.second});
    CHECK(saved({&*rig.host, &rig.first, &rig.second}) == state);
    CHECK(rig.board.read(0x40003000, Width::word) == 0x100000);
    CHECK(rig.board.irqs.rises == rises);
    rig.first.interrupt(false);
    CHECK(!rig.board.irqs.levels[1]);
}

TEST_CASE("random configuration writes keep the map whole", "[pci][fuzz]") {
    log::set_sink([](log::Level, std::string_view) {});
    Rig rig;
    std::mt19937_64 random(3);
    for (u32 i = 0; i < 3000; ++i) {
        const u32 slot = random() % 2 ? 1 : 5;
        const u32 offset = static_cast<u32>(random() % 2 ? 0x10 + random() % 8 * 4 : random() % 64 * 4);
        const u32 value = static_cast<u32>(random() % 2 ? random() : 0x40000000 + (random() % 16 << 12));
        rig.set(slot, offset, value);
        if (i % 8 == 0) rig.set(slot, 4, 3, Width::half);
    }
    log::set_sink({});
    u64 covered = 0;
    for (const Window& window : rig.board.memory.view()->windows)
        if (window.base.value >= 0x40000000 && window.base.value < 0x80000000) covered += window.size_bytes;
    CHECK(covered == 0x40000000);
}
