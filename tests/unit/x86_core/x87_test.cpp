// The x87 unit and the system: when instructions fault, what a fault leaves, pending exceptions, and the unit's state
// in memory. What instructions compute is compared with the host's processor by tests/differ/x86.
#include "tests/support/catch.hpp"
#include "tests/support/x86_test_machine.hpp"

#include "cpu/x86/fault.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 code = 0x10'0000;
constexpr u64 data = 0x20'0000;
constexpr u64 low = 0x2'0000;
// Behind it nothing is mapped.
constexpr u64 last_page = 0xffff'f000;

class X87Program {
public:
    explicit X87Program(dbt::Engine engine) : guest(engine, {Feature::sse3}) {
        guest.add_ram("code", code, page_size);
        guest.add_ram("data", data, page_size);
        guest.add_ram("low", low, page_size);
        guest.add_ram("last", last_page, page_size);
        initialize_x87(state().x87);
        state().r[gpr::rdi] = data;
        state().r[gpr::rsp] = data + page_size;
    }
    State& state() { return guest.state(); }
    X87& x87() { return guest.state().x87; }
    // Executes so many instructions; the vector of the exception that came.
    std::optional<u8> run(std::initializer_list<u8> bytes, u64 count = 1, u64 at = code) {
        std::vector<u8> instructions(bytes);
        instructions.insert(instructions.end(), {0xeb, 0xfe});
        guest.write(at, instructions);
        state().pc = at;
        guest.cpu().restored();
        guest.cpu().run(count);
        const auto taken = guest.taken();
        return taken ? std::optional(taken->vector) : std::nullopt;
    }
    void write(u64 address, const auto& value) {
        guest.write(address, {reinterpret_cast<const u8*>(&value), sizeof value});
    }
    template <typename T> T read(u64 address) {
        T value{};
        REQUIRE(guest.machine().memory().read_memory({address}, {reinterpret_cast<u8*>(&value), sizeof value}));
        return value;
    }
    void enter_ring_0() {
        for (SegmentCache& segment : state().segments)
            segment.rights = static_cast<u16>(segment.rights & ~(3 << access::dpl_low));
    }
    // Real mode, with all segments at `low`.
    void enter_real_mode() {
        const X87 before = x87();
        state() = {};
        state().cr0 |= cr0::ne;
        x87() = before;
        for (SegmentCache& segment : state().segments) {
            segment.base = low;
            segment.selector = low >> 4;
        }
        guest.cpu().restored();
    }
    // 32-bit code of ring 3 in flat segments.
    void enter_32_bits() {
        SegmentCache& cs = state().segment(Segment::cs);
        cs.rights = static_cast<u16>((cs.rights & ~access::long_mode) | access::big);
    }

    orrery::test::X86TestMachine guest;
};

#define ON_BOTH_ENGINES X87Program program(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

constexpr u16 invalid_unmasked = 0x037e;

} // namespace

TEST_CASE("CR0.EM and CR0.TS keep from the x87 unit, and fwait heeds TS with MP alone") {
    ON_BOTH_ENGINES;
    struct Setting {
        u64 bits;
        bool unit, wait;
    };
    const auto [bits, unit, wait] =
        GENERATE(Setting{0, false, false}, Setting{cr0::em, true, false}, Setting{cr0::ts, true, false},
                 Setting{cr0::mp, false, false}, Setting{cr0::ts | cr0::mp, true, true});
    const auto expected = [](bool faults) { return faults ? std::optional(vector::nm) : std::nullopt; };
    for (const auto& instruction : {std::initializer_list<u8>{0xd9, 0xe8}, {0xdb, 0xe3}, {0xdf, 0xe0}, {0xd9, 0x2f}}) {
        program.guest.begin_anew();
        program.state().r[gpr::rdi] = data;
        program.state().cr0 |= bits;
        CHECK(program.run(instruction) == expected(unit));
    }
    program.guest.begin_anew();
    program.state().cr0 |= bits;
    CHECK(program.run({0x9b}) == expected(wait));
}

