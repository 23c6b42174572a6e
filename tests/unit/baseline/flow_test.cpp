// Labels, jumps and patching, by running what was emitted.
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/executable_buffer.hpp"

#include <atomic>
#include <thread>

using namespace orrery;
using namespace orrery::test;
using x64::Assembler;
using x64::Condition;
using x64::Gpr;
using x64::Label;
using x64::Mem;
using x64::Size;

TEST_CASE("a loop jumps back to its label and forward out of itself") {
    ExecutableBuffer buffer;
    Assembler a = buffer.assembler();
    Label loop, done;
    a.mov(Size::dword, Gpr::rax, 0);
    a.bind(loop);
    a.test(Size::qword, Gpr::rdi, Gpr::rdi);
    a.jcc(Condition::e, done);
    a.add(Size::qword, Gpr::rax, Gpr::rdi);
    a.dec(Size::qword, Gpr::rdi);
    a.jmp(loop);
    a.bind(done);
    a.ret();
    REQUIRE_FALSE(a.failed());
    CHECK(buffer.run(100) == 5050);
    CHECK(buffer.run(0) == 0);
}

TEST_CASE("every reference to a label, long or short, before or after it, leads there") {
    ExecutableBuffer buffer;
    Assembler a = buffer.assembler();
    Label entries[4], common;
    for (i32 i = 0; i < 4; ++i) {
        a.cmp(Size::qword, Gpr::rdi, i);
        i % 2 == 0 ? a.jcc(Condition::e, entries[i]) : a.jcc_short(Condition::e, entries[i]);
    }
    a.mov(Size::dword, Gpr::rax, 99);
    a.ret();
    for (i32 i = 0; i < 4; ++i) {
        a.bind(entries[i]);
        a.mov(Size::dword, Gpr::rax, 10 * i);
        i % 2 == 0 ? a.jmp_short(common) : a.jmp(common);
    }
    CHECK(common.has_pending_references());
    a.ud2();
    a.bind(common);
    CHECK_FALSE(common.has_pending_references());
    a.inc(Size::dword, Gpr::rax);
    a.cmp(Size::dword, Gpr::rax, 40);
    a.jcc_short(Condition::b, common);
    a.ret();
    REQUIRE_FALSE(a.failed());
    for (u64 i = 0; i < 4; ++i) CHECK(buffer.run(i) == 40);
    CHECK(buffer.run(4) == 99);
}

TEST_CASE("each condition jumps exactly when it holds") {
    for (u32 index = 0; index < 16; ++index) {
        ExecutableBuffer buffer;
        Assembler a = buffer.assembler();
        const auto condition = static_cast<Condition>(index);
        Label yes;
        a.cmp(Size::qword, Gpr::rdi, Gpr::rsi);
        a.jcc(condition, yes);
        a.setcc(x64::invert(condition), Gpr::rax);
        a.movzx(Gpr::rax, Size::byte, Gpr::rax);
        a.add(Size::dword, Gpr::rax, 1);
        a.ret();
        a.bind(yes);
        a.mov(Size::dword, Gpr::rax, 1);
        a.ret();
        for (const u64 x : {u64{0}, u64{1}, u64{3}, ~u64{0}, u64{1} << 63, (u64{1} << 63) - 1})
            for (const u64 y : {u64{0}, u64{1}, u64{2}, ~u64{0}, u64{1} << 63}) {
                const i64 signed_x = static_cast<i64>(x), signed_y = static_cast<i64>(y);
                i64 difference = 0;
                const bool overflow = __builtin_sub_overflow(signed_x, signed_y, &difference);
                const bool odd_parity = __builtin_parity(static_cast<u8>(x - y)) != 0;
                const bool holds[8] = {overflow,
                                       x < y,
                                       x == y,
                                       x <= y,
                                       difference < 0,
                                       !odd_parity,
                                       signed_x < signed_y,
                                       signed_x <= signed_y};
                const bool expected = holds[index / 2] != (index % 2 == 1);
                // Where it does not jump, its negation holds.
                CHECK(buffer.run(x, y) == (expected ? 1u : 2u));
            }
    }
}

TEST_CASE("a jump back takes two bytes as long as they reach") {
    ExecutableBuffer buffer;
    for (const u64 gap : {u64{125}, u64{126}, u64{127}}) {
        Assembler a = buffer.assembler();
        Label entry, target;
        a.jmp(entry);
        a.bind(target);
        a.mov(Size::dword, Gpr::rax, 7);
        a.ret();
        a.nop(gap - 6);
        a.bind(entry);
        const u64 start = a.size();
        a.jmp(target);
        CHECK(a.size() - start == (gap <= 126 ? 2u : 5u));
        CHECK(buffer.run() == 7);
    }
}

