// A local APIC whose registers someone else keeps for a while.
#include "devices/irq/io_apic.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/devices/local_apic_bench.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

struct FakeKeeper final : LocalApicKeeper {
    bool take(const DeviceMessage& message) override {
        taken.push_back(message);
        return takes;
    }
    void follow_ends(std::span<const DeviceMessage> messages) override {
        followed.assign(messages.begin(), messages.end());
    }
    bool takes = true;
    std::vector<DeviceMessage> taken, followed;
};

struct Lending : Bench {
    std::array<LocalApicRegisters, 2> lend(bool timer = true) {
        return {a.apic.lend(keeper, timer), b.apic.lend(keeper, timer)};
    }
    void take_back(const std::array<LocalApicRegisters, 2>& registers) {
        a.apic.take_back(registers[0]);
        b.apic.take_back(registers[1]);
    }
    FakeKeeper keeper;
};

// Every register that can be read, but for the current count.
std::vector<u64> readable(Unit& unit) {
    std::vector<u64> values;
    for (u64 offset = 0x20; offset < 0x400; offset += 0x10)
        if (offset != reg::current) values.push_back(unit.get(offset));
    return values;
}

} // namespace

TEST_CASE("registers that were lent and have come back are the same") {
    Lending bench;
    Unit& unit = bench.a;
    unit.put(reg::tpr, 0x27);
    unit.put(reg::ldr, 0x0200'0000);
    unit.put(reg::dfr, 0x0fff'ffff);
    unit.put(reg::divide, 0xb);
    unit.put(reg::timer, 0x2'0030);
    unit.put(reg::error, 0x31);
    unit.put(reg::lint0, 0x700);
    unit.put(reg::initial, 5000);
    unit.put(reg::icr_high, 0x0100'0000);
    unit.put(reg::icr, 0x4055);
    bench.send(0x61, true);
    bench.send(0x41);
    REQUIRE(unit.apic.acknowledge() == 0x61);
    const std::vector<u64> before = readable(unit);
    const auto lent = bench.lend();
    CHECK(lent[0][0x02] == 0);
    CHECK(lent[1][0x02] == 0x0100'0000);
    CHECK(lent[0][0x39] == 5000);
    CHECK(lent[0].base == 0xfee0'0900);
    bench.take_back(lent);
    CHECK(readable(unit) == before);
    CHECK(unit.get(reg::current) == 5000);
    CHECK(bench.b.requested(0x55));
}

TEST_CASE("x2APIC registers that were lent and have come back are the same") {
    Lending bench;
    bench.b.to_x2apic();
    const auto x2apic = [&](u32 number) { return bench.b.msr(0x800 + number); };
    bench.b.apic.write_msr(0x830, u64{1} << 32 | 0x4055);
    const auto lent = bench.lend();
    CHECK(lent[1].base == 0xfee0'0c00);
    CHECK(lent[1][0x02] == 0x0100'0000); // as KVM's page has it
    CHECK(lent[1][0x31] == 1);
    bench.take_back(lent);
    CHECK(x2apic(0x02) == 1);
    CHECK(x2apic(0x0d) == 2);
    CHECK(x2apic(0x30) == (u64{1} << 32 | 0x4055));
    CHECK(bench.b.apic.enabled());
}

TEST_CASE("while registers are lent, messages are the keeper's, and afterwards the APICs' again") {
    Lending bench;
    IoApic io_apic("ioapic", {}, bench.apics);
    const auto redirect = [&](u64 low) {
        io_apic.write(0, 0x10 + 2 * 5, Width::word);
        io_apic.write(0x10, low, Width::word);
    };
    redirect(0x8071);
    auto lent = bench.lend();
    CHECK(bench.keeper.followed == std::vector<DeviceMessage>{{GuestPhysical{0xfee0'0000}, 0xc071}});
    redirect(0x8072);
    CHECK(bench.keeper.followed == std::vector<DeviceMessage>{{GuestPhysical{0xfee0'0000}, 0xc072}});
    bench.keeper.takes = false; // the destination is software-disabled, as it were
    io_apic.set_irq(5, true);
    bench.apics.message({0xfee0'1004}, 0x4155);
    CHECK(bench.keeper.taken ==
          std::vector<DeviceMessage>{{GuestPhysical{0xfee0'0000}, 0xc072}, {GuestPhysical{0xfee0'1004}, 0x4155}});
    CHECK_FALSE(bench.a.apic.deliverable());
    bench.take_back(lent);
    CHECK(bench.a.requested(0x72)); // it is still asked for
    CHECK_FALSE(bench.b.requested(0x55));
}

TEST_CASE("an end that the keeper tells lets the I/O APIC ask again") {
    Lending bench;
    IoApic io_apic("ioapic", {}, bench.apics);
    io_apic.write(0, 0x10, Width::word);
    io_apic.write(0x10, 0x8071, Width::word);
    const auto lent = bench.lend();
    io_apic.set_irq(0, true);
    CHECK(bench.keeper.taken.size() == 1);
    bench.a.apic.tell_end(0x70);
    CHECK(bench.keeper.taken.size() == 1);
    bench.a.apic.tell_end(0x71);
    CHECK(bench.keeper.taken.size() == 2);
    bench.take_back(lent);
}

TEST_CASE("while registers are lent, only the 8259s interrupt here") {
    Lending bench;
    bench.send(0x61);
    REQUIRE(bench.a.cpu.interrupt);
    const auto lent = bench.lend();
    CHECK_FALSE(bench.a.cpu.interrupt);
    CHECK_FALSE(bench.a.apic.acknowledge());
    bench.a.apic.set_irq(LocalApic::lint0, true);
    CHECK(bench.a.cpu.interrupt);
    CHECK(bench.a.apic.acknowledge() == 0x08);
    bench.a.apic.set_irq(LocalApic::lint0, false);
    CHECK_FALSE(bench.a.cpu.interrupt);
    bench.take_back(lent);
    CHECK(bench.a.cpu.interrupt);
    CHECK(bench.a.apic.acknowledge() == 0x61);
}

TEST_CASE("a timer that is lent does nothing here, and goes on where it has come to") {
    Lending bench;
    bench.a.put(reg::divide, 0xb);
    bench.a.put(reg::timer, 0x30);
    bench.a.put(reg::initial, 1000); // 10 us
    auto lent = bench.lend();
    CHECK_FALSE(bench.a.apic.timer_counts());
    bench.advance(20'000);
    lent[0][0x39] = 300;
    bench.take_back(lent);
    CHECK(bench.a.apic.timer_counts());
    CHECK(bench.a.get(reg::current) == 300);
    bench.advance(2'999);
    CHECK_FALSE(bench.a.requested(0x30));
    bench.advance(1);
    CHECK(bench.a.requested(0x30));
}

TEST_CASE("a deadline that is lent comes back, also one that is over") {
    Lending bench;
    bench.a.put(reg::timer, 0x4'0030);
    REQUIRE(bench.a.apic.write_msr(tsc_deadline, 20'000)); // 10 us
    const auto lent = bench.lend();
    CHECK(lent[0].tsc_deadline == 20'000);
    bench.advance(4'000);
    bench.take_back(lent);
    CHECK(bench.a.msr(tsc_deadline) == 20'000);
    CHECK_FALSE(bench.a.requested(0x30));
    const auto again = bench.lend();
    bench.advance(40'000);
    bench.take_back(again);
    CHECK(bench.a.requested(0x30));
}

TEST_CASE("a timer that stays goes on while the registers are lent, and its interrupt waits") {
    Lending bench;
    bench.a.put(reg::divide, 0xb);
    bench.a.put(reg::timer, 0x30);
    bench.a.put(reg::initial, 1000); // 10 us
    auto lent = bench.lend(false);
    CHECK(lent[0][0x38] == 0);
    CHECK(lent[0][0x39] == 0);
    bench.advance(10'000);
    CHECK_FALSE(bench.a.cpu.interrupt);
    lent[0][0x22] = 0x2; // the keeper has got vector 41h
    bench.take_back(lent);
    CHECK(bench.a.requested(0x30));
    CHECK(bench.a.requested(0x41));
    CHECK(bench.a.get(reg::initial) == 1000);
}

// The keeper lets it count, and makes a request of every expiry.
TEST_CASE("a periodic timer that goes to and fro ticks once in each period") {
    constexpr u32 period = 100'000, vector = 0x30; // 1 ms
    constexpr u64 steps = 1000, step_ns = 370'000;
    Lending bench;
    bench.a.put(reg::divide, 0xb);
    bench.a.put(reg::timer, 0x2'0000 | vector);
    bench.a.put(reg::initial, period);
    u64 ticks = 0;
    const auto take_tick = [&] {
        if (!bench.a.apic.deliverable()) return;
        CHECK(bench.a.apic.acknowledge() == vector);
        bench.a.put(reg::eoi, 0);
        ++ticks;
    };
    for (u64 step = 0; step < steps; ++step) {
        if (step % 2 == 0) {
            bench.advance(step_ns);
            take_tick();
            continue;
        }
        auto lent = bench.lend();
        bench.advance(step_ns);
        const u32 counted = step_ns / 10;
        if (lent[0][0x39] <= counted) {
            lent[0][0x39] += period;
            lent[0][0x20 + vector / 32] |= 1u << vector % 32;
        }
        lent[0][0x39] -= counted;
        bench.take_back(lent);
        take_tick();
    }
    CHECK(ticks == steps * step_ns / 1'000'000);
}

namespace {

// Every look at the time takes a while, as on a loaded host.
class SlowLooks final : public TimeSource {
public:
    [[nodiscard]] u64 now_ns() const override { return ns_ += 100; }
    void set_ns(u64 ns) override { ns_ = ns; }
    void run(bool) override {}

private:
    mutable u64 ns_ = 0;
};

} // namespace

TEST_CASE("a timer whose count has ended by the time that it is asked for its event fires, once") {
    SlowLooks time;
    Clock clock("clock", time);
    u32 fired = 0;
    LocalApicTimer timer(clock, 1'000'000'000, 1'000'000'000, [&fired] { ++fired; });
    timer.set_divide(0xb);
    timer.set_initial_count(50);
    timer.schedule(true);
    CHECK(fired == 1);
    CHECK(timer.current_count() == 0);
    timer.schedule(true);
    CHECK(fired == 1);
    timer.go_on({.mode = LocalApicTimer::Mode::one_shot, .divide = 0xb, .initial = 500, .count = 50});
    timer.schedule(true);
    CHECK(fired == 2);
    timer.go_on({.mode = LocalApicTimer::Mode::one_shot, .divide = 0xb, .initial = 500, .count = 0});
    timer.schedule(true);
    CHECK(fired == 2);
    timer.set_initial_count(50);
    timer.schedule(false);
    timer.schedule(true);
    CHECK(fired == 2);
}
