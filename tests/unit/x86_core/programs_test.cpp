// Small x86 programs on both engines: what single instructions don't show.
#include "tests/support/catch.hpp"
#include "tests/support/x86_test_machine.hpp"

#include "cpu/x86/lazy_flags.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 code = 0x10'0000;
constexpr u64 data = 0x20'0000;
constexpr u64 real_code = 0x2'0000;

class Program {
public:
    explicit Program(dbt::Engine engine) : guest(engine, {}) {
        guest.add_ram("code", code, 0x1'0000);
        guest.add_ram("data", data, 0x2'0000);
        guest.add_ram("real-mode code", real_code, 0x1'0000);
        guest.state().pc = code;
        guest.state().r[gpr::rsp] = data + 0x1000;
    }
    void write(std::initializer_list<u8> bytes, u64 address = code) { guest.write(address, std::vector<u8>(bytes)); }
    // Real mode, with CS at `real_code`, and all other segments and vectors at 0.
    void enter_real_mode() {
        guest.state() = {};
        guest.state().segment(Segment::cs) = {real_code, 0xffff, real_code >> 4, data_at_reset | access::code};
        guest.state().pc = real_code;
        guest.state().r[gpr::rsp] = 0x6ffe;
        guest.cpu().restored();
    }
    u64 r(u32 number) { return guest.state().r[number]; }
    u64 pc() { return guest.state().pc; }

    orrery::test::X86TestMachine guest;
};

} // namespace

#define ON_BOTH_ENGINES Program program(GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline))

TEST_CASE("loops, calls and returns") {
    ON_BOTH_ENGINES;
    program.write({0xb9, 10,   0, 0, 0, // mov ecx, 10
                   0x31, 0xc0,          // xor eax, eax
                   0x01, 0xc8,          // add eax, ecx
                   0xe2, 0xfc,          // loop
                   0xe8, 2,    0, 0, 0, // call
                   0xeb, 0xfe,          // jmp to itself
                   0x83, 0xc0, 1,       // add eax, 1
                   0xc3});              // ret
    program.guest.cpu().run(40);
    CHECK(program.r(gpr::rax) == 56);
    CHECK(program.pc() == code + 16);
    CHECK(program.r(gpr::rsp) == data + 0x1000);
}

TEST_CASE("each conditional jump goes where its condition says, whatever the flags come from") {
    ON_BOTH_ENGINES;
    for (const u64 a : {u64{0}, u64{1}, u64{0x7fff'ffff}, u64{0x8000'0000}, u64{0xffff'ffff}}) {
        for (const u64 b : {u64{0}, u64{1}, u64{0x7fff'ffff}, u64{0x8000'0000}, u64{0xffff'ffff}}) {
            for (u32 condition = 0; condition < 16; ++condition) {
                // cmp eax, ecx; jcc over a jump to itself
                program.write({0x39, 0xc8, static_cast<u8>(0x70 + condition), 2, 0xeb, 0xfe, 0xeb, 0xfe});
                program.guest.state().pc = code;
                program.guest.state().r[gpr::rax] = a;
                program.guest.state().r[gpr::rcx] = b;
                program.guest.cpu().run(8);
                const bool taken = condition_holds(current_flags(program.guest.state()), condition);
                CHECK(program.pc() == code + (taken ? 6 : 4));
                program.guest.state().pc = code + 2; // now the flags come from elsewhere
                program.guest.cpu().run(8);
                CHECK(program.pc() == code + (taken ? 6 : 4));
            }
        }
    }
}

TEST_CASE("indirect jumps and calls go through registers and memory") {
    ON_BOTH_ENGINES;
    program.write({0xff, 0xd0, // call rax
                   0xff, 0x23, // jmp [rbx]
                   0x90});
    program.write({0xff, 0xc1, 0xc3}, code + 0x100); // inc ecx; ret
    program.write({0xff, 0xc1, 0xeb, 0xfe}, code + 0x200);
    constexpr u64 target = code + 0x200;
    program.guest.write(data, {reinterpret_cast<const u8*>(&target), sizeof target});
    program.guest.state().r[gpr::rax] = code + 0x100;
    program.guest.state().r[gpr::rbx] = data;
    program.guest.cpu().run(10);
    CHECK(program.r(gpr::rcx) == 2);
    CHECK(program.pc() == code + 0x202);
}

TEST_CASE("a long repeated move is done in parts and moves everything") {
    ON_BOTH_ENGINES;
    std::vector<u8> pattern(20'000);
    for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<u8>(i * 7);
    program.guest.write(data, pattern);
    program.write({0xf3, 0xa4, 0xeb, 0xfe}); // rep movsb
    program.guest.state().r[gpr::rsi] = data;
    program.guest.state().r[gpr::rdi] = data + 0x8000;
    program.guest.state().r[gpr::rcx] = pattern.size();
    program.guest.cpu().run(20);
    CHECK(program.pc() == code + 2);
    CHECK(program.r(gpr::rcx) == 0);
    CHECK(program.r(gpr::rdi) == data + 0x8000 + pattern.size());
    std::vector<u8> moved(pattern.size());
    REQUIRE(program.guest.machine().memory().read_memory({data + 0x8000}, moved));
    CHECK(moved == pattern);
}

TEST_CASE("code that writes the instruction behind it runs what it wrote") {
    ON_BOTH_ENGINES;
    program.write({0xc6, 0x05, 0, 0, 0, 0, 0x41, // mov byte [rip + 0], 0x41: the inc below becomes one of r9
                   0xff, 0xc1, 0xeb, 0xfe});
    program.write({0x41, 0xff, 0xc1, 0xeb, 0xfe}, code + 7);
    program.write({0x40}, code + 7); // inc ecx, with a prefix that says nothing
    program.guest.cpu().run(6);
    CHECK(program.r(gpr::rcx) == 0);
    CHECK(program.r(9) == 1);
}

TEST_CASE("a fault in the middle of a block leaves the registers of the instructions before it") {
    ON_BOTH_ENGINES;
    program.write({0xff, 0xc0, // inc eax
                   0x31, 0xc9, // xor ecx, ecx
                   0xf7, 0xf1, // div ecx
                   0xff, 0xc0, 0xeb, 0xfe});
    program.guest.cpu().run(10);
    const auto taken = program.guest.taken();
    REQUIRE(taken);
    CHECK(taken->vector == vector::de);
    CHECK(program.r(gpr::rax) == 1);
    CHECK((taken->flags & flag::zero) != 0);
}

TEST_CASE("under TF a debug exception follows every instruction") {
    ON_BOTH_ENGINES;
    program.write({0xff, 0xc0, 0xff, 0xc0, 0xeb, 0xfe});
    set_flags(program.guest.state(), flag::trap);
    program.guest.cpu().run(3);
    const auto taken = program.guest.taken();
    REQUIRE(taken);
    CHECK(taken->vector == vector::db);
    CHECK(program.r(gpr::rax) == 1);
    CHECK((program.guest.state().dr6 & (1 << 14)) != 0);
    CHECK((taken->flags & flag::trap) != 0);
}

TEST_CASE("privileged and unknown instructions are the exceptions that they should be") {
    ON_BOTH_ENGINES;
    program.write({0xf4}); // hlt
    program.guest.cpu().run(4);
    CHECK(program.guest.taken()->vector == vector::gp);
    program.guest.begin_anew();
    program.guest.state().pc = code;
    program.write({0x0f, 0x0b}); // ud2
    program.guest.cpu().restored();
    program.guest.cpu().run(4);
    CHECK(program.guest.taken()->vector == vector::ud);
}

TEST_CASE("real mode adds segments, and interrupts go through the vectors and back") {
    ON_BOTH_ENGINES;
    program.enter_real_mode();
    program.write({0xb8, 0x34, 0x12, // mov ax, 0x1234
                   0x8e, 0xd8,       // mov ds, ax
                   0xcd, 0x20,       // int 0x20
                   0x40,             // inc ax
                   0xeb, 0xfe},
                  real_code);
    program.write({0xbb, 0x55, 0xaa, 0xcf}, real_code + 0x800); // mov bx, 0xaa55; iret
    // The vectors lie where the paging tables were; RAM begins there.
    program.guest.state().idtr = {0x2000, 0x3ff};
    constexpr u32 vector = static_cast<u32>(real_code >> 4) << 16 | 0x800;
    program.guest.write(0x2000 + 0x20 * 4, {reinterpret_cast<const u8*>(&vector), sizeof vector});
    program.guest.cpu().run(20);
    CHECK((program.r(gpr::rax) & 0xffff) == 0x1235);
    CHECK((program.r(gpr::rbx) & 0xffff) == 0xaa55);
    CHECK(program.guest.state().segment(Segment::ds).base == 0x12340);
    CHECK(program.pc() == real_code + 8);
    CHECK(program.r(gpr::rsp) == 0x6ffe);
}

TEST_CASE("16-bit jumps wrap within the segment") {
    ON_BOTH_ENGINES;
    program.enter_real_mode();
    program.write({0xeb, 0x10}, real_code + 0xfff8); // to 0xfffa + 0x10
    program.write({0xeb, 0xfe}, real_code + 0xa);
    program.guest.state().pc = real_code + 0xfff8;
    program.guest.cpu().run(4);
    CHECK(program.pc() == real_code + 0xa);
}

} // namespace orrery::x86