TEST_CASE("an unmasked exception is raised by the next instruction that waits") {
    ON_BOTH_ENGINES;
    program.x87().control = invalid_unmasked;
    SECTION("by one of the unit") {
        // faddp of an empty stack; nop; fnstsw ax; fld1
        CHECK(program.run({0xde, 0xc1, 0x90, 0xdf, 0xe0, 0xd9, 0xe8}, 4) == vector::mf);
        CHECK((program.state().r[gpr::rax] & 0xffff) == 0x80c1);
    }
    SECTION("by fwait") { CHECK(program.run({0xde, 0xc1, 0x9b}, 2) == vector::mf); }
    SECTION("by an MMX instruction") { CHECK(program.run({0xde, 0xc1, 0x0f, 0x6f, 0xc1}, 2) == vector::mf); }
    SECTION("and not after fnclex") {
        CHECK_FALSE(program.run({0xde, 0xc1, 0xdb, 0xe2, 0xd9, 0xe8}, 3));
        CHECK(program.x87().status == 0);
    }
    SECTION("nor after fninit") {
        CHECK_FALSE(program.run({0xde, 0xc1, 0xdb, 0xe3, 0xd9, 0xe8}, 3));
        CHECK(program.x87().valid == 0x80);
    }
    SECTION("which comes before the fault of its operand") {
        program.state().r[gpr::rdi] = u64{1} << 32;
        CHECK(program.run({0xde, 0xc1, 0xdd, 0x07}, 2) == vector::mf);
    }
}

TEST_CASE("unmasking makes an old exception pending, and masking takes that back") {
    ON_BOTH_ENGINES;
    program.x87().status = 1;
    program.write(data, invalid_unmasked);
    program.write(data + 2, u16{0x037f});
    SECTION("unmasked") { CHECK(program.run({0xd9, 0x2f, 0xd9, 0xe8}, 2) == vector::mf); }
    SECTION("by an environment") {
        // fnstenv [rdi+16]; mov word ptr [rdi+16], ax; fldenv [rdi+16]; fwait
        program.state().r[gpr::rax] = invalid_unmasked;
        CHECK(program.run({0xd9, 0x77, 0x10, 0x66, 0x89, 0x47, 0x10, 0xd9, 0x67, 0x10, 0x9b}, 4) == vector::mf);
    }
    SECTION("and fnstenv masks all") {
        program.x87().control = invalid_unmasked;
        program.x87().status = 0x8081;
        CHECK_FALSE(program.run({0xd9, 0x37, 0xd9, 0xe8}, 2));
        CHECK(program.read<u16>(data + 4) == 0x8081);
        CHECK(program.x87().status == 1);
        CHECK(program.x87().control == 0x037f);
    }
}

TEST_CASE("with CR0.NE clear the board hears of an exception, and the processor waits") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    program.x87().control = invalid_unmasked;
    program.state().cr0 &= ~cr0::ne;
    SECTION("without such a board there is #MF") { CHECK(program.run({0xde, 0xc1, 0xd9, 0xe8}, 2) == vector::mf); }
    SECTION("IGNNE# lets it go on") {
        CHECK_FALSE(program.run({0xde, 0xc1}));
        program.guest.processor().set_irq(Processor::ignne_pin, true);
        CHECK_FALSE(program.run({0xd9, 0xe8}));
        CHECK(program.x87().valid == 0x80);
        // fnclex; fcomp of nothing, whose exception is another; fld1
        CHECK(program.run({0xdb, 0xe2, 0xd8, 0xdb, 0xd9, 0xe8}, 4) == vector::mf);
    }
}

TEST_CASE("a processor without CR0.NE tells its board and halts before the instruction") {
    const auto engine = GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline);
    u32 told = 0;
    orrery::test::X86TestMachine guest(engine, {}, {}, [&] { ++told; });
    guest.add_ram("code", code, page_size);
    guest.write(code, std::array<u8, 6>{0xde, 0xc1, 0xd9, 0xe8, 0xeb, 0xfe});
    initialize_x87(guest.state().x87);
    guest.state().x87.control = invalid_unmasked;
    guest.state().cr0 &= ~cr0::ne;
    guest.state().pc = code;
    guest.cpu().restored();
    CHECK(guest.cpu().run(10) == ExitReason::halted);
    CHECK(told == 1);
    CHECK(guest.state().pc == code + 2);
}

