// The interrupt controllers of a PC.
#include "devices/irq/coprocessor_error.hpp"
#include "devices/irq/i8259.hpp"
#include "devices/irq/io_apic.hpp"
#include "devices/irq/local_apic.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// Two CPUs' local APICs, an I/O APIC and 8259s behind an ExtINT.
struct Apics {
    explicit Apics(FakeBus& machine) : bus(machine) {}
    // What CPUs and wires do meanwhile.
    void outside(FuzzRandom& random) {
        LocalApic& apic = random.one_in(2) ? first : second;
        const u32 indices[] = {0x1b, 0x6e0, 0x800 + static_cast<u32>(random.below(64)),
                               static_cast<u32>(random.edge())};
        const u64 values[] = {0xfee0'0000 | random.below(16) << 8, random.edge(), random.below(0x8'0000),
                              random.next()};
        apic.write_msr(indices[random.below(4)], values[random.below(4)]);
        static_cast<void>(apic.read_msr(indices[random.below(4)]));
        if (random.one_in(2)) apic.acknowledge();
        apic.set_task_priority(static_cast<u8>(random.next()));
        if (random.one_in(8)) apic.set_tsc_offset(random.edge());
        apic.set_irq(static_cast<u32>(random.below(5)), random.one_in(2));
        io_apic.set_irq(static_cast<u32>(random.below(26)), random.one_in(2));
        messages.message(GuestPhysical{0xfee0'0000 | random.below(1 * MiB)}, static_cast<u32>(random.next()));
        if (random.one_in(4)) apic.write(0xf0, 0x1ff, Width::word);
    }

    FakeBus& bus;
    InterruptBus messages;
    I8259Pair pic{"pic", {}};
    LocalApic first{"apic0", {.id = 0}, {bus.lock, bus.clock, messages, &pic}};
    LocalApic second{"apic1", {.id = 1, .bootstrap = false}, {bus.lock, bus.clock, messages, &pic}};
    IoApic io_apic{"ioapic", {}, messages};
};

} // namespace

TEST_CASE("the local APIC survives random registers, MSRs, messages and pins") {
    FakeBus bus;
    Apics apics(bus);
    fuzz_device(
        bus, apics.first, LocalApic::window_size_bytes,
        {.offsets = {0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x360, 0x370, 0x380, 0x3e0},
         .values = {0x1ff, 0xff, 0x2'0040, 0x4'0040, 0x8044, 0x700, 0xc'4500, 0x4'4031, 1, 0x0b, 0x1'0000},
         .component = &apics.first,
         .outside = [&](FuzzRandom& random) { apics.outside(random); }});
}

TEST_CASE("the I/O APIC survives random entries, wires and ends of interrupts") {
    FakeBus bus;
    Apics apics(bus);
    fuzz_device(bus, apics.io_apic, IoApic::window_size_bytes,
                {.offsets = {0x00, 0x10, 0x10, 0x40},
                 .values = {0, 1, 2, 0x10, 0x11, 0x12, 0x13, 0x3e, 0x3f, 0x8041, 0xa041, 0x41, 0xff00'0000, 0x1'0000},
                 .component = &apics.io_apic,
                 .outside = [&](FuzzRandom& random) { apics.outside(random); }});
}

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

TEST_CASE("the coprocessor error register survives random accesses and reports") {
    FakeBus bus;
    FakeIrqSink pins;
    CoprocessorError chip("coprocessor-error", pins.line(13), pins.line(0));
    fuzz_device(bus, chip, CoprocessorError::ports_size_bytes, {.component = &chip, .outside = [&](FuzzRandom& random) {
                                                                    if (random.one_in(4)) chip.report();
                                                                }});
}
