#include "devices/irq/io_apic.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

// A local APIC that takes what it is told to.
struct Target final : InterruptTarget {
    explicit Target(u32 own_id) : id(own_id) {}
    [[nodiscard]] bool is_meant(const InterruptMessage& message) const override {
        return message.destination == InterruptMessage::everyone || message.destination == id;
    }
    [[nodiscard]] bool takes_vectors() const override { return takes; }
    [[nodiscard]] u8 arbitration_priority() const override { return priority; }
    bool accept(const InterruptMessage& message) override {
        if (takes) got.push_back(message);
        return takes;
    }
    u32 id;
    bool takes = true;
    u8 priority = 0;
    std::vector<InterruptMessage> got;
};

constexpr u64 logical = 1u << 11;
constexpr u64 active_low = 1u << 13;
constexpr u64 remote_irr = 1u << 14;
constexpr u64 level = 1u << 15;
constexpr u64 masked = 1u << 16;

struct Bench : FakeBus {
    Bench() {
        plug(io_apic, IoApic::window_size_bytes);
        apics.add(first);
        apics.add(second);
    }
    u64 get(u64 index) {
        write(0, index);
        return read(0x10);
    }
    void put(u64 index, u64 value) {
        write(0, index);
        write(0x10, value);
    }
    void set_entry(u64 pin, u64 value) {
        put(0x11 + 2 * pin, value >> 32);
        put(0x10 + 2 * pin, value);
    }
    u64 entry(u64 pin) { return get(0x10 + 2 * pin) | get(0x11 + 2 * pin) << 32; }

    InterruptBus apics;
    Target first{0};
    Target second{1};
    IoApic io_apic{"ioapic", {.id = 2, .active_low_pins = 1u << 20}, apics};
};

} // namespace

