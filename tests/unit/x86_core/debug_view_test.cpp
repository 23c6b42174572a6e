#include "cpu/x86/debug_view.hpp"

#include "cpu/x86/debug_tables.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/x86_test_machine.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

const TableRow* row(const Table& table, std::string_view name) {
    for (const TableRow& one : table.rows)
        if (one.name == name) return &one;
    return nullptr;
}

std::string meaning(const Table& table, std::string_view name) {
    const TableRow* found = row(table, name);
    return found ? found->meaning : "no such row";
}

struct ViewFixture {
    ViewFixture() : machine(dbt::Engine::interpreter, Features{}), view(machine.processor().debug_view()) {}
    std::size_t index(std::string_view name) {
        const auto registers = view.registers();
        for (std::size_t i = 0; i < registers.size(); ++i)
            if (registers[i].name == name) return i;
        FAIL("there is no register " << name);
        return 0;
    }
    RegisterValue read(std::string_view name) { return view.read_wide(index(name)); }

    orrery::test::X86TestMachine machine;
    DebugView& view;
};

} // namespace

TEST_CASE_METHOD(ProtectedFixture, "the tables of protected mode are told entry by entry") {
    write_gate(vector::gp, gate(code0, 0x12345678, SystemType::trap_gate, 3));
    const Table segments = decoded_table(core, "gdt");
    CHECK(segments.heading == "GDT at 0x1000, limit 0xff");
    CHECK(meaning(segments, "0x8").starts_with("code of 32 bits, readable, DPL 0, base 0x0, limit 0xffffffff"));
    CHECK(meaning(segments, "0x20").starts_with("data, writable, big, DPL 3"));
    CHECK(meaning(segments, "0x28") == "32-bit TSS, busy, DPL 0, base 0x3000, limit 0x67");
    CHECK(row(segments, "0x0") == nullptr);
    const Table gates = decoded_table(core, "idt");
    REQUIRE(gates.rows.size() == 1);
    CHECK(gates.rows[0].name == "0xd #GP");
    CHECK(gates.rows[0].address == 0x2068);
    CHECK(gates.rows[0].meaning == "32-bit trap gate to 0x8:0x12345678, DPL 3");
    CHECK(row(decoded_table(core, "tss"), "ESP0")->value == inner_stack);
    CHECK(decoded_table(core, "ldt").heading == "there is no LDT");
}

TEST_CASE_METHOD(CoreFixture, "in real mode the vectors are told") {
    write(0x21 * 4, 0xf000'1234, 4);
    const Table gates = decoded_table(core, "idt");
    CHECK(meaning(gates, "0x21") == "0xf000:0x1234, linear 0xf1234");
}

TEST_CASE_METHOD(LongFixture, "in long mode gates and system descriptors have 16 bytes") {
    write_long_gate(vector::pf, 0xffff'8000'0000'6000, SystemType::interrupt_gate, 0, 2);
    const Table gates = decoded_table(core, "idt");
    CHECK(meaning(gates, "0xe #PF").starts_with("64-bit interrupt gate to 0x"));
    CHECK(meaning(gates, "0xe #PF").ends_with(":0xffff800000006000, DPL 0, IST 2"));
    CHECK(row(decoded_table(core, "tss"), "RSP0") != nullptr);
}

TEST_CASE_METHOD(ProtectedFixture, "tables that lie nowhere or at the end of the address space are no harm") {
    state.gdtr = {0xffff'fff8, 0xffff};
    state.idtr = {0x7000'0000, 0xffff};
    CHECK(decoded_table(core, "gdt").rows.size() <= 0x2000);
    REQUIRE(decoded_table(core, "idt").rows.size() == 1);
    CHECK(decoded_table(core, "idt").rows[0].meaning == "no memory is there");
}

TEST_CASE_METHOD(ViewFixture, "registers have gdb's numbers, ascending, and wide ones all their bits") {
    const auto registers = view.registers();
    for (std::size_t i = 0; i < registers.size(); ++i) CHECK(registers[i].number == i);
    CHECK(index("rip") == 16);
    CHECK(index("st0") == 24);
    CHECK(index("fctrl") == 32);
    CHECK(index("xmm0") == 40);
    CHECK(index("mxcsr") == 56);
    CHECK(index("fs_base") == 57);
    CHECK(registers.back().feature != "org.gnu.gdb.i386.avx");
    machine.state().xmm[3] = {1, 2};
    CHECK(read("xmm3") == RegisterValue{1, 2});
    REQUIRE(view.write_wide(index("xmm15"), {5, 6}));
    CHECK(machine.state().xmm[15] == Vector{5, 6});
}

TEST_CASE_METHOD(ViewFixture, "ST(n) is counted from the top of the stack, and a value put there isn't empty") {
    machine.state().x87.top = 6;
    REQUIRE(view.write_wide(index("st3"), {0x8000'0000'0000'0000, 0x3fff}));
    CHECK(machine.state().x87.registers[1].sign_exponent == 0x3fff);
    CHECK((machine.state().x87.valid & 2) != 0);
    CHECK(read("st3") == RegisterValue{0x8000'0000'0000'0000, 0x3fff});
    CHECK((read("fstat").low >> 11 & 7) == 6);
    CHECK((read("ftag").low >> 2 & 3) == 0);
}

TEST_CASE_METHOD(ViewFixture, "control registers are written as an instruction would, or not at all") {
    const u64 before = read("cr0").low;
    CHECK_FALSE(view.write(index("cr0"), before & ~cr0::pe)); // paging stays on
    CHECK(read("cr0").low == before);
    REQUIRE(view.write(index("cr0"), before | cr0::wp));
    CHECK((read("cr0").low & cr0::wp) != 0);
    CHECK_FALSE(view.write(index("cs"), 0x1234));
    CHECK_FALSE(view.write(index("mxcsr"), 0x10000));
}

} // namespace orrery::x86::test
