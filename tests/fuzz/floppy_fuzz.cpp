#include <cstring>

#include "devices/storage/floppy.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/fuzz/together.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_disk.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// The controller's ports, then the DMA's, in one window.
class AllPorts final : public IoHandler {
public:
    static constexpr u64 window_size_bytes = 0x48;
    AllPorts(FloppyController& floppy, Dma8237& dma) : floppy_(floppy), dma_(dma) {}
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64 offset, Width) override {
        const auto [handler, at] = place(offset);
        return handler.read(at, Width::byte);
    }
    void write(u64 offset, u64 value, Width) override {
        const auto [handler, at] = place(offset);
        handler.write(at, value, Width::byte);
    }

private:
    struct Place {
        IoHandler& handler;
        u64 at;
    };
    Place place(u64 offset) {
        if (offset < 0x07) return {floppy_.registers(), offset};
        if (offset < 0x08) return {floppy_.input(), 0};
        if (offset < 0x18) return {dma_.first(), offset - 0x08};
        if (offset < 0x38) return {dma_.second(), offset - 0x18};
        return {dma_.pages(), offset - 0x38};
    }
    FloppyController& floppy_;
    Dma8237& dma_;
};

struct Rig {
    FakeBus bus;
    FakeIrqSink irq;
    std::unique_ptr<Ram> low = Ram::create("low", 1 * MiB).value();
    MemoryDisk big{2880}, small{720}, locked{2880, true};
    Dma8237 dma{"dma", bus.memory};
    FloppyController floppy{"floppy", {{{true, 80}, {true, 40}, {}, {}}}, bus.clock, irq.line(), dma};
    AllPorts ports{floppy, dma};
    Together all{{&floppy, &dma}};

    Rig() { bus.memory.map({{0}, low->size_bytes(), low.get(), 0, false, nullptr, "low"}).value(); }
    void out(u64 offset, u64 value) { ports.write(offset, value & 0xff, Width::byte); }

    // Out of reset, a channel that is mostly right, and a whole command, for chance alone would seldom finish one.
    void go(FuzzRandom& random) {
        static constexpr u8 codes[] = {0x42, 0x03, 0x04, 0x45, 0xc5, 0x46, 0xe6, 0x07, 0x08, 0x49, 0x4a,
                                       0x4c, 0x4d, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x94, 0x56, 0xcf, 0x8f};
        if (random.one_in(8)) out(2, 0);
        out(2, 0x1c);
        out(7, random.one_in(4) ? random.below(4) : 0);
        bus.advance(FloppyController::delay_ns);
        for (u32 i = 0; i < 16; ++i) ports.read(5, Width::byte);
        out(0x08 + 0xc, 0);
        out(0x08 + 0xb, random.one_in(4) ? random.next() : (random.one_in(2) ? 0x46 : 0x4a));
        for (u32 i = 0; i < 2; ++i) out(0x08 + 4, random.next());
        out(0x08 + 5, random.next());
        out(0x08 + 5, random.below(8));
        out(0x38 + 1, random.one_in(8) ? random.next() : random.below(16));
        out(0x18 + 0x16, 0xc0);
        out(0x18 + 0x14, 0);
        out(0x08 + 0xa, random.one_in(8) ? 6 : 2);
        const u8 code = codes[random.below(std::size(codes))];
        const u8 rest[] = {static_cast<u8>(random.one_in(4) ? random.next() : random.below(2) * 4),
                           static_cast<u8>(random.below(3)),
                           static_cast<u8>(random.below(2)),
                           static_cast<u8>(random.below(19)),
                           static_cast<u8>(random.one_in(8) ? random.next() : 2),
                           static_cast<u8>(random.one_in(4) ? random.next() : 18),
                           27,
                           0xff};
        out(5, code);
        for (const u8 byte : rest) out(5, byte);
        for (u32 i = 0; i < 4; ++i) {
            bus.advance(FloppyController::delay_ns);
            const u64 bytes = random.below(600);
            for (u64 k = 0; k < bytes; ++k) random.one_in(2) ? out(5, k) : void(ports.read(5, Width::byte));
        }
    }
};

} // namespace

TEST_CASE("the floppy controller and the DMA survive random commands") {
    Rig rig;
    const auto outside = [&](FuzzRandom& random) {
        Disk* const disks[] = {nullptr, &rig.big, &rig.small, &rig.locked};
        if (random.one_in(16)) rig.floppy.change_disk(static_cast<u32>(random.below(4)), disks[random.below(4)]);
        if (random.one_in(32)) rig.big.fail = random.one_in(2);
        if (random.one_in(4)) rig.go(random);
    };
    fuzz_device(rig.bus, rig.ports, AllPorts::window_size_bytes,
                {.offsets = {2, 4, 5, 5, 5, 7, 0x10, 0x12, 0x13, 0x14, 0x2c, 0x2e},
                 .values = {0x00, 0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x0f, 0x13, 0x1c, 0x45, 0x46, 0x4a, 0x4d, 0x80},
                 .component = &rig.all,
                 .outside = outside});
}
