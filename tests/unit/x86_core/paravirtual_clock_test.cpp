// The paravirtual clock as guests read it, by the formula in Linux's Documentation/virt/kvm/x86/msr.rst.
#include "cpu/x86/paravirtual_clock.hpp"

#include "cpu/x86/msr.hpp"
#include "cpu/x86/processor.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 ram = test::low_ram_bytes;
constexpr u64 second_ns = 1'000'000'000;
constexpr u32 tsc = 0x10, tsc_adjust = 0x3b;
constexpr u64 date_ns = 1'700'000'000 * second_ns + 123'456'789;

struct Reading {
    u32 version = 0;
    u64 tsc_timestamp = 0;
    u64 system_time = 0;
    u32 multiplier = 0;
    i8 shift = 0;
    u8 flags = 0;
    [[nodiscard]] u64 time(u64 counter) const {
        u64 ticks = counter - tsc_timestamp;
        ticks = shift >= 0 ? ticks << shift : ticks >> -shift;
        return static_cast<u64>(u128{ticks} * multiplier >> 32) + system_time;
    }
    [[nodiscard]] bool stable() const { return (flags & 1) != 0; }
};

// Two processors without a program, on one bus.
class Board final : public CpuEnvironment {
public:
    explicit Board(u64 hz = second_ns)
        : clock_("clock", {.cpus = 2, .tsc_hz = hz, .power_on_ns = date_ns}, bus.memory), ports_("ports", bus.lock),
          low_(Ram::create("low", ram).value()) {
        bus.memory.map({.base = {0}, .size_bytes = ram, .ram = low_.get(), .name = "low"}).value();
        bus.memory.map({.base = {rom}, .size_bytes = page_size, .ram = low_.get(), .read_only = true, .name = "rom"})
            .value();
        for (u32 id = 0; id < 2; ++id) {
            ProcessorConfiguration configuration{.features = {}, .apic_id = id, .cpus = 2, .tsc_hz = hz};
            configuration.paravirtual_clock = &clock_;
            cpus_.push_back(std::make_unique<Cpu>(*this, std::move(configuration)));
        }
    }
    static constexpr u64 rom = 0x4000'0000;
    static constexpr u64 page(u32 cpu) { return 0x1000 + 64 * cpu; }

    AddressSpace& memory() override { return bus.memory; }
    AddressSpace& ports() override { return ports_; }
    Clock& clock() override { return bus.clock; }

    ParavirtualClock& paravirtual() { return clock_; }
    Processor& cpu(u32 id) { return cpus_[id]->processor; }
    u64 read(u32 id, u32 msr) { return read_msr(cpu(id), msr).value(); }
    void write(u32 id, u32 msr, u64 value) { REQUIRE(write_msr(cpu(id), msr, value)); }
    void enable() {
        for (u32 id = 0; id < 2; ++id) write(id, system_time_msr, page(id) | 1);
    }
    template <typename T> T at(u64 address) {
        T value{};
        REQUIRE(bus.memory.read_memory({address}, {reinterpret_cast<u8*>(&value), sizeof value}));
        return value;
    }
    Reading reading(u32 id) {
        const u64 base = page(id);
        return {at<u32>(base),      at<u64>(base + 8), at<u64>(base + 16),
                at<u32>(base + 24), at<i8>(base + 28), at<u8>(base + 29)};
    }
    // What a program on the CPU finds by its own counter.
    u64 time(u32 id) { return reading(id).time(cpu(id).time_stamp()); }

    orrery::test::FakeBus bus;

private:
    struct Cpu {
        Cpu(CpuEnvironment& board, ProcessorConfiguration configuration)
            : processor(state, board, std::move(configuration)), engine(processor.core(), board.memory()) {
            processor.attach(engine);
            processor.reset();
        }
        State state;
        Processor processor;
        test::FakeEngine engine;
    };
    ParavirtualClock clock_;
    AddressSpace ports_;
    std::unique_ptr<Ram> low_;
    std::vector<std::unique_ptr<Cpu>> cpus_;
};

// By how much a reading may be behind virtual time: a tick, and what the multiplier lacks.
u64 tolerance(u64 ns, u64 hz) { return 2 + 2 * second_ns / hz + (ns >> 31); }

} // namespace

