#include "devices/irq/io_apic.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/devices/local_apic_bench.hpp"

using namespace orrery;
using namespace orrery::test;

// ---- registers and modes ----

TEST_CASE("after reset the APIC is there, software-disabled, with every local vector masked") {
    Bench bench;
    bench.a.apic.reset();
    bench.b.apic.reset();
    REQUIRE(bench.a.msr(apic_base) == 0xfee0'0900);
    REQUIRE(bench.b.msr(apic_base) == 0xfee0'0800);
    REQUIRE(bench.a.get(reg::svr) == 0xff);
    REQUIRE(bench.a.get(reg::dfr) == 0xffff'ffff);
    for (u64 lvt = reg::timer; lvt <= reg::error; lvt += 0x10) REQUIRE(bench.a.get(lvt) == masked);
    REQUIRE(bench.b.get(reg::id) == 0x0100'0000);
    REQUIRE(bench.a.get(reg::version) == 0x0105'0014);
}

TEST_CASE("software-disabling masks the local vectors, keeps them masked, and refuses vectors but not NMI and INIT") {
    Bench bench;
    bench.a.put(reg::lint0, 0x40);
    bench.a.put(reg::svr, 0xff);
    REQUIRE(bench.a.get(reg::lint0) == (masked | 0x40));
    bench.a.put(reg::lint0, 0x41);
    REQUIRE(bench.a.get(reg::lint0) == (masked | 0x41));
    bench.send(0x50);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.apics.send({.destination = 0, .mode = DeliveryMode::nmi});
    REQUIRE(bench.a.cpu.nmis == 1);
}

TEST_CASE("the APIC base changes only between neighbouring modes and within the physical addresses") {
    Bench bench;
    LocalApic& apic = bench.b.apic;
    REQUIRE(apic.register_page() == GuestPhysical{0xfee0'0000});
    REQUIRE_FALSE(apic.write_msr(apic_base, 0xfee0'0801));     // reserved
    REQUIRE_FALSE(apic.write_msr(apic_base, 0x100'fee0'0800)); // beyond 40 bits
    REQUIRE_FALSE(apic.write_msr(apic_base, 0xfee0'0400));     // EXTD without EN
    REQUIRE(apic.write_msr(apic_base, 0xd000'0800));
    REQUIRE(apic.register_page() == GuestPhysical{0xd000'0000});
    REQUIRE(apic.write_msr(apic_base, 0xfee0'0c00));
    REQUIRE_FALSE(apic.register_page().has_value());
    REQUIRE_FALSE(apic.write_msr(apic_base, 0xfee0'0800)); // back to xAPIC
    REQUIRE(apic.write_msr(apic_base, 0xfee0'0000));
    REQUIRE_FALSE(apic.enabled());
    REQUIRE_FALSE(apic.write_msr(apic_base, 0xfee0'0c00)); // x2APIC from off
    REQUIRE(apic.write_msr(apic_base, 0xfee0'0800));
    REQUIRE(bench.b.get(reg::svr) == 0xff);
}

TEST_CASE("a disabled APIC leaves its pins to the CPU as INTR and NMI") {
    Bench bench;
    REQUIRE(bench.a.apic.write_msr(apic_base, 0xfee0'0100));
    bench.a.apic.set_irq(LocalApic::lint0, true);
    REQUIRE(bench.a.apic.deliverable());
    REQUIRE(bench.a.apic.acknowledge() == u8{0x08});
    bench.a.apic.set_irq(LocalApic::lint1, true);
    bench.a.apic.set_irq(LocalApic::lint1, true);
    REQUIRE(bench.a.cpu.nmis == 1);
}

TEST_CASE("an access to no register is an error of the APIC") {
    Bench bench;
    bench.a.put(reg::error, 0x60);
    bench.a.put(0x40, 1);
    REQUIRE(bench.a.requested(0x60));
    REQUIRE(bench.a.get(reg::esr) == 0);
    bench.a.put(reg::esr, 0);
    REQUIRE(bench.a.get(reg::esr) == 0x80);
    bench.a.put(reg::esr, 0);
    REQUIRE(bench.a.get(reg::esr) == 0);
}

// ---- priorities ----

TEST_CASE("the highest vector is taken first, and only a higher class interrupts one in service") {
    Bench bench;
    bench.send(0x41);
    bench.send(0x62);
    REQUIRE(bench.a.cpu.interrupt);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x62});
    REQUIRE(bench.a.get(reg::ppr) == 0x60);
    REQUIRE_FALSE(bench.a.cpu.interrupt);
    bench.send(0x6f); // the same class
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.send(0x70);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x70});
    bench.a.put(reg::eoi, 0);
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x6f});
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x41});
    bench.a.put(reg::eoi, 0);
    REQUIRE_FALSE(bench.a.apic.acknowledge().has_value());
}

TEST_CASE("the task priority holds off its class and those below, by TPR and by CR8") {
    Bench bench;
    bench.a.put(reg::tpr, 0x5f);
    bench.send(0x5f);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    REQUIRE(bench.a.get(reg::ppr) == 0x5f);
    bench.a.apic.set_task_priority(4);
    REQUIRE(bench.a.get(reg::tpr) == 0x40);
    REQUIRE(bench.a.apic.task_priority() == 4);
    REQUIRE(bench.a.apic.deliverable());
    bench.a.apic.set_task_priority(15);
    REQUIRE(bench.a.apic.acknowledge() == u8{0xff}); // masked meanwhile: the spurious vector
    REQUIRE_FALSE(bench.a.in_service(0xff));
    REQUIRE(bench.a.requested(0x5f));
}

TEST_CASE("vectors below 16 are received as errors") {
    Bench bench;
    bench.a.put(reg::error, 0x05); // even the error vector itself
    bench.send(0x0f);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.a.put(reg::esr, 0);
    REQUIRE(bench.a.get(reg::esr) == 0x40);
}

TEST_CASE("the EOI of a level-triggered interrupt reaches the I/O APIC unless that is suppressed") {
    Bench bench;
    IoApic io_apic("ioapic", {}, bench.apics);
    io_apic.write(0x00, 0x10 + 2 * 9, Width::word);
    io_apic.write(0x10, 0x8000 | 0x55, Width::word);
    io_apic.set_irq(9, true);
    REQUIRE(bench.a.get(reg::tmr + 0x20) == 1u << 21);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x55});
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x55});
    bench.a.put(reg::svr, 0x11ff);
    bench.a.put(reg::eoi, 0);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    io_apic.write(0x40, 0x55, Width::word); // directed EOI
    REQUIRE(bench.a.apic.deliverable());
}

TEST_CASE("a level that waits while the APIC is software-disabled comes when it is enabled") {
    Bench bench;
    IoApic io_apic("ioapic", {}, bench.apics);
    bench.a.put(reg::svr, 0xff);
    io_apic.write(0x00, 0x10 + 2 * 9, Width::word);
    io_apic.write(0x10, 0x8000 | 0x55, Width::word);
    io_apic.set_irq(9, true);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.a.put(reg::svr, 0x1ff);
    REQUIRE(bench.a.apic.deliverable());
}

// ---- messages between CPUs ----

TEST_CASE("a fixed IPI goes to the physical destination, its shorthands to self, all, and others") {
    Bench bench;
    bench.ipi(0x4041, 0x0100'0000);
    REQUIRE(bench.b.requested(0x41));
    REQUIRE_FALSE(bench.a.requested(0x41));
    bench.ipi(0x4'4042);
    REQUIRE((bench.a.requested(0x42) && !bench.b.requested(0x42)));
    bench.ipi(0x8'4043);
    REQUIRE((bench.a.requested(0x43) && bench.b.requested(0x43)));
    bench.ipi(0xc'4044);
    REQUIRE((!bench.a.requested(0x44) && bench.b.requested(0x44)));
    bench.ipi(0x4045, 0xff00'0000);
    REQUIRE((bench.a.requested(0x45) && bench.b.requested(0x45)));
    REQUIRE((bench.a.get(reg::icr) & 0x1000) == 0);
    REQUIRE(bench.a.get(reg::icr_high) == 0xff00'0000);
}

TEST_CASE("INIT resets the other APIC and tells its CPU, SIPI gives the start vector, level de-assert does nothing") {
    Bench bench;
    bench.b.put(reg::tpr, 0x30);
    bench.ipi(0xc500, 0x0100'0000);
    REQUIRE(bench.b.cpu.inits == 1);
    REQUIRE(bench.b.get(reg::tpr) == 0);
    REQUIRE(bench.b.get(reg::svr) == 0xff);
    REQUIRE(bench.b.msr(apic_base) == 0xfee0'0800);
    bench.ipi(0x8500, 0x0100'0000);
    REQUIRE(bench.b.cpu.inits == 1);
    bench.ipi(0x0600 | 0x9a, 0x0100'0000);
    REQUIRE(bench.b.cpu.started_at == std::vector<u8>{0x9a});
    bench.ipi(0xc'4400);
    REQUIRE(bench.b.cpu.nmis == 1);
    REQUIRE(bench.a.cpu.nmis == 0);
}

TEST_CASE("sending an illegal vector is an error of the sender") {
    Bench bench;
    bench.ipi(0x4003, 0x0100'0000);
    bench.a.put(reg::esr, 0);
    REQUIRE(bench.a.get(reg::esr) == 0x20);
    bench.b.put(reg::esr, 0);
    REQUIRE(bench.b.get(reg::esr) == 0);
}

TEST_CASE("logical destinations match in the flat and in the cluster model") {
    Bench bench;
    bench.a.put(reg::ldr, 0x0100'0000);
    bench.b.put(reg::ldr, 0x0200'0000);
    bench.ipi(0x4841, 0x0200'0000);
    REQUIRE((!bench.a.requested(0x41) && bench.b.requested(0x41)));
    bench.ipi(0x4842, 0x0300'0000);
    REQUIRE((bench.a.requested(0x42) && bench.b.requested(0x42)));
    for (Unit* unit : {&bench.a, &bench.b}) unit->put(reg::dfr, 0);
    bench.a.put(reg::ldr, 0x1100'0000);
    bench.b.put(reg::ldr, 0x2100'0000);
    bench.ipi(0x4843, 0x2100'0000);
    REQUIRE((!bench.a.requested(0x43) && bench.b.requested(0x43)));
    REQUIRE(bench.a.get(reg::dfr) == 0x0fff'ffff);
    bench.ipi(0x4844, 0xff00'0000);
    REQUIRE((bench.a.requested(0x44) && bench.b.requested(0x44)));
}

TEST_CASE("a lowest-priority message finds the CPU with the lowest processor priority") {
    Bench bench;
    bench.a.put(reg::tpr, 0x20);
    bench.ipi(0x4151, 0xff00'0000);
    REQUIRE((!bench.a.requested(0x51) && bench.b.requested(0x51)));
    bench.ipi(0xc'4152);
    REQUIRE(bench.b.requested(0x52));
}

// ---- x2APIC ----

TEST_CASE("in x2APIC mode the registers are MSRs and the page is gone") {
    Bench bench;
    REQUIRE_FALSE(bench.b.apic.read_msr(0x802).has_value());
    bench.b.to_x2apic();
    REQUIRE(bench.b.msr(0x802) == 1);
    REQUIRE(bench.b.msr(0x80d) == 0x0000'0002);
    REQUIRE(bench.b.get(reg::version) == 0);
    REQUIRE(bench.b.apic.write_msr(0x808, 0x30));
    REQUIRE(bench.b.apic.task_priority() == 3);
    REQUIRE(bench.b.apic.write_msr(0x83f, 0x66));
    REQUIRE(bench.b.apic.acknowledge() == u8{0x66});
    REQUIRE(bench.b.apic.write_msr(0x80b, 0));
    REQUIRE(bench.b.msr(0x813) == 0);
}

TEST_CASE("x2APIC refuses reserved bits, registers that are not there, and writes to those that are read-only") {
    Bench bench;
    bench.b.to_x2apic();
    const std::pair<u32, u64> refused[] = {{0x802, 0},       {0x803, 0},
                                           {0x80a, 0},       {0x80b, 1},
                                           {0x80d, 0},       {0x80e, 0},
                                           {0x810, 0},       {0x828, 1},
                                           {0x831, 0},       {0x839, 0},
                                           {0x808, 0x100},   {0x80f, 0x200},
                                           {0x832, 1 << 8},  {0x838, u64{1} << 32},
                                           {0x83e, 4},       {0x83f, 0x100},
                                           {0x830, 1 << 13}, {0x82f, 0}};
    for (const auto& [index, value] : refused) {
        INFO(index);
        REQUIRE_FALSE(bench.b.apic.write_msr(index, value));
    }
    for (const u32 index : {0x809u, 0x80bu, 0x80eu, 0x831u, 0x83fu, 0x840u}) {
        INFO(index);
        REQUIRE_FALSE(bench.b.apic.read_msr(index).has_value());
    }
}

TEST_CASE("an x2APIC IPI is one write with a 32-bit destination, physical or of a cluster") {
    Bench bench;
    for (Unit* unit : {&bench.a, &bench.b}) unit->to_x2apic();
    REQUIRE(bench.a.apic.write_msr(0x830, u64{1} << 32 | 0x41));
    REQUIRE(bench.b.apic.acknowledge() == u8{0x41});
    REQUIRE(bench.a.apic.write_msr(0x830, u64{0x0000'0003} << 32 | 0x851));
    REQUIRE(bench.a.apic.acknowledge() == u8{0x51});
    REQUIRE(bench.b.apic.acknowledge() == u8{0x51});
    REQUIRE(bench.a.apic.write_msr(0x830, u64{0xffff'ffff} << 32 | 0x61));
    REQUIRE(bench.a.apic.deliverable());
    REQUIRE(bench.b.apic.deliverable());
    REQUIRE(bench.a.msr(0x830) == (u64{0xffff'ffff} << 32 | 0x61));
}

// ---- pins ----

TEST_CASE("LINT0 as ExtINT asks by its level and gives the vector of the 8259s") {
    Bench bench;
    bench.a.apic.set_irq(LocalApic::lint0, true);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.a.put(reg::lint0, 0x700);
    REQUIRE(bench.a.cpu.interrupt);
    bench.send(0x80);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x08});
    bench.a.apic.set_irq(LocalApic::lint0, false);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x80});
    REQUIRE(bench.pic.acknowledged == 1);
}

TEST_CASE("an ExtINT message waits for its acknowledge") {
    Bench bench;
    bench.apics.send({.destination = 0, .mode = DeliveryMode::external});
    REQUIRE(bench.a.apic.acknowledge() == u8{0x08});
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("LINT1 as NMI is an edge") {
    Bench bench;
    bench.a.put(reg::lint1, 0x400);
    bench.a.apic.set_irq(LocalApic::lint1, true);
    bench.a.apic.set_irq(LocalApic::lint1, true);
    REQUIRE(bench.a.cpu.nmis == 1);
    bench.a.apic.set_irq(LocalApic::lint1, false);
    bench.a.apic.set_irq(LocalApic::lint1, true);
    REQUIRE(bench.a.cpu.nmis == 2);
}

TEST_CASE("a level at LINT0 sets remote IRR and comes again after its EOI") {
    Bench bench;
    bench.a.put(reg::lint0, 0x8044);
    bench.a.apic.set_irq(LocalApic::lint0, true);
    REQUIRE(bench.a.get(reg::lint0) == 0xc044);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x44});
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x44});
    bench.a.apic.set_irq(LocalApic::lint0, false);
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.get(reg::lint0) == 0x8044);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("the CPU's performance and thermal events have local vectors") {
    Bench bench;
    bench.a.put(reg::performance, 0x400);
    bench.a.put(reg::thermal, 0x71);
    bench.a.apic.set_irq(LocalApic::performance, true);
    bench.a.apic.set_irq(LocalApic::thermal, true);
    REQUIRE(bench.a.cpu.nmis == 1);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x71});
}

// ---- the timer ----

TEST_CASE("the one-shot timer counts its clock down, divided, and interrupts once") {
    Bench bench;
    bench.a.put(reg::timer, 0x50);
    bench.a.put(reg::divide, 0x03); // by 16: 160 ns a count
    bench.a.put(reg::initial, 1000);
    bench.advance(1'600);
    REQUIRE(bench.a.get(reg::current) == 990);
    bench.advance(160'000 - 1'600 - 1);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.advance(1);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x50});
    REQUIRE(bench.a.get(reg::current) == 0);
    bench.a.put(reg::eoi, 0);
    bench.advance(10'000'000);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("the divide configuration divides by 2 to 128 and by 1") {
    Bench bench;
    const std::pair<u64, u64> divisors[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};
    for (const auto& [code, divisor] : divisors) {
        bench.a.put(reg::divide, code);
        bench.a.put(reg::initial, 1000);
        bench.advance(divisor * 10 * 100);
        REQUIRE(bench.a.get(reg::current) == 900);
    }
}

TEST_CASE("the periodic timer begins anew at 0, and an initial count of 0 stops it") {
    Bench bench;
    bench.a.put(reg::timer, 0x2'0050);
    bench.a.put(reg::divide, 0x0b);
    bench.a.put(reg::initial, 100'000); // a millisecond
    for (u32 i = 0; i < 10; ++i) {
        bench.advance(999'999);
        REQUIRE_FALSE(bench.a.apic.deliverable());
        bench.advance(1);
        REQUIRE(bench.a.apic.acknowledge() == u8{0x50});
        bench.a.put(reg::eoi, 0);
    }
    bench.advance(300'000);
    REQUIRE(bench.a.get(reg::current) == 70'000);
    bench.a.put(reg::initial, 0);
    bench.advance(10'000'000);
    REQUIRE(bench.a.get(reg::current) == 0);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("ticks that no one takes are merged and cost no events, and the phase is kept") {
    Bench bench;
    bench.a.put(reg::timer, 0x2'0050);
    bench.a.put(reg::divide, 0x0b);
    bench.a.put(reg::initial, 100'000);
    bench.advance(5'500'000);
    REQUIRE(bench.clock.next_deadline_ns() == never_ns);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x50});
    bench.a.put(reg::eoi, 0);
    bench.advance(499'999);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.advance(1);
    REQUIRE(bench.a.apic.deliverable());
}

TEST_CASE("a period of nanoseconds costs a bounded number of events") {
    Bench bench;
    bench.a.put(reg::timer, 0x2'0050);
    bench.a.put(reg::divide, 0x0b);
    bench.a.put(reg::initial, 1);
    u32 taken = 0;
    for (u32 i = 0; i < 1'000'000 && bench.time.now_ns() < 10'000'000; ++i) {
        bench.time.set_ns(std::min<u64>(bench.clock.next_deadline_ns(), 10'000'000));
        bench.clock.run_due(bench.time.now_ns());
        if (bench.a.apic.acknowledge()) ++taken;
        bench.a.put(reg::eoi, 0);
    }
    REQUIRE(taken >= 900);
    REQUIRE(taken <= 1000);
}

TEST_CASE("a masked timer counts but doesn't interrupt") {
    Bench bench;
    bench.a.put(reg::timer, masked | 0x50);
    bench.a.put(reg::divide, 0x0b);
    bench.a.put(reg::initial, 1000);
    bench.advance(5'000);
    REQUIRE(bench.a.get(reg::current) == 500);
    bench.advance(10'000);
    bench.a.put(reg::timer, 0x50);
    bench.advance(10'000);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("the TSC deadline fires when the counter reaches it, in the past at once, and reads 0 after") {
    Bench bench;
    bench.a.put(reg::timer, 0x4'0050);
    bench.a.apic.set_tsc_offset(1'000'000);
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 1'000'000 + 2'000)); // 1 µs at 2 GHz
    REQUIRE(bench.a.msr(tsc_deadline) == 1'002'000);
    bench.advance(999);
    REQUIRE_FALSE(bench.a.apic.deliverable());
    bench.advance(1);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x50});
    REQUIRE(bench.a.msr(tsc_deadline) == 0);
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 5));
    REQUIRE(bench.a.apic.acknowledge() == u8{0x50});
    bench.a.put(reg::eoi, 0);
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 1'010'000));
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 0));
    bench.advance(1'000'000);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("a TSC deadline that passes while its vector is masked is over") {
    Bench bench;
    bench.a.put(reg::timer, 0x4'0050 | masked);
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 1'000));
    bench.advance(10'000);
    REQUIRE(bench.a.msr(tsc_deadline) == 0);
    bench.a.put(reg::timer, 0x4'0050);
    bench.advance(10'000);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("setting the time stamp counter forward passes deadlines") {
    Bench bench;
    bench.a.put(reg::timer, 0x4'0050);
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 1'000'000'000));
    bench.a.apic.set_tsc_offset(1'000'000'000);
    REQUIRE(bench.a.apic.deliverable());
}

TEST_CASE("in deadline mode the counts are not there, in the others the deadline isn't") {
    Bench bench;
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 1'000));
    REQUIRE(bench.a.msr(tsc_deadline) == 0);
    bench.a.put(reg::initial, 50'000);
    bench.a.put(reg::timer, 0x4'0050);
    REQUIRE(bench.a.get(reg::current) == 0);
    bench.a.put(reg::initial, 1000);
    REQUIRE(bench.a.get(reg::initial) == 0);
    bench.advance(1'000'000'000);
    REQUIRE_FALSE(bench.a.apic.deliverable());
}

TEST_CASE("a restored APIC has its requests, raises no edge, and its timer goes on") {
    Bench bench;
    bench.a.put(reg::timer, 0x50);
    bench.a.put(reg::divide, 0x0b);
    bench.a.put(reg::initial, 1000);
    bench.send(0x31);
    const std::vector<u8> saved = save(bench.a.apic);
    bench.a.apic.reset();
    REQUIRE_FALSE(bench.a.cpu.interrupt);
    REQUIRE(restore(bench.a.apic, saved));
    REQUIRE(save(bench.a.apic) == saved);
    REQUIRE_FALSE(bench.a.cpu.interrupt);
    REQUIRE(bench.a.apic.deliverable());
    bench.advance(10'000);
    REQUIRE(bench.a.apic.acknowledge() == u8{0x50});
}

TEST_CASE("an APIC's registers are told decoded, and telling changes nothing") {
    Bench bench;
    Unit& unit = bench.a;
    unit.put(reg::timer, 0x2'0031);
    unit.put(reg::lint0, masked | 0x700);
    unit.put(reg::divide, 0xb);
    bench.send(0x55);
    const std::vector<u8> before = save(unit.apic);
    const TableSource* tables = unit.apic.tables();
    REQUIRE(tables);
    CHECK(tables->tables().front().name == "apic");
    const Table table = tables->table("apic");
    const auto meaning = [&](std::string_view name) {
        for (const TableRow& row : table.rows)
            if (row.name == name) return row.meaning;
        return std::string("no such row");
    };
    CHECK(table.heading.starts_with("local APIC 0 at 0xfee00000, xAPIC"));
    CHECK(meaning("LVT timer") == "vector 0x31, periodic");
    CHECK(meaning("LVT LINT0") == "ExtINT, vector 0x0, edge, active high, masked");
    CHECK(meaning("IRR") == "requested: 0x55");
    CHECK(meaning("ISR") == "in service: none");
    CHECK(meaning("timer divide") == "by 1");
    CHECK(save(unit.apic) == before);
}