TEST_CASE("a short jump forward reaches 127 bytes and reports more") {
    ExecutableBuffer buffer;
    for (const u64 gap : {u64{127}, u64{128}, u64{300}}) {
        Assembler a = buffer.assembler();
        Label target;
        a.mov(Size::dword, Gpr::rax, 7);
        a.jmp_short(target);
        for (u64 i = 0; i < gap; ++i) a.int3();
        a.bind(target);
        a.ret();
        CHECK(a.out_of_range() == (gap > 127));
        CHECK(a.failed() == (gap > 127));
        if (!a.failed()) CHECK(buffer.run() == 7);
    }
}

TEST_CASE("two short jumps too far apart for one label are reported") {
    ExecutableBuffer buffer;
    Assembler a = buffer.assembler();
    Label target;
    a.jmp_short(target);
    a.nop(256);
    a.jmp_short(target);
    CHECK(a.out_of_range());
    a.bind(target);
    CHECK_FALSE(target.has_pending_references());
}

TEST_CASE("calls, label addresses and indirect jumps arrive") {
    ExecutableBuffer buffer;
    Assembler a = buffer.assembler();
    Label add_five, finish;
    a.mov(Size::qword, Gpr::rax, Gpr::rdi);
    a.call(add_five);
    a.call(add_five);
    a.lea(Gpr::r11, finish);
    a.jmp(Gpr::r11);
    a.ud2();
    const u8* const triple = a.cursor();
    a.lea(Size::qword, Gpr::rax, Mem::at(Gpr::rax, Gpr::rax, 2));
    a.ret();
    a.bind(add_five);
    a.add(Size::qword, Gpr::rax, 5);
    a.ret();
    a.bind(finish);
    a.call(triple);
    a.lea(Gpr::rcx, add_five);
    a.call(Gpr::rcx);
    a.ret();
    REQUIRE_FALSE(a.failed());
    CHECK(buffer.run(1) == 38);
}

TEST_CASE("a fixed address is reached whatever stands behind the displacement") {
    ExecutableBuffer buffer;
    Assembler a = buffer.assembler();
    u8* const data = a.begin() + 4096;
    a.mov(Size::qword, Mem::target(data), 0x1234);
    a.add(Size::qword, Mem::target(data), 1);
    a.mov(Size::word, Mem::target(data + 2), 7);
    a.mov(Size::qword, Gpr::rax, Mem::target(data));
    a.ret();
    CHECK(buffer.run() == 0x71235);
    CHECK(a.reaches(data));
    CHECK_FALSE(a.reaches(a.begin() + (i64{1} << 31)));
    CHECK_FALSE(a.failed());
    a.mov(Size::qword, Gpr::rax,
          Mem::target(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(data) ^ u64{1} << 40)));
    CHECK(a.out_of_range());
}

TEST_CASE("a patchable jump has an aligned displacement wherever it starts, and goes where it was sent last") {
    for (u64 start = 0; start < 8; ++start) {
        ExecutableBuffer buffer;
        Assembler a = buffer.assembler();
        Label first;
        a.cmp(Size::qword, Gpr::rdi, 0);
        a.nop(start);
        u8* const conditional = a.jcc_patchable(Condition::ne, first);
        a.nop(start / 2);
        u8* const unconditional = a.jmp_patchable(first);
        a.bind(first);
        a.mov(Size::dword, Gpr::rax, 1);
        a.ret();
        const u8* const second = a.cursor();
        a.mov(Size::dword, Gpr::rax, 2);
        a.ret();
        REQUIRE_FALSE(a.failed());
        CHECK((reinterpret_cast<std::uintptr_t>(conditional) & 3) == 0);
        CHECK((reinterpret_cast<std::uintptr_t>(unconditional) & 3) == 0);
        CHECK((buffer.run(0) == 1 && buffer.run(1) == 1));
        CHECK(Assembler::patch(unconditional, second));
        CHECK((buffer.run(0) == 2 && buffer.run(1) == 1));
        CHECK(Assembler::patch(conditional, second));
        CHECK((buffer.run(0) == 2 && buffer.run(1) == 2));
        CHECK_FALSE(Assembler::patch(conditional, second + (i64{1} << 32)));
        CHECK(buffer.run(1) == 2);
    }
}

TEST_CASE("a call may be patched while another thread runs it") {
    ExecutableBuffer buffer;
    Assembler a = buffer.assembler();
    u8* const site = a.call_patchable(static_cast<const u8*>(a.begin() + 64));
    a.ret();
    a.align(64);
    const u8* const targets[2] = {a.cursor(), a.cursor() + 64};
    a.mov(Size::dword, Gpr::rax, 1);
    a.ret();
    a.align(64);
    a.mov(Size::dword, Gpr::rax, 2);
    a.ret();
    REQUIRE_FALSE(a.failed());
    REQUIRE(targets[0] == a.begin() + 64);
    std::atomic<bool> stop = false;
    std::thread patcher([&] {
        for (u32 i = 0; !stop.load(std::memory_order_relaxed); ++i) Assembler::patch(site, targets[i % 2]);
    });
    u64 other = 0;
    for (u32 i = 0; i < 20'000; ++i) {
        const u64 result = buffer.run();
        other += result != 1 && result != 2;
    }
    stop = true;
    patcher.join();
    CHECK(other == 0);
}