TEST_CASE("a store that faults leaves the stack and the status alone") {
    ON_BOTH_ENGINES;
    REQUIRE_FALSE(program.run({0xd9, 0xeb}));
    const u64 beyond = u64{1} << 32;
    const X87 before = program.x87();
    const auto instruction =
        GENERATE(as<std::vector<u8>>{}, std::vector<u8>{0xd9, 0x1f}, std::vector<u8>{0xdd, 0x1f},
                 std::vector<u8>{0xdb, 0x3f}, std::vector<u8>{0xdf, 0x37}, std::vector<u8>{0xdf, 0x3f},
                 std::vector<u8>{0xd9, 0x37}, std::vector<u8>{0xdd, 0x37});
    program.state().r[gpr::rdi] = beyond - (instruction[0] == 0xd9 ? 2 : 4);
    program.write(beyond - 4, u32{0x1234'5678});
    CHECK(program.run({instruction[0], instruction[1]}) == vector::pf);
    CHECK(program.x87().top == before.top);
    CHECK(program.x87().valid == before.valid);
    CHECK(program.x87().status == before.status);
    CHECK(program.read<u32>(beyond - 4) == 0x1234'5678);
}

TEST_CASE("a store with an unmasked exception doesn't touch memory, but for one of precision") {
    ON_BOTH_ENGINES;
    program.x87().registers[0] = {0xc90f'daa2'2168'c235, 0x7000};
    program.x87().valid = 1;
    program.write(data, u32{0x5555'5555});
    SECTION("overflow") {
        program.x87().control = 0x0377;
        CHECK_FALSE(program.run({0xd9, 0x1f}));
        CHECK(program.read<u32>(data) == 0x5555'5555);
        CHECK(program.x87().valid == 1);
        CHECK(program.x87().status == 0x8088);
        CHECK(program.x87().data == data);
        CHECK(program.x87().instruction == code);
        CHECK(program.x87().opcode == 0x11f);
    }
    SECTION("precision") {
        program.x87().control = 0x035f;
        program.x87().registers[0].sign_exponent = 0x4000;
        CHECK_FALSE(program.run({0xd9, 0x1f}));
        CHECK(program.read<u32>(data) == 0x4049'0fdb);
        CHECK(program.x87().valid == 0);
        CHECK(program.x87().status == 0x82a0);
    }
}

TEST_CASE("single steps trap behind x87 instructions, also behind one that makes an exception pending") {
    ON_BOTH_ENGINES;
    program.x87().control = invalid_unmasked;
    set_flags(program.state(), flag::interrupt | flag::trap);
    CHECK(program.run({0xde, 0xc1}, 2) == vector::db);
    CHECK((program.state().dr6 & 1 << 14) != 0);
    CHECK(program.x87().status == 0x80c1);
}

TEST_CASE("an angle beyond 2^63 is left alone, and C2 says so") {
    ON_BOTH_ENGINES;
    const u8 function = GENERATE(as<u8>{}, 0xfe, 0xff, 0xfb, 0xf2); // fsin, fcos, fsincos, fptan
    program.x87().registers[0] = {u64{1} << 63, 0x3fff + 63};
    program.x87().valid = 1;
    program.x87().status = x87_status::c1;
    CHECK_FALSE(program.run({0xd9, function}));
    CHECK(program.x87().status == x87_status::c2);
    CHECK(program.x87().top == 0);
    CHECK(program.x87().registers[0].sign_exponent == 0x3fff + 63);
    program.x87().registers[0].sign_exponent = 0x3fff;
    CHECK_FALSE(program.run({0xd9, function}));
    CHECK((program.x87().status & x87_status::c2) == 0);
}

namespace {

// A state with something in every field.
void fill(X87& x87) {
    x87.control = 0x027f;
    x87.status = 0x4123;
    x87.top = 6;
    x87.valid = 0b1100'0001;
    x87.registers[6] = {u64{1} << 63, 0x3fff};
    x87.registers[7] = {0, 0x8000};
    x87.registers[0] = {u64{3} << 62, 0xffff};
    x87.registers[5] = {0x1234, 0x5678};
    x87.opcode = 0x5a5;
    x87.instruction = 0x000d'4321;
    x87.data = 0x000e'8765;
}
constexpr u16 status_word = 0x4123 | 6 << 11;
// Empty are 1 to 5; 0 is special, 6 valid, 7 zero.
constexpr u16 tag_word = 0b01'00'11'11'11'11'11'10;

void check_filled(X87& x87, u16 opcode, u32 pointer_mask) {
    X87 expected;
    fill(expected);
    CHECK(x87.control == expected.control);
    CHECK(x87.status == expected.status);
    CHECK(x87.top == expected.top);
    CHECK(x87.valid == expected.valid);
    CHECK(x87.opcode == opcode);
    CHECK(x87.instruction == (expected.instruction & pointer_mask));
    CHECK(x87.data == (expected.data & pointer_mask));
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(x87.registers[i].significand == expected.registers[i].significand);
        CHECK(x87.registers[i].sign_exponent == expected.registers[i].sign_exponent);
    }
}

} // namespace

TEST_CASE("the state in memory: protected mode, 32 bits") {
    ON_BOTH_ENGINES;
    fill(program.x87());
    if (GENERATE(false, true)) program.enter_32_bits();
    CHECK_FALSE(program.run({0xdd, 0x37}));
    const auto image = program.read<std::array<u32, 7>>(data);
    CHECK(image == std::array<u32, 7>{0xffff'027f, 0xffff'0000 | status_word, 0xffff'0000 | tag_word, 0xd'4321,
                                      0x5a5 << 16, 0xe'8765, 0xffff'0000});
    CHECK(program.read<u64>(data + 28) == u64{1} << 63);
    CHECK(program.read<u16>(data + 36) == 0x3fff);
    CHECK(program.read<u16>(data + 46) == 0x8000);
    CHECK(program.x87().control == 0x037f);
    CHECK(program.x87().valid == 0);
    CHECK(program.x87().status == 0);
    CHECK_FALSE(program.run({0xdd, 0x27}));
    check_filled(program.x87(), 0x5a5, 0xffff'ffff);
}

TEST_CASE("the state in memory: protected mode, 16 bits") {
    ON_BOTH_ENGINES;
    fill(program.x87());
    CHECK_FALSE(program.run({0x66, 0xdd, 0x37}));
    const auto image = program.read<std::array<u16, 7>>(data);
    CHECK(image == std::array<u16, 7>{0x027f, status_word, tag_word, 0x4321, 0, 0x8765, 0});
    CHECK(program.read<u64>(data + 14) == u64{1} << 63);
    CHECK_FALSE(program.run({0x66, 0xdd, 0x27}));
    check_filled(program.x87(), 0, 0xffff);
}

TEST_CASE("the state in memory: real mode") {
    ON_BOTH_ENGINES;
    fill(program.x87());
    program.enter_real_mode();
    program.state().r[gpr::rbx] = 0x100;
    const bool wide = GENERATE(false, true);
    if (wide) {
        CHECK_FALSE(program.run({0x66, 0xdd, 0x37}, 1, low));
        const auto image = program.read<std::array<u32, 7>>(low + 0x100);
        CHECK(image == std::array<u32, 7>{0xffff'027f, 0xffff'0000 | status_word, 0xffff'0000 | tag_word, 0xffff'4321,
                                          0xd << 12 | 0x5a5, 0xffff'8765, 0xe << 12});
        CHECK_FALSE(program.run({0x66, 0xdd, 0x27}, 1, low));
    } else {
        CHECK_FALSE(program.run({0xdd, 0x37}, 1, low));
        const auto image = program.read<std::array<u16, 7>>(low + 0x100);
        CHECK(image == std::array<u16, 7>{0x027f, status_word, tag_word, 0x4321, 0xd5a5, 0x8765, 0xe000});
        CHECK_FALSE(program.run({0xdd, 0x27}, 1, low));
    }
    check_filled(program.x87(), 0x5a5, 0xffff'ffff);
}

TEST_CASE("the instruction pointer is an offset in protected mode and linear in real mode") {
    ON_BOTH_ENGINES;
    CHECK_FALSE(program.run({0xd9, 0xe8, 0xd9, 0xd0, 0xdf, 0xe0}, 3));
    CHECK(program.x87().instruction == code + 2); // of fnop, and not of fnstsw
    program.enter_real_mode();
    CHECK_FALSE(program.run({0xd9, 0xe8}, 1, low + 0x10));
    CHECK(program.x87().instruction == low + 0x10);
}

} // namespace orrery::x86
