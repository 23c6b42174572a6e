#include "devices/display/vga/vga_pci.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/vga_modes.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// All that reaches the VGA, one after another: its ports, the dispi ports, the card's registers, the window.
struct Everything final : IoHandler {
    Everything(Vga& wrapped, IoHandler& register_bar) : vga(wrapped), bar(register_bar) {}
    static constexpr u64 dispi_at = 0x40, bar_at = 0x1000, window_at = 0x2'0000, size_bytes = 0x4'0000;

    u64 read(u64 offset, Width width) override {
        u64 value = 0;
        for (u64 i = 0; i < bytes(width); ++i)
            value |= part(offset + i).first->read(part(offset + i).second, Width::byte) << i * 8;
        return value;
    }
    void write(u64 offset, u64 value, Width width) override {
        if (offset >= bar_at && offset < window_at && width == Width::half)
            bar.write(offset % 0x1000, value & 0xffff, width);
        else
            for (u64 i = 0; i < bytes(width); ++i)
                part(offset + i).first->write(part(offset + i).second, value >> i * 8 & 0xff, Width::byte);
    }
    std::pair<IoHandler*, u64> part(u64 offset) {
        if (offset < 0x10) return {&vga.mono_ports(), offset % Vga::mono_bytes};
        if (offset < dispi_at) return {&vga.ports(), (offset - 0x10) % Vga::ports_bytes};
        if (offset < bar_at) return {&vga.dispi_ports(), offset % Vga::dispi_bytes};
        if (offset < window_at) return {&bar, offset % 0x1000};
        return {&vga.window(), offset - window_at};
    }
    Vga& vga;
    IoHandler& bar;
};

void run(u64 video_memory_bytes, bool from_mode_12) {
    VgaBench bench(video_memory_bytes);
    if (from_mode_12) bench.set_mode(mode_12);
    VgaPci card("card", bench.vga);
    card.write_config(0x18, 0xf000'0000, Width::word);
    card.write_config(0x04, 0x0002, Width::word);
    Everything all(bench.vga, *card.enabled_windows().at(1).handler);
    Image image;
    const auto draw = [&](FuzzRandom& random) {
        const auto picture = bench.vga.capture(random.below(4));
        if (!picture || random.one_in(2)) return;
        picture->draw(image);
        REQUIRE(image.width <= 2560);
        REQUIRE(image.height <= 1600);
        REQUIRE(image.pixels.size() == std::size_t{image.width} * image.height);
    };
    fuzz_device(
        bench, all, Everything::size_bytes,
        {.accesses = 20'000,
         .offsets = {0x10, 0x14, 0x15, 0x1e, 0x1f, 0x24, 0x25, 0x2a, 0x1502, 0x1504, 0x1506, 0x1508, 0x150a, 0x150c},
         .values = {0x20, 0x0e02, 0x41, 0x61, 0xc1, 2560, 1600, 640, 32, 4, 24, 0xffff, 0x0506, 0x0105, 0x3f11},
         .component = &bench.vga,
         .outside = draw});
}

} // namespace

TEST_CASE("the VGA survives random registers and window accesses, and anything it is asked to draw") {
    run(16 * MiB, false);
    run(256 * KiB, true);
}
