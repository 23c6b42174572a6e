// What happens at the end of the buffer.
#include "jit/baseline/assembler.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <vector>

using namespace orrery;
using namespace orrery::x64;

namespace {

void emit_one_of_each_kind(Assembler& a, Label& pending) {
    a.mov(Size::qword, Gpr::r15, i64{0x123456789abcdef});
    a.mov(Size::qword, Mem::at(Gpr::r12, Gpr::r13, 8, 0x12345678), 0x12345678);
    a.vaddsd(Xmm::xmm9, Xmm::xmm9, Mem::at(Gpr::r12, Gpr::r13, 8, 0x12345678));
    a.push(Gpr::rax);
    a.jmp(pending);
    a.jcc_short(Condition::e, pending);
    a.call(pending);
    a.lea(Gpr::rax, pending);
    a.jmp_patchable(pending);
    a.nop(20);
}

} // namespace

TEST_CASE("nothing is written past the end, and what lacked room is reported") {
    constexpr u8 canary = 0xa5;
    alignas(4) u8 enough[256];
    Assembler reference(enough, enough + sizeof enough);
    Label unused;
    emit_one_of_each_kind(reference, unused);
    // The last instruction is a nop of two bytes.
    const i64 least_room = static_cast<i64>(reference.size()) - 2 + Assembler::room_needed;
    REQUIRE(least_room < 150);
    for (i64 room = 0; room < 160; ++room) {
        std::vector<u8> memory(256, canary);
        Assembler a(memory.data(), memory.data() + room);
        Label pending;
        emit_one_of_each_kind(a, pending);
        a.bind(pending);
        CHECK(a.size() <= static_cast<u64>(room));
        CHECK(std::all_of(memory.begin() + room, memory.end(), [](u8 byte) { return byte == canary; }));
        CHECK(a.overflowed() == (room < least_room));
        CHECK(a.failed() == a.overflowed());
        CHECK_FALSE(pending.has_pending_references());
    }
}

TEST_CASE("after an overflow nothing more is written, and patchable jumps have no place") {
    u8 memory[16 + 3] = {};
    Assembler a(memory, memory + sizeof memory);
    a.mov(Size::dword, Gpr::rax, 1);
    CHECK_FALSE(a.overflowed());
    CHECK(a.size() == 5);
    CHECK(a.remaining() == 14);
    a.ret();
    CHECK(a.overflowed());
    CHECK(a.size() == 5);
    Label label;
    CHECK(a.jmp_patchable(label) == nullptr);
    CHECK_FALSE(label.has_pending_references());
}
