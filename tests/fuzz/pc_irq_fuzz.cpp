// The interrupt controllers of a PC.
#include "devices/irq/i8259.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

TEST_CASE("the 8259 pair survives random accesses, moving wires and acknowledges") {
    FakeBus bus;
    FakeIrqSink irq;
    I8259Pair pic("pic", irq.line());
    // All six ports in one window.
    struct Ports final : IoHandler {
        explicit Ports(I8259Pair& pair) : chips{&pair.master_ports(), &pair.slave_ports(), &pair.elcr_ports()} {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width width) override { return chips[offset / 2]->read(offset % 2, width); }
        void write(u64 offset, u64 value, Width width) override { chips[offset / 2]->write(offset % 2, value, width); }
        IoHandler* chips[3];
    } ports(pic);
    const auto outside = [&](FuzzRandom& random) {
        pic.set_irq(static_cast<u32>(random.one_in(8) ? random.edge() : random.below(16)), random.one_in(2));
        if (random.one_in(2)) pic.acknowledge();
    };
    fuzz_device(bus, ports, 6,
                {.values = {0x11, 0x13, 0x19, 0x04, 0x02, 0x01, 0x03, 0x1f, 0x20, 0x60, 0xa0, 0xc0, 0x0c, 0x68, 0x0b},
                 .component = &pic,
                 .outside = outside});
}