TEST_CASE("the clock's registers are zero at first, and only there with a clock") {
    Board board;
    for (const u32 msr : {wall_clock_msr, system_time_msr}) CHECK(board.read(0, msr) == 0);
    board.write(0, system_time_msr, 0x2001);
    CHECK(board.read(0, system_time_msr) == 0x2001);
    CHECK(board.read(1, system_time_msr) == 0);
    board.write(0, wall_clock_msr, 0x3000);
    CHECK(board.read(1, wall_clock_msr) == 0x3000); // one for all
    CHECK_FALSE(read_msr(board.cpu(0), 0x12));      // those of older guests
    CHECK_FALSE(write_msr(board.cpu(0), wall_clock_msr + 2, 0));
    State state;
    Processor without(state, board, {.features = {}});
    CHECK_FALSE(read_msr(without, system_time_msr));
    CHECK_FALSE(write_msr(without, wall_clock_msr, 0x3000));
}

TEST_CASE("CPUID tells of KVM with a clock, and of nothing that needs hypercalls") {
    Board board;
    const auto leaf = [&](u32 number) { return cpuid(board.cpu(0).identity(), State{}, number, 0); };
    CHECK(leaf(0x4000'0000) == CpuidAnswer{0x4000'0010, 0x4b4d'564b, 0x564b'4d56, 0x4d});
    CHECK(leaf(0x4000'0001) == CpuidAnswer{1 << 3 | 1 << 24, 0, 0, 0});
    CHECK(leaf(0x4000'0010).eax == 1'000'000);
    const Identity without{.features = {}, .model = ""};
    CHECK(cpuid(without, State{}, 0x4000'0001, 0) == CpuidAnswer{});
}

TEST_CASE("what a guest reads is virtual time, whatever the counter's frequency") {
    for (const u64 hz : {u64{1'000'000}, u64{999'999'999}, second_ns, second_ns + 1, u64{2'596'136'000},
                         u64{3'999'000'000}, u64{17'900'000'000}}) {
        INFO(hz);
        Board board(hz);
        board.bus.advance(77);
        board.enable();
        CHECK((board.reading(0).version != 0 && board.reading(0).version % 2 == 0));
        CHECK(board.reading(0).stable());
        for (const u64 step : {u64{0}, u64{1}, u64{1000}, second_ns, 3600 * second_ns, 1'000'000 * second_ns}) {
            board.bus.advance(step);
            const u64 now = board.bus.clock.now_ns();
            INFO(now);
            CHECK(board.time(0) <= now);
            CHECK(now - board.time(0) <= tolerance(now, hz));
            CHECK(board.time(1) == board.time(0));
        }
    }
}

TEST_CASE("at the translator's frequency what a guest reads is virtual time to the nanosecond") {
    Board board;
    board.enable();
    board.bus.advance(400'000 * second_ns + 7);
    CHECK(board.time(0) == 400'000 * second_ns + 7);
}

TEST_CASE("a guest that sets its counter changes no time, and CPUs that differ say so") {
    Board board;
    board.enable();
    board.bus.advance(5 * second_ns);
    board.write(1, tsc, 42);
    CHECK(board.time(1) == 5 * second_ns);
    CHECK_FALSE(board.reading(0).stable());
    CHECK_FALSE(board.reading(1).stable());
    board.bus.advance(second_ns);
    CHECK(board.cpu(1).time_stamp() == second_ns + 42);
    CHECK(board.time(0) == 6 * second_ns);
    CHECK(board.time(1) == 6 * second_ns);
    board.write(0, tsc_adjust, board.read(1, tsc_adjust));
    CHECK(board.reading(0).stable());
    CHECK(board.reading(1).stable());
    CHECK(board.time(0) == 6 * second_ns);
    board.write(1, tsc, ~u64{0} - 5); // overflows
    board.bus.advance(100);
    CHECK(board.time(1) == 6 * second_ns + 100);
}

TEST_CASE("the version is odd while a structure is written, and translated code is told of each store") {
    struct Listener final : MemoryListener {
        explicit Listener(Board& watched) : board(watched) { board.bus.memory.add_listener(*this); }
        ~Listener() override { board.bus.memory.remove_listener(*this); }
        void mapping_changed() override {}
        void tracked_page_written(Ram&, u64, u64) override { seen.push_back(board.reading(0)); }
        Board& board;
        std::vector<Reading> seen;
    };
    Board board;
    board.enable();
    const Reading before = board.reading(0);
    Listener listener(board);
    const auto window = board.bus.memory.view()->find({Board::page(0)});
    window->ram->flags(Board::page(0)).fetch_or(static_cast<u8>(PageFlag::tracked));
    board.write(0, tsc, 1000);
    const Reading after = board.reading(0);
    REQUIRE(listener.seen.size() >= 3);
    for (const Reading& each : listener.seen)
        if (each.version % 2 == 0) CHECK((each.version == after.version && each.tsc_timestamp == after.tsc_timestamp));
    CHECK(listener.seen.front().version % 2 == 1);
    CHECK(listener.seen.front().tsc_timestamp == before.tsc_timestamp);
    CHECK(after.version == before.version + 2);
}

TEST_CASE("the wall clock's date is that of power-on") {
    Board board;
    board.bus.advance(9 * second_ns);
    board.write(1, wall_clock_msr, 0x3000);
    CHECK(board.at<u32>(0x3000) == 2);
    CHECK(board.at<u32>(0x3004) == 1'700'000'000);
    CHECK(board.at<u32>(0x3008) == 123'456'789);
}

TEST_CASE("where there is no RAM, or no alignment, nothing is written") {
    Board board;
    for (const u64 address : {u64{0x5000'0000}, ~u64{0} - 31, Board::rom, ram - 16, u64{0x1002}}) {
        INFO(address);
        board.write(0, system_time_msr, address | 1);
        board.write(0, wall_clock_msr, address < ram ? address | 2 : address);
        CHECK(board.read(0, system_time_msr) == (address | 1));
    }
    board.write(0, wall_clock_msr, 0);
    for (u64 address = 0; address < ram; address += 8) REQUIRE(board.at<u64>(address) == 0);
}

TEST_CASE("a clock that is switched off, by the guest or by INIT, is left alone") {
    for (const bool by_init : {false, true}) {
        Board board;
        board.enable();
        if (by_init) {
            board.cpu(0).init();
            board.cpu(0).take_interrupt();
        } else {
            board.write(0, system_time_msr, Board::page(0)); // bit 0 is clear
        }
        const u32 version = board.reading(0).version;
        board.write(0, tsc, 42);
        CHECK(board.reading(0).version == version);
        CHECK_FALSE(board.reading(1).stable());
        if (by_init) CHECK(board.read(0, system_time_msr) == 0);
    }
}

TEST_CASE("a reset forgets everything but the date") {
    Board board;
    board.enable();
    board.write(0, wall_clock_msr, 0x3000);
    board.write(0, tsc, 42);
    board.paravirtual().reset();
    for (u32 id = 0; id < 2; ++id) board.cpu(id).reset();
    CHECK(board.read(0, system_time_msr) == 0);
    CHECK(board.read(0, wall_clock_msr) == 0);
    board.enable();
    CHECK(board.reading(0).stable());
    board.write(0, wall_clock_msr, 0x3000);
    CHECK(board.at<u32>(0x3004) == 1'700'000'000);
}

TEST_CASE("a restored clock goes on, also where counters have another frequency") {
    Board saved;
    saved.bus.advance(50 * second_ns);
    saved.enable();
    saved.write(1, tsc, 0);
    const std::vector<u8> bytes = orrery::test::save(saved.paravirtual());
    for (const u64 hz : {second_ns, u64{2'596'136'000}}) {
        INFO(hz);
        Board board(hz);
        board.bus.time.set_ns(50 * second_ns);
        for (u32 id = 0; id < 2; ++id) {
            board.cpu(id).core().state() = saved.cpu(id).core().state();
            std::array<u8, 32> page{};
            REQUIRE(saved.bus.memory.read_memory({Board::page(id)}, page));
            REQUIRE(board.bus.memory.write_memory({Board::page(id)}, page));
        }
        REQUIRE(orrery::test::restore(board.paravirtual(), bytes));
        CHECK((board.reading(1).version == saved.reading(1).version) == (hz == second_ns));
        for (u32 id = 0; id < 2; ++id) {
            CHECK(board.read(id, system_time_msr) == (Board::page(id) | 1));
            CHECK(50 * second_ns - board.time(id) <= tolerance(50 * second_ns, hz));
        }
        // The date is the saved machine's, too.
        board.write(0, wall_clock_msr, 0x3000);
        CHECK(board.at<u32>(0x3004) == 1'700'000'000);
    }
}

} // namespace orrery::x86
