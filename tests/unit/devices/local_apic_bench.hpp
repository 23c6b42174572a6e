// Two CPUs with their local APICs, on a bus with nothing else.
#pragma once

#include <vector>

#include "devices/irq/local_apic.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

namespace orrery::test {

namespace reg {
enum : u64 {
    id = 0x20,
    version = 0x30,
    tpr = 0x80,
    ppr = 0xa0,
    eoi = 0xb0,
    ldr = 0xd0,
    dfr = 0xe0,
    svr = 0xf0,
    isr = 0x100,
    tmr = 0x180,
    irr = 0x200,
    esr = 0x280,
    icr = 0x300,
    icr_high = 0x310,
    timer = 0x320,
    thermal = 0x330,
    performance = 0x340,
    lint0 = 0x350,
    lint1 = 0x360,
    error = 0x370,
    initial = 0x380,
    current = 0x390,
    divide = 0x3e0,
};
}

inline constexpr u32 apic_base = 0x1b;
inline constexpr u32 tsc_deadline = 0x6e0;
inline constexpr u64 masked = 0x1'0000;

struct RecordingCpu final : LocalInterruptSink {
    void set_interrupt(bool deliverable) override { interrupt = deliverable; }
    void nmi() override { ++nmis; }
    void init() override { ++inits; }
    void start_up(u8 vector) override { started_at.push_back(vector); }
    bool interrupt = false;
    u32 nmis = 0;
    u32 inits = 0;
    std::vector<u8> started_at;
};

struct FakePic final : InterruptAcknowledge {
    u8 acknowledge() override {
        ++acknowledged;
        return 0x08;
    }
    u32 acknowledged = 0;
};

// One CPU with its APIC, switched on as an operating system does it.
struct Unit {
    Unit(FakeBus& bus, InterruptBus& apics, u32 id, InterruptAcknowledge* pic)
        : apic(fmt::format("apic{}", id),
               {.id = id, .bootstrap = id == 0, .timer_hz = 100'000'000, .tsc_hz = 2'000'000'000},
               {bus.lock, bus.clock, apics, pic}) {
        apic.connect(cpu);
        put(reg::svr, 0x1ff);
    }
    u64 get(u64 offset) { return apic.read_register(offset, Width::word); }
    void put(u64 offset, u64 value) { apic.write_register(offset, value, Width::word); }
    u64 msr(u32 index) { return apic.read_msr(index).value(); }
    void to_x2apic() { REQUIRE(apic.write_msr(apic_base, msr(apic_base) | 0xc00)); }
    bool requested(u32 vector) { return get(reg::irr + vector / 32 * 16) >> (vector % 32) & 1; }
    bool in_service(u32 vector) { return get(reg::isr + vector / 32 * 16) >> (vector % 32) & 1; }
    RecordingCpu cpu;
    LocalApic apic;
};

struct Bench : FakeBus {
    void ipi(u64 low, u64 high = 0) {
        a.put(reg::icr_high, high);
        a.put(reg::icr, low);
    }
    void send(u8 vector, bool level = false) {
        apics.send({.destination = 0, .vector = vector, .level_triggered = level});
    }
    InterruptBus apics;
    FakePic pic;
    Unit a{*this, apics, 0, &pic};
    Unit b{*this, apics, 1, &pic};
};

} // namespace orrery::test
