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
    // 64-bit code of ring 0.
    void enter_ring_0() {
        for (SegmentCache& segment : guest.state().segments)
            segment.rights = static_cast<u16>(segment.rights & ~(3 << access::dpl_low));
        guest.state().segment(Segment::cs).selector = 8;
        guest.state().segment(Segment::ss).selector = 0;
        guest.cpu().restored();
    }
    u64 r(u32 number) { return guest.state().r[number]; }
    u64 pc() { return guest.state().pc; }
    u8 first_byte_of_data() {
        std::array<u8, 1> byte{};
        REQUIRE(guest.machine().memory().read_memory({data}, byte));
        return byte[0];
    }

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

TEST_CASE("strings of any overlap and direction are moved as if element by element") {
    ON_BOTH_ENGINES;
    constexpr u64 memory_bytes = 0x8000, from = 0x3ff3, count = 1300;
    const auto move = [&](bool down, u64 size, i64 distance, bool repeated) {
        CAPTURE(down, size, distance, repeated);
        std::vector<u8> expected(memory_bytes);
        for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<u8>(i * 7 + i / 256);
        program.guest.write(data, expected);
        u64 source = from, target = static_cast<u64>(static_cast<i64>(from) + distance);
        State& state = program.guest.state();
        state.pc = code;
        state.r[gpr::rsi] = data + source;
        state.r[gpr::rdi] = data + target;
        state.r[gpr::rcx] = count;
        for (u64 i = 0; i < count; ++i) {
            std::copy_n(expected.begin() + static_cast<i64>(source), size, expected.begin() + static_cast<i64>(target));
            source = down ? source - size : source + size;
            target = down ? target - size : target + size;
        }
        std::vector<u8> bytes{down ? u8{0xfd} : u8{0xfc}}; // std or cld
        if (repeated) bytes.push_back(0xf3);
        if (size == 2) bytes.push_back(0x66);
        if (size == 8) bytes.push_back(0x48);
        bytes.push_back(size == 1 ? 0xa4 : 0xa5);
        if (!repeated) bytes.insert(bytes.end(), {0xe2, static_cast<u8>(-1 - static_cast<i64>(bytes.size()))}); // loop
        bytes.insert(bytes.end(), {0xeb, 0xfe});
        program.guest.write(code, bytes);
        program.guest.cpu().run(3 * count);
        CHECK(program.r(gpr::rcx) == 0);
        CHECK(program.r(gpr::rsi) == data + source);
        CHECK(program.r(gpr::rdi) == data + target);
        std::vector<u8> moved(memory_bytes);
        REQUIRE(program.guest.machine().memory().read_memory({data}, moved));
        CHECK(moved == expected);
    };
    for (const bool down : {false, true})
        for (const u64 size : {u64{1}, u64{2}, u64{4}, u64{8}})
            for (const i64 distance : {-4000, -24, -8, 0, 8, 24, 3000})
                for (const bool repeated : {false, true}) move(down, size, distance, repeated);
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

// Blocks are linked when they are run for the second time, and then go on into each other without a look from C++.
TEST_CASE("a call whose return address falls on other code goes to its target all the same") {
    ON_BOTH_ENGINES;
    constexpr u64 overwritten = code + 0x40; // where the last call's return address goes
    program.write({0xc3}, overwritten);
    program.write({0xe8, 0x3b, 0, 0, 0,      // call the code that will be overwritten
                   0xe8, 0x16, 0, 0, 0,      // call the function
                   0xff, 0xc2, 0xeb, 0xfe}); // inc edx; jmp to itself
    program.write({0x01, 0x0e,               // the function: add [rsi], ecx
                   0xff, 0xc0, 0xc3},        // inc eax; ret
                  code + 0x20);
    program.guest.state().r[gpr::rsi] = data;
    program.guest.state().r[gpr::rcx] = 1;
    for (u32 i = 0; i < 3; ++i) {
        program.guest.state().pc = code;
        program.guest.cpu().run(40);
    }
    program.guest.state().pc = code + 5;
    program.guest.state().r[gpr::rsp] = overwritten + 8;
    program.guest.cpu().run(40);
    CHECK(program.r(gpr::rax) == 4);
    CHECK(program.r(gpr::rdx) == 4);
    CHECK(program.r(gpr::rsp) == overwritten + 8);
    CHECK(program.first_byte_of_data() == 4);
}

TEST_CASE("an atomic operation on code is made once, and what is behind it runs once") {
    ON_BOTH_ENGINES;
    program.write({0xe8, 0x3b, 0, 0, 0,    // call the code that will be changed
                   0xf0, 0x01, 0x17,       // lock add [rdi], edx
                   0x01, 0x0e,             // add [rsi], ecx
                   0xeb, 0xfe});           // jmp to itself
    program.write({0xff, 0xc0, 0xc3, 0}, code + 0x40); // inc eax; ret
    program.guest.state().r[gpr::rsi] = data;
    program.guest.state().r[gpr::rdi] = code + 0x40;
    program.guest.state().r[gpr::rcx] = 1;
    for (u32 i = 0; i < 3; ++i) {
        program.guest.state().pc = code;
        program.guest.cpu().run(40);
    }
    program.guest.state().pc = code;
    program.guest.state().r[gpr::rdx] = 0x800; // makes it a dec
    program.guest.cpu().run(40);
    CHECK(program.first_byte_of_data() == 4);
    program.guest.state().r[gpr::rdx] = 0;
    program.guest.state().pc = code;
    program.guest.cpu().run(40);
    CHECK(program.r(gpr::rax) == 3);
    CHECK(program.first_byte_of_data() == 5);
}

TEST_CASE("an atomic operation on its own last bytes and the next instruction's is followed by the new one") {
    ON_BOTH_ENGINES;
    constexpr u64 start = code + 4; // the first instruction ends with the first byte of an aligned quadword
    program.write({0xf0, 0x48, 0x0f, 0xc1, 0x17, // lock xadd [rdi], rdx
                   0x83, 0xc0, 0x01,             // add eax, 1
                   0xeb, 0xfe},                  // jmp to itself
                  start);
    const auto run = [&](u64 address, u64 addend) {
        program.guest.state().pc = start;
        program.guest.state().r[gpr::rdi] = address;
        program.guest.state().r[gpr::rdx] = addend;
        program.guest.cpu().run(40);
    };
    for (u32 i = 0; i < 3; ++i) run(data, 0);
    CHECK(program.r(gpr::rax) == 3);
    run(code + 8, 0x0f00'0000); // add eax, 0x10
    CHECK(program.r(gpr::rax) == 0x13);
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

TEST_CASE("under TF a debug exception follows instructions that end a block, but no load of SS") {
    ON_BOTH_ENGINES;
    struct Case {
        std::vector<u8> bytes;
        u64 trapped_behind; // bytes of instructions before the exception
    };
    // sti; pause; mov ds, ax; mov cr3, rcx; lgdt [rdx]; popf; rep stosb; mov ss, ax and then nop
    for (const Case& one :
         {Case{{0xfb}, 1}, Case{{0xf3, 0x90}, 2}, Case{{0x8e, 0xd8}, 2}, Case{{0x0f, 0x22, 0xd9}, 3},
          Case{{0x0f, 0x01, 0x12}, 3}, Case{{0x9d}, 1}, Case{{0xf3, 0xaa}, 2}, Case{{0x8e, 0xd0, 0x90}, 3}}) {
        program.guest.begin_anew();
        program.guest.state().pc = code;
        program.enter_ring_0();
        State& state = program.guest.state();
        state.r[gpr::rsp] = data + 0x1000;
        state.r[gpr::rcx] = state.cr3;
        state.r[gpr::rdx] = data;
        state.r[gpr::rdi] = data + 0x2000;
        std::vector<u8> table(10);
        table[0] = 15;
        for (u32 i = 0; i < 8; ++i) table[2 + i] = static_cast<u8>(state.gdtr.base >> 8 * i);
        program.guest.write(data, table);
        program.guest.write(code, std::vector<u8>(16, 0x90));
        program.guest.write(code, one.bytes);
        if (one.bytes[0] == 0xf3 && one.bytes[1] == 0xaa) state.r[gpr::rcx] = 1;
        set_flags(state, flag::trap);
        program.guest.cpu().restored();
        program.guest.cpu().run(8);
        const auto taken = program.guest.taken();
        INFO("opcode " << int{one.bytes[0]} << " " << int{one.bytes.back()});
        REQUIRE(taken);
        CHECK(taken->vector == vector::db);
        u64 rip = 0;
        REQUIRE(program.guest.machine().memory().read_memory({state.r[gpr::rsp]},
                                                             {reinterpret_cast<u8*>(&rip), sizeof rip}));
        CHECK(rip == code + one.trapped_behind);
    }
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

namespace {

// A device on the port bus that counts.
class Counter final : public Component, public IoHandler {
public:
    Counter() : Component("counter") {}
    std::string_view type() const override { return "test-counter"; }
    void reset() override {}
    void state(StateVisitor&) override {}
    Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64, Width) override { return value++; }
    void write(u64 offset, u64 written, Width width) override {
        value = written;
        last = fmt::format("{}+{}", static_cast<u64>(width), offset);
    }
    u64 value = 0;
    std::string last;
};

} // namespace

TEST_CASE("in and out reach the port bus, where nothing answers with ones") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    Counter& counter = program.guest.machine().add(std::make_unique<Counter>());
    REQUIRE(program.guest.machine().ports().map({.base = {0x60}, .size_bytes = 4, .io = &counter, .name = "counter"}));
    program.write({0xb0, 0x41,             // mov al, 0x41
                   0xe6, 0x61,             // out 0x61, al
                   0xe4, 0x60,             // in al, 0x60
                   0x88, 0xc3,             // mov bl, al
                   0x66, 0xba, 0x62, 0x00, // mov dx, 0x62
                   0xec,                   // in al, dx
                   0x88, 0xc1,             // mov cl, al
                   0xe5, 0x70,             // in eax, 0x70
                   0xeb, 0xfe});
    program.guest.cpu().run(30);
    CHECK(counter.last == "1+1");
    CHECK(program.r(gpr::rbx) == 0x41);
    CHECK(program.r(gpr::rcx) == 0x42);
    CHECK(program.r(gpr::rax) == 0xffff'ffff);
}

TEST_CASE("user code may use ports only where IOPL or the task's bitmap lets it") {
    ON_BOTH_ENGINES;
    program.write({0xe4, 0x60, 0xeb, 0xfe});
    program.guest.cpu().run(4);
    CHECK(program.guest.taken()->vector == vector::gp);
    program.guest.begin_anew();
    program.guest.state().pc = code;
    set_flags(program.guest.state(), flag::privilege_level);
    program.guest.cpu().restored();
    program.guest.cpu().run(4);
    CHECK_FALSE(program.guest.taken());
    CHECK(program.r(gpr::rax) == 0xff);
}

TEST_CASE("strings come from ports and go to them") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    Counter& counter = program.guest.machine().add(std::make_unique<Counter>());
    REQUIRE(program.guest.machine().ports().map({.base = {0x60}, .size_bytes = 4, .io = &counter, .name = "counter"}));
    counter.value = 7;
    program.write({0xf3, 0x6c, 0xeb, 0xfe}); // rep insb
    program.guest.state().r[gpr::rdx] = 0x60;
    program.guest.state().r[gpr::rcx] = 3;
    program.guest.state().r[gpr::rdi] = data;
    program.guest.cpu().run(5);
    std::array<u8, 3> read{};
    REQUIRE(program.guest.machine().memory().read_memory({data}, read));
    CHECK(read == std::array<u8, 3>{7, 8, 9});
}

TEST_CASE("control registers, MSRs and CPUID say what the processor is") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    program.write({0x31, 0xc0, 0x31, 0xc9,                   // xor eax, eax; xor ecx, ecx
                   0x0f, 0xa2,                               // cpuid
                   0x41, 0x89, 0xd8,                         // mov r8d, ebx
                   0xb9, 0x80, 0x00, 0x00, 0xc0, 0x0f, 0x32, // mov ecx, EFER; rdmsr
                   0x41, 0x89, 0xc1,                         // mov r9d, eax
                   0x44, 0x0f, 0x20, 0xd0,                   // mov rax, cr8... of REX.R: CR10, which there isn't
                   0xeb, 0xfe});
    program.guest.cpu().run(20);
    CHECK(program.r(8) == 0x756e'6547);
    CHECK(program.r(9) == program.guest.state().efer);
    CHECK(program.guest.taken()->vector == vector::ud);
}

TEST_CASE("hlt waits, and sti lets the instruction behind it pass before an interrupt") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    program.write({0xfa, 0xfb, 0xff, 0xc0, 0xf4}); // cli; sti; inc eax; hlt
    CHECK(program.guest.cpu().run(2) == ExitReason::deadline);
    CHECK(program.guest.state().interrupt_shadow == 1);
    CHECK(program.guest.cpu().run(1) == ExitReason::deadline);
    CHECK(program.guest.state().interrupt_shadow == 0);
    CHECK(program.guest.cpu().run(10) == ExitReason::halted);
    CHECK(program.r(gpr::rax) == 1);
}

TEST_CASE("descriptor tables are stored as they were loaded") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    program.write({0x0f, 0x01, 0x13,       // lgdt [rbx]
                   0x0f, 0x01, 0x43, 0x20, // sgdt [rbx + 32]
                   0xeb, 0xfe});
    const std::array<u8, 10> table{0x37, 0x01, 0x00, 0x30, 0x00, 0x00, 0x00, 0x80, 0xff, 0xff};
    program.guest.write(data, table);
    program.guest.state().r[gpr::rbx] = data;
    program.guest.cpu().run(4);
    CHECK(program.guest.state().gdtr.base == 0xffff'8000'0000'3000);
    CHECK(program.guest.state().gdtr.limit == 0x137);
    std::array<u8, 10> stored{};
    REQUIRE(program.guest.machine().memory().read_memory({data + 32}, stored));
    CHECK(stored == table);
}

TEST_CASE("leaving paging, changing its tables and coming back is noticed at once") {
    ON_BOTH_ENGINES;
    program.enter_ring_0();
    program.write({0x48, 0x8b, 0x03, // mov rax, [rbx]
                   0x0f, 0x01, 0x3b, // invlpg [rbx]
                   0x48, 0x8b, 0x0b, // mov rcx, [rbx]
                   0xeb, 0xfe});
    const u64 marks[2] = {0x1111, 0x2222};
    program.guest.write(data, {reinterpret_cast<const u8*>(&marks[0]), 8});
    program.guest.state().r[gpr::rbx] = data;
    program.guest.cpu().run(20);
    CHECK(program.r(gpr::rax) == 0x1111);
    CHECK(program.r(gpr::rcx) == 0x1111);
}

TEST_CASE("random numbers come from the machine's source, and without one there are none") {
    const auto engine = GENERATE(dbt::Engine::interpreter, dbt::Engine::baseline);
    const bool has_source = GENERATE(true, false);
    std::function<u64()> source;
    if (has_source) source = [] { return u64{0x1122'3344'5566'7788}; };
    orrery::test::X86TestMachine guest(engine, {Feature::rdrand, Feature::rdseed}, source);
    guest.add_ram("code", code, 0x1000);
    guest.write(code, std::to_array<u8>({0x48, 0x0f, 0xc7, 0xf0, // rdrand rax
                                         0x0f, 0x92, 0xc1,       // setc cl
                                         0x66, 0x0f, 0xc7, 0xfa, // rdseed dx
                                         0xeb, 0xfe}));
    State& state = guest.state();
    state.pc = code;
    state.r[gpr::rcx] = 0;
    state.r[gpr::rdx] = 0xaaaa'aaaa;
    guest.cpu().restored();
    guest.cpu().run(4);
    CHECK(state.r[gpr::rax] == (has_source ? 0x1122'3344'5566'7788 : 0));
    CHECK(state.r[gpr::rcx] == (has_source ? 1 : 0));
    CHECK(state.r[gpr::rdx] == (has_source ? 0xaaaa'7788 : 0xaaaa'0000));
}

} // namespace orrery::x86