TEST_CASE("the I/O APIC tells 24 entries of version 20h, its identity and its arbitration identity") {
    Bench bench;
    REQUIRE(bench.get(1) == 0x0017'0020);
    REQUIRE(bench.get(0) == 0x0200'0000);
    bench.put(0, 0xff00'0000);
    REQUIRE(bench.get(0) == 0x0f00'0000);
    REQUIRE(bench.get(2) == 0x0f00'0000);
    REQUIRE(bench.get(0x80) == 0);
}

TEST_CASE("all entries are masked at reset, and status bits can't be written") {
    Bench bench;
    for (u64 pin = 0; pin < 24; ++pin) REQUIRE(bench.entry(pin) == masked);
    bench.set_entry(3, ~u64{0});
    REQUIRE(bench.entry(3) == 0xff00'0000'0001'afff);
}

TEST_CASE("an edge sends its entry's message once") {
    Bench bench;
    bench.set_entry(4, u64{1} << 56 | 0x31);
    bench.io_apic.set_irq(4, true);
    bench.io_apic.set_irq(4, true);
    REQUIRE(bench.second.got.size() == 1);
    REQUIRE(bench.second.got[0].vector == 0x31);
    REQUIRE_FALSE(bench.second.got[0].level_triggered);
    REQUIRE(bench.first.got.empty());
    bench.io_apic.set_irq(4, false);
    bench.io_apic.set_irq(4, true);
    REQUIRE(bench.second.got.size() == 2);
}

TEST_CASE("an edge at a masked pin is ignored, not held pending") {
    Bench bench;
    bench.set_entry(4, masked | 0x31);
    bench.io_apic.set_irq(4, true);
    bench.set_entry(4, 0x31);
    REQUIRE(bench.first.got.empty());
}

TEST_CASE("a level is sent once, sets remote IRR, and is sent again by the EOI while it lasts") {
    Bench bench;
    bench.set_entry(9, level | 0x41);
    bench.io_apic.set_irq(9, true);
    bench.io_apic.set_irq(9, false);
    bench.io_apic.set_irq(9, true);
    REQUIRE(bench.first.got.size() == 1);
    REQUIRE(bench.first.got[0].level_triggered);
    REQUIRE(bench.entry(9) == (level | remote_irr | 0x41));
    bench.apics.end_of_interrupt(0x42);
    REQUIRE(bench.first.got.size() == 1);
    bench.apics.end_of_interrupt(0x41);
    REQUIRE(bench.first.got.size() == 2);
    bench.io_apic.set_irq(9, false);
    bench.write(0x40, 0x41); // the EOI register does the same
    REQUIRE(bench.first.got.size() == 2);
    REQUIRE(bench.entry(9) == (level | 0x41));
}

TEST_CASE("a masked level is delivered once it is unmasked, and turning it into an edge clears remote IRR") {
    Bench bench;
    bench.set_entry(9, masked | level | 0x41);
    bench.io_apic.set_irq(9, true);
    REQUIRE(bench.first.got.empty());
    bench.set_entry(9, level | 0x41);
    REQUIRE(bench.first.got.size() == 1);
    bench.set_entry(9, 0x41);
    REQUIRE(bench.entry(9) == 0x41);
}

TEST_CASE("a level that no one took is sent once someone can take it") {
    Bench bench;
    bench.first.takes = false;
    bench.set_entry(9, level | 0x41);
    bench.io_apic.set_irq(9, true);
    REQUIRE(bench.entry(9) == (level | 0x41));
    bench.first.takes = true;
    bench.apics.targets_changed();
    REQUIRE(bench.first.got.size() == 1);
    REQUIRE(bench.entry(9) == (level | remote_irr | 0x41));
}

TEST_CASE("an entry's polarity must be that of its wire") {
    Bench bench;
    bench.set_entry(20, active_low | 0x50); // wired active low
    bench.io_apic.set_irq(20, true);
    REQUIRE(bench.first.got.size() == 1);
    bench.io_apic.set_irq(20, false);
    bench.set_entry(20, 0x51);
    bench.io_apic.set_irq(20, true);
    REQUIRE(bench.first.got.size() == 1);
    bench.io_apic.set_irq(20, false); // what ends the request is the edge it looks for
    REQUIRE(bench.first.got.size() == 2);
}

TEST_CASE("destination FFh is everyone, and the modes without vectors are edges") {
    Bench bench;
    bench.set_entry(1, u64{0xff} << 56 | level | 0x400);
    bench.io_apic.set_irq(1, true);
    REQUIRE(bench.first.got.size() == 1);
    REQUIRE(bench.second.got.size() == 1);
    REQUIRE(bench.first.got[0].mode == DeliveryMode::nmi);
    REQUIRE((bench.entry(1) & remote_irr) == 0);
}

TEST_CASE("a lowest-priority message goes to the one that is least busy and takes vectors") {
    Bench bench;
    bench.first.priority = 0x50;
    bench.second.priority = 0x40;
    bench.set_entry(1, u64{0xff} << 56 | 0x160);
    bench.io_apic.set_irq(1, true);
    REQUIRE(bench.first.got.empty());
    REQUIRE(bench.second.got.size() == 1);
    bench.second.takes = false;
    bench.io_apic.set_irq(1, false);
    bench.io_apic.set_irq(1, true);
    REQUIRE(bench.first.got.size() == 1);
}

TEST_CASE("a message-signalled interrupt names its destination in the address and its vector in the data") {
    Bench bench;
    bench.apics.message(GuestPhysical{0xfee0'1000}, 0x0000'4061);
    REQUIRE(bench.second.got.size() == 1);
    REQUIRE(bench.second.got[0].vector == 0x61);
    REQUIRE_FALSE(bench.second.got[0].logical);
    bench.apics.message(GuestPhysical{0xfee0'100c}, 0x0000'0062); // logical, with the redirection hint
    REQUIRE(bench.second.got.size() == 2);
    REQUIRE(bench.second.got[1].mode == DeliveryMode::lowest_priority);
    bench.apics.message(GuestPhysical{0xfee0'1000}, 0x0000'8063); // a level that ends
    bench.apics.message(GuestPhysical{0x1'fee0'1000}, 0x64);
    REQUIRE(bench.second.got.size() == 2);
    bench.unplug();
    bench.plug(bench.apics, InterruptBus::window_size_bytes);
    bench.write(0x1000, 0x65);
    REQUIRE(bench.second.got.size() == 3);
}

TEST_CASE("a restored I/O APIC sends nothing by itself and knows its levels") {
    Bench bench;
    bench.set_entry(9, level | logical | 0x41);
    bench.io_apic.set_irq(9, true);
    const std::vector<u8> saved = save(bench.io_apic);
    bench.io_apic.reset();
    REQUIRE(restore(bench.io_apic, saved));
    REQUIRE(bench.first.got.size() == 1);
    bench.apics.end_of_interrupt(0x41);
    REQUIRE(bench.first.got.size() == 2);
}

TEST_CASE("the redirection table is told decoded, and each input's state") {
    Bench bench;
    bench.set_entry(20, u64{1} << 56 | level | active_low | 0x61);
    const Table before = bench.io_apic.table("ioapic");
    REQUIRE(before.rows.size() == IoApic::pins);
    CHECK(before.rows[20].meaning == "fixed, vector 0x61, to APIC 0x1, level, active low");
    CHECK(before.rows[0].meaning.ends_with(", masked"));
    bench.io_apic.set_irq(20, true);
    CHECK(bench.io_apic.table("ioapic").rows[20].meaning.ends_with(", remote IRR, asserted"));
    const std::vector<IrqInput> inputs = bench.io_apic.irq_inputs();
    CHECK(inputs[20].in_service);
    CHECK(inputs[20].level);
    CHECK(inputs[20].priority == 6);
    CHECK(inputs[20].enabled_for == std::vector<u32>{1});
    CHECK(inputs[0].enabled_for.empty());
}
