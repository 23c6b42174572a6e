// What an x86 CPU tells a sink of the memory that C++ accesses for it, on both engines.
#include <initializer_list>

#include "tests/support/catch.hpp"
#include "tests/support/machine_state.hpp"
#include "tests/support/x86_test_machine.hpp"
#include "tests/unit/trace/notes.hpp"

using namespace orrery;

namespace {

constexpr u64 base = 0x10'0000;
constexpr u64 data = base + 0x1000;

struct Traced {
    explicit Traced(dbt::Engine engine) : guest(engine, {x86::Feature::cx16}) {
        guest.add_ram("code and data", base, 0x1'0000);
        guest.state().pc = base;
        guest.state().r[x86::gpr::rsi] = data;
        guest.state().r[x86::gpr::rdi] = data + 0x100;
        guest.state().r[x86::gpr::rsp] = base + 0x8000;
    }
    void trace() {
        guest.cpu().set_trace(&notes, {.kinds = test::trace_kind(TraceKind::memory), .code = {}, .data = {}});
    }
    // Executes so many instructions of this code, traced.
    std::vector<std::string> run(std::initializer_list<u8> code, u64 instructions) {
        guest.write(base, std::vector<u8>(code));
        trace();
        guest.cpu().run(instructions);
        return notes.lines;
    }
    void put(u64 address, u64 value) { guest.write(address, {reinterpret_cast<const u8*>(&value), sizeof value}); }

    test::X86TestMachine guest;
    test::TraceNotes notes{base};
};

using Lines = std::vector<std::string>;

} // namespace

#define ON_BOTH_ENGINES Traced traced(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

TEST_CASE("repeated string instructions tell every element") {
    ON_BOTH_ENGINES;
    traced.put(data, 0x332211);
    traced.guest.state().r[x86::gpr::rcx] = 3;
    CHECK(traced.run({0xf3, 0xa4}, 1) == Lines{"0 3 0 read 1 1000 11", "0 3 0 write 1 1100 11", "0 3 0 read 1 1001 22",
                                               "0 3 0 write 1 1101 22", "0 3 0 read 1 1002 33",
                                               "0 3 0 write 1 1102 33"});
}

TEST_CASE("locked operations tell a read and a write, and a comparison that fails its read") {
    ON_BOTH_ENGINES;
    traced.put(data, 5);
    traced.put(data + 0x100, 6);
    traced.guest.state().r[x86::gpr::rax] = 7;
    traced.guest.state().r[x86::gpr::rdx] = 1;
    CHECK(traced.run({0xf0, 0x48, 0x01, 0x06,       // lock add [rsi], rax
                      0xf0, 0x48, 0x0f, 0xb1, 0x17, // lock cmpxchg [rdi], rdx
                      0x48, 0x0f, 0xc7, 0x0f},      // cmpxchg16b [rdi]
                     3) == Lines{"0 3 0 read 8 1000 5", "0 3 0 write 8 1000 c", "1 3 4 read 8 1100 6",
                                 "1 3 4 write 8 1100 6", "2 3 9 read 8 1100 6", "2 3 9 read 8 1108 0"});
}

TEST_CASE("x87 and vector stores tell what they write") {
    ON_BOTH_ENGINES;
    traced.put(data, 0x1122'3344'5566'7788);
    CHECK(traced.run({0x0f, 0x10, 0x06,       // movups xmm0, [rsi]
                      0x0f, 0x29, 0x47, 0x10, // movaps [rdi + 16], xmm0
                      0xd9, 0xe8,             // fld1
                      0xdb, 0x3f},            // fstp tbyte [rdi]
                     4) == Lines{"0 3 0 read 8 1000 1122334455667788", "0 3 0 read 8 1008 0",
                                 "1 3 3 write 8 1110 1122334455667788", "1 3 3 write 8 1118 0",
                                 "3 3 9 write 8 1100 8000000000000000", "3 3 9 write 2 1108 3fff"});
}

TEST_CASE("descriptors, gates and stacks are told of the instruction that needs them") {
    ON_BOTH_ENGINES;
    constexpr u64 gdt = 0x3000 - base, idt = 0x4000 - base, task = 0x5000 - base, stack = 0x7000 - base;
    const Lines lines = traced.run({0x90, 0x0f, 0x0b}, 2); // ud2
    const auto told = [](std::string_view what, u32 size, u64 address) {
        return fmt::format("1 3 1 {} {} {:x} ", what, size, address);
    };
    Lines begins;
    for (const std::string& line : lines)
        if (line.starts_with("1 3 1 ")) begins.push_back(line.substr(0, line.rfind(' ') + 1));
    CHECK(begins == Lines{told("read", 8, idt + 6 * 16), told("read", 8, idt + 6 * 16 + 8), told("read", 8, gdt + 8),
                          told("read", 8, task + 4), told("write", 8, stack - 8), told("write", 8, stack - 16),
                          told("write", 8, stack - 24), told("write", 8, stack - 32), told("write", 8, stack - 40)});
}

TEST_CASE("a guest whose tables have changed behind its back goes on with what was remembered, traced or not") {
    const auto engine = GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline);
    Traced traced(engine), untraced(engine);
    for (Traced* each : {&traced, &untraced}) {
        each->guest.write(base, std::vector<u8>{0xa4, 0xa4}); // movsb, twice
        each->guest.cpu().run(1);
    }
    traced.trace();
    for (Traced* each : {&traced, &untraced}) {
        each->put(0x2000, 0); // the first GiB isn't mapped any more, and the guest doesn't say so to its CPU
        each->guest.cpu().run(1);
    }
    CHECK(test::same_state(traced.guest.machine(), untraced.guest.machine()));
}
