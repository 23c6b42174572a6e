#include "devices/firmware/fw_cfg.hpp"
#include "devices/firmware/test_finisher.hpp"
#include "devices/irq/plic.hpp"
#include "devices/rtc/goldfish_rtc.hpp"
#include "devices/serial/uart16550.hpp"
#include "devices/storage/pflash.hpp"
#include "devices/timer/aclint.hpp"
#include "tests/fuzz/fuzz_bus.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::test;

TEST_CASE("the UART survives random accesses, input and breaks") {
    FakeBus bus;
    FakeIrqSink irq;
    NullCharacterBackend backend;
    Uart16550 uart("uart", {}, bus.clock, irq.line(), backend);
    const auto outside = [&](FuzzRandom& random) {
        const std::vector<u8> input(random.below(40), static_cast<u8>(random.next()));
        if (random.one_in(8))
            uart.receive_break();
        else
            REQUIRE(uart.receive(input) <= Uart16550::fifo_depth);
    };
    fuzz_device(bus, uart, Uart16550::window_size_bytes, {.component = &uart, .outside = outside});
}

TEST_CASE("the PLIC survives random accesses and moving wires") {
    FakeBus bus;
    FakeIrqSink irq;
    Plic plic("plic", {}, {irq.line(0), irq.line(1), irq.line(2), irq.line(3)});
    const auto outside = [&](FuzzRandom& random) {
        plic.set_irq(static_cast<u32>(random.one_in(4) ? random.edge() : random.below(96)), random.one_in(2));
    };
    fuzz_device(bus, plic, Plic::window_size_bytes,
                {.offsets = {0x1000, 0x2000, 0x2004, 0x2080, 0x20'0000, 0x20'0004, 0x20'1004, 0x20'3004, 0x20'4004},
                 .component = &plic,
                 .outside = outside});
}

TEST_CASE("the ACLINT survives random accesses and deadlines at the end of time") {
    FakeBus bus;
    FakeIrqSink irq;
    Aclint aclint("aclint", {}, bus.clock, {{irq.line(0), irq.line(1)}, {irq.line(2), irq.line(3)}});
    fuzz_device(bus, aclint, Aclint::window_size_bytes,
                {.offsets = {0, 4, 8, 0x4000, 0x4004, 0x4008, 0xbff8, 0xbffc}, .component = &aclint});
}

TEST_CASE("the real-time clock survives random accesses") {
    FakeBus bus;
    FakeIrqSink irq;
    GoldfishRtc rtc("rtc", {.power_on_ns = 1'700'000'000'000'000'000}, bus.clock, irq.line());
    fuzz_device(bus, rtc, GoldfishRtc::window_size_bytes,
                {.offsets = {0, 4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c}, .component = &rtc});
}

TEST_CASE("the test finisher survives random accesses") {
    struct Power final : PowerControl {
        void power_off(u32 code) override { REQUIRE(code <= 0xffff); }
        void reset() override {}
    } power;
    FakeBus bus;
    TestFinisher finisher("finisher", power);
    fuzz_device(bus, finisher, TestFinisher::window_size_bytes,
                {.offsets = {0}, .values = {0x5555, 0x3333, 0x7777, 0x7'3333}, .component = &finisher});
}

TEST_CASE("the firmware configuration device survives hostile DMA descriptors") {
    FakeBus bus;
    FwCfg fw_cfg("fw_cfg", bus.memory);
    fw_cfg.add_blob(FwCfg::kernel_size, FwCfg::kernel_data, std::vector<u8>(5000, 0x5a));
    REQUIRE(fw_cfg.add_file("etc/one", {1, 2, 3}));
    // Descriptors that are nearly right, at the place the values below point to.
    const auto outside = [&](FuzzRandom& random) {
        const u32 control[] = {0x02, 0x04, 0x10, 0x08 | 0x11 << 16, 0x0a | 0x11 << 16, 0x0a | 0x20 << 16};
        u32 descriptor[] = {std::byteswap(control[random.below(6)]),
                            std::byteswap(static_cast<u32>(random.one_in(2) ? random.below(9000) : random.edge())), 0,
                            std::byteswap(static_cast<u32>(FakeBus::ram_base.value + random.below(2 * MiB)))};
        std::memcpy(bus.ram->host() + 0x1000, descriptor, sizeof descriptor);
    };
    const u64 descriptor = std::byteswap(FakeBus::ram_base.value + 0x1000);
    fuzz_device(bus, fw_cfg, FwCfg::window_size_bytes,
                {.offsets = {0, 8, 16, 20},
                 .values = {descriptor, descriptor >> 32, 0x1100, 0x1900, 0x2000},
                 .component = &fw_cfg,
                 .outside = outside});
}

TEST_CASE("the flash survives random commands") {
    FakeBus bus;
    auto contents = Ram::create("flash", 1 * MiB).value();
    auto flash =
        ParallelFlash::create("flash", {.base = FakeBus::device_base, .size_bytes = 1 * MiB}, bus.memory, *contents)
            .value();
    fuzz_window(bus, FakeBus::device_base, 1 * MiB,
                {.offsets = {0, 4, 0x20, 0x40, 0x1000, 0x1ffc, 0x4'0000},
                 .values = {0xff, 0x40, 0x20, 0xd0, 0xe8, 0x90, 0x98, 0x50, 0x60, 0x1, 0x3, 0x70},
                 .component = flash.get()});
}

TEST_CASE("a PC's flash survives random commands") {
    FakeBus bus;
    auto contents = Ram::create("flash", 132 * KiB).value();
    auto flash =
        ParallelFlash::create(
            "flash", {.base = FakeBus::device_base, .size_bytes = 132 * KiB, .layout = flash_of_one_8_bit_chip},
            bus.memory, *contents)
            .value();
    fuzz_window(bus, FakeBus::device_base, 132 * KiB,
                {.offsets = {0, 1, 2, 0x10, 0x100, 0xfff, 0x2'0fff},
                 .values = {0xff, 0x10, 0x20, 0xd0, 0xe8, 0x90, 0x98, 0x50, 0x60, 0x1, 0x3, 0x70},
                 .component = flash.get()});
}
