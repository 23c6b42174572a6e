// What a CPU tells a sink, on both engines.
#include <array>
#include <cstring>

#include "tests/support/catch.hpp"
#include "tests/support/machine_state.hpp"
#include "tests/support/riscv_test_machine.hpp"
#include "tests/unit/trace/notes.hpp"

using namespace orrery;
using test::RiscvTestMachine;
using test::trace_kind;

namespace {

constexpr u64 base = RiscvTestMachine::ram_base;
constexpr u64 data = base + 0x10000;
constexpr u64 device_base = 0x1000'0000;
constexpr u32 a0 = 10, a1 = 11;

constexpr std::array<u32, 8> program{
    0x00850513, // base + 0:  addi a0, a0, 8
    0x00a5b023, // base + 4:  sd a0, 0(a1)
    0x0005b603, // base + 8:  ld a2, 0(a1)
    0x00a62023, // base + 12: sw a0, 0(a2): to a device, since a2 is a0
    0x00a5a62f, // base + 16: amoadd.w a2, a0, (a1)
    0x00000073, // base + 20: ecall
    0x00000013, // base + 24: nop
    0xfe5ff06f, // base + 28: j base
};

struct Store final : Component, IoHandler {
    Store() : Component("store") {}
    [[nodiscard]] std::string_view type() const override { return "store"; }
    void reset() override {}
    void state(StateVisitor&) override {}
    u64 read(u64, Width) override { return 0; }
    void write(u64, u64, Width) override {}
};

struct Traced {
    explicit Traced(dbt::Engine engine) : guest({.engine = engine}) {
        guest.add_device(std::make_unique<Store>(), device_base, page_size);
        std::array<u8, sizeof program> code{};
        std::memcpy(code.data(), program.data(), code.size());
        guest.write(base, std::span<const u8>(code));
        guest.cpu().set_entry(base, {});
        guest.registers().x[a0] = device_base;
        guest.registers().x[a1] = data;
        guest.registers().mtvec = base + 24;
    }
    void trace(u8 kinds, std::vector<AddressRange> code = {}) {
        TraceFilter filter;
        filter.kinds = kinds;
        filter.code = std::move(code);
        guest.cpu().set_trace(&notes, filter);
    }
    std::vector<std::string> run(u64 instructions) {
        guest.machine().run_until(guest.machine().retired() + instructions);
        return std::exchange(notes.lines, {});
    }
    RiscvTestMachine guest;
    test::TraceNotes notes{base};
};

constexpr u8 all = test::all_trace_kinds;

} // namespace

#define ON_BOTH_ENGINES Traced traced(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

TEST_CASE("a trace tells instructions, accesses, exceptions and jumps in their order") {
    ON_BOTH_ENGINES;
    traced.trace(all);
    CHECK(traced.run(8) ==
          std::vector<std::string>{"0 3 0 instruction 00850513", //
                                   "1 3 4 instruction 00a5b023", "1 3 4 write 8 10000 10000008",
                                   "2 3 8 instruction 0005b603", "2 3 8 read 8 10000 10000008",
                                   "3 3 c instruction 00a62023", //
                                   "3 3 c device write store 4 8 10000008", "3 3 c write 4 ffffffff90000008 10000008",
                                   "4 3 10 instruction 00a5a62f", "4 3 10 read 4 10000 10000008",
                                   "4 3 10 write 4 10000 20000010", //
                                   "5 3 14 instruction 00000073", "5 3 14 exception 11 0 18",
                                   "5 3 18 instruction 00000013", //
                                   "6 3 1c instruction fe5ff06f", "6 3 1c branch 0 0", "7 3 0 instruction 00850513"});
}

TEST_CASE("a trace that ends is told nothing more, and may begin again") {
    ON_BOTH_ENGINES;
    traced.run(100);
    traced.trace(all);
    CHECK_FALSE(traced.run(5).empty());
    traced.guest.cpu().set_trace(nullptr, {});
    CHECK(traced.run(100).empty());
    traced.trace(trace_kind(TraceKind::branches));
    CHECK_FALSE(traced.run(100).empty());
}

TEST_CASE("code outside the traced range is translated as ever, and leads to the traced one") {
    Traced traced(dbt::Engine::baseline);
    traced.trace(trace_kind(TraceKind::instructions), {{base + 24, base + 27}});
    const u64 blocks_before = traced.guest.translator().statistics().code_bytes;
    const std::vector<std::string> lines = traced.run(700);
    CHECK(lines.size() == 100);
    CHECK(traced.guest.translator().statistics().code_bytes > blocks_before);
    for (const std::string& line : lines) CHECK(line.ends_with(" 3 18 instruction 00000013"));
}

TEST_CASE("with everything traced nothing is translated to host code") {
    Traced traced(dbt::Engine::baseline);
    traced.trace(all);
    traced.run(700);
    CHECK(traced.guest.translator().statistics().code_bytes == 0);
}

TEST_CASE("devices alone are traced while all code is translated, with the instruction they belong to") {
    Traced traced(dbt::Engine::baseline);
    traced.trace(trace_kind(TraceKind::devices));
    CHECK(traced.run(7) == std::vector<std::string>{"3 3 c device write store 4 8 10000008"});
    CHECK(traced.guest.translator().statistics().code_bytes > 0);
}

TEST_CASE("other privileges are left out") {
    ON_BOTH_ENGINES;
    TraceFilter filter;
    filter.kinds = all;
    filter.privileges = 0b011;
    traced.guest.cpu().set_trace(&traced.notes, filter);
    CHECK(traced.run(700).empty());
}

TEST_CASE("of memory only the accesses to the wanted addresses are told") {
    ON_BOTH_ENGINES;
    TraceFilter filter;
    filter.kinds = trace_kind(TraceKind::memory);
    filter.data = {{data + 4, data + 4}};
    traced.guest.cpu().set_trace(&traced.notes, filter);
    CHECK(traced.run(5) == std::vector<std::string>{"1 3 4 write 8 10000 10000008", "2 3 8 read 8 10000 10000008"});
}

TEST_CASE("a traced guest ends in the state of an untraced one, wherever it is stopped") {
    const auto engine = GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline);
    Traced traced(engine), untraced(engine);
    traced.trace(all);
    for (const u64 instructions : {1u, 3u, 70u, 1009u, 20'000u}) {
        traced.run(instructions);
        untraced.run(instructions);
        CHECK(traced.guest.machine().retired() == untraced.guest.machine().retired());
        CHECK(test::same_state(traced.guest.machine(), untraced.guest.machine()));
        CHECK(test::same_memory(traced.guest.machine(), untraced.guest.machine()));
    }
}

TEST_CASE("traced code that is overwritten is told with its new bytes") {
    ON_BOTH_ENGINES;
    traced.trace(trace_kind(TraceKind::instructions), {{base, base + 3}});
    CHECK(traced.run(7) == std::vector<std::string>{"0 3 0 instruction 00850513"});
    constexpr std::array<u8, 4> other{0x13, 0x05, 0x05, 0x01}; // addi a0, a0, 16
    traced.guest.machine().memory().write_memory({base}, other);
    CHECK(traced.run(7) == std::vector<std::string>{"7 3 0 instruction 01050513"});
}
