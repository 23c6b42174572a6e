// The registers as debuggers see and change them.
#include <algorithm>
#include <set>

#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/hart_fixture.hpp"

namespace orrery::riscv {
namespace {

using Type = RegisterDescription::Type;

struct DebugFixture : test::HartFixture {
    using HartFixture::HartFixture;

    DebugView& view() { return hart.debug_view(); }
    std::size_t index(std::string_view name) {
        const auto all = view().registers();
        const auto found = std::ranges::find_if(
            all, [&](const RegisterDescription& one) { return one.name == name || one.alias == name; });
        REQUIRE(found != all.end());
        return static_cast<std::size_t>(found - all.begin());
    }
    const RegisterDescription& description(std::string_view name) { return view().registers()[index(name)]; }
    u64 seen(std::string_view name) { return view().read(index(name)); }
    void put(std::string_view name, u64 value) { REQUIRE(view().write(index(name), value).has_value()); }
};

TEST_CASE_METHOD(DebugFixture, "registers have gdb's numbers, ascending, and each name only once") {
    const auto all = view().registers();
    CHECK(std::ranges::adjacent_find(all, std::ranges::greater_equal{}, &RegisterDescription::number) == all.end());
    std::set<std::string_view> names;
    for (const RegisterDescription& one : all) {
        INFO(one.number);
        CHECK_FALSE(one.name.empty());
        CHECK(names.insert(one.name).second);
        if (!one.alias.empty()) CHECK(names.insert(one.alias).second);
    }
    CHECK(description("zero").number == 0);
    CHECK(description("x31").number == 31);
    CHECK(description("pc").number == 32);
    CHECK(description("ft0").number == 33);
    CHECK(description("f31").number == 64);
    CHECK(description("fflags").number == 66);
    CHECK(description("mstatus").number == 65 + 0x300);
    CHECK(description("priv").number == 4161);
    CHECK(all.size() == 32 + 1 + 32 + csr_definitions().size() + 1);
}

TEST_CASE_METHOD(DebugFixture, "registers are in the features that gdb looks for them in") {
    CHECK(description("a0").feature == "org.gnu.gdb.riscv.cpu");
    CHECK(description("pc").type == Type::code_pointer);
    CHECK(description("sp").type == Type::data_pointer);
    CHECK(description("fa0").feature == "org.gnu.gdb.riscv.fpu");
    CHECK(description("fa0").type == Type::ieee_double);
    CHECK(description("fcsr").feature == "org.gnu.gdb.riscv.fpu");
    CHECK(description("satp").feature == "org.gnu.gdb.riscv.csr");
    CHECK(description("priv").feature == "org.gnu.gdb.riscv.virtual");
}

TEST_CASE_METHOD(DebugFixture, "the fields of a register lie in it, ascending and apart") {
    for (const RegisterDescription& one : view().registers()) {
        INFO(one.name);
        CHECK((one.type == Type::flags) == !one.fields.empty());
        u32 free = 0;
        for (const RegisterField& field : one.fields) {
            INFO(field.name);
            CHECK(field.first >= free);
            CHECK(field.count > 0);
            free = u32{field.first} + field.count;
        }
        CHECK(free <= one.bits);
    }
}

TEST_CASE_METHOD(DebugFixture, "every bit that a register with fields can hold has a field") {
    for (const CsrDefinition& csr : csr_definitions()) {
        u64 covered = 0;
        for (const CsrField& one : csr.fields) covered |= (one.count == 64 ? ~u64{0} : bit(one.count) - 1) << one.first;
        if (csr.fields.empty()) continue;
        INFO(csr.number);
        CHECK((csr.writable & ~covered) == 0);
        CHECK((peek_csr(hart, csr.number).value() & ~covered) == 0);
    }
}

TEST_CASE("a hart without Sstc shows no stimecmp") {
    DebugFixture fixture(HartConfiguration{.supervisor_timer = false});
    for (const RegisterDescription& one : fixture.view().registers()) CHECK(one.name != "stimecmp");
    CHECK(fixture.view().registers().size() == 32 + 1 + 32 + csr_definitions().size());
}

TEST_CASE_METHOD(DebugFixture, "what is written to general and float registers is read back, and zero stays zero") {
    for (u32 i = 0; i < 32; ++i) {
        view().write(index(fmt::format("x{}", i)), 0x1111 * i + 7).value();
        view().write(index(fmt::format("f{}", i)), 0x2222 * i + 7).value();
    }
    CHECK(seen("zero") == 0);
    CHECK(registers.x[0] == 0);
    for (u32 i = 1; i < 32; ++i) CHECK(registers.x[i] == 0x1111 * i + 7);
    for (u32 i = 0; i < 32; ++i) CHECK(seen(fmt::format("f{}", i)) == 0x2222 * i + 7);
    put("pc", 0x8000'1235);
    CHECK(seen("pc") == 0x8000'1234);
}

TEST_CASE_METHOD(DebugFixture, "a write to a float register makes FS dirty, but never switches it on") {
    put("fa0", 1);
    put("fcsr", 0xe5);
    CHECK((seen("mstatus") & mstatus::fs) == 0);
    CHECK(seen("fflags") == 5);
    CHECK(seen("frm") == 7);
    registers.mstatus |= u64{1} << mstatus::fs_low;
    put("fa0", 2);
    CHECK((seen("mstatus") & mstatus::fs) == mstatus::fs);
}

TEST_CASE_METHOD(DebugFixture, "CSRs are read and written whatever mode the hart is in") {
    set_privilege(Privilege::user);
    put("mscratch", 0x1234);
    put("satp", satp::sv48 << satp::mode_low | 5);
    put("mcounteren", 0);
    engine.retired_count = 100;
    CHECK(seen("mscratch") == 0x1234);
    CHECK(seen("satp") == (satp::sv48 << satp::mode_low | 5));
    CHECK(seen("instret") == 100);
    CHECK(seen("priv") == 0);
}

TEST_CASE_METHOD(DebugFixture, "a write to a CSR keeps what can't be written") {
    put("mstatus", ~u64{0});
    CHECK(seen("mstatus") == (mstatus::writable | mstatus::xlen_64 | mstatus::sd));
    put("mepc", 3);
    CHECK(seen("mepc") == 2);
    put("satp", u64{7} << satp::mode_low);
    CHECK(seen("satp") == 0);
    put("misa", 0);
    CHECK(seen("misa") != 0);
    put("pmpcfg0", 0x80);
    put("pmpaddr0", 1);
    CHECK(seen("pmpaddr0") == 0);
}

TEST_CASE_METHOD(DebugFixture, "a write to a read-only CSR is an error that names it") {
    const Status status = view().write(index("mhartid"), 1);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().message() == "mhartid is read-only");
    CHECK_FALSE(view().write(index("cycle"), 1).has_value());
}

TEST_CASE_METHOD(DebugFixture, "the counters show exactly what was written, since no instruction did it") {
    engine.retired_count = 1000;
    put("mcycle", 5);
    put("minstret", 6);
    CHECK(seen("cycle") == 5);
    CHECK(seen("instret") == 6);
    put("mcountinhibit", 1);
    CHECK(seen("mcycle") == 5);
    CHECK(seen("minstret") == 6);
    engine.retired_count = 1010;
    CHECK(seen("mcycle") == 5);
    CHECK(seen("minstret") == 16);
    put("mcountinhibit", 0);
    CHECK(seen("mcycle") == 5);
    engine.retired_count = 1011;
    CHECK(seen("mcycle") == 6);
}

TEST_CASE_METHOD(DebugFixture, "reading every register changes nothing the guest could see") {
    engine.retired_count = 50;
    const State before = registers;
    for (std::size_t i = 0; i < view().registers().size(); ++i) static_cast<void>(view().read(i));
    const auto collect = [&](const State& state) {
        std::vector<u64> all(state.x.begin(), state.x.end());
        all.insert(all.end(), {state.pc, state.fflags, state.frm, state.mstatus, state.mip, state.mie, state.irq_lines,
                               state.mcycle, state.minstret, state.satp, state.stimecmp, state.menvcfg});
        all.insert(all.end(), state.mhpmcounter.begin(), state.mhpmcounter.end());
        all.insert(all.end(), state.pmpaddr.begin(), state.pmpaddr.end());
        return all;
    };
    CHECK(collect(before) == collect(registers));
    CHECK(engine.notes.empty());
    CHECK(engine.context_changes == 0);
    CHECK_FALSE(engine.left);
}

TEST_CASE_METHOD(DebugFixture, "what is derived from a CSR follows a debugger's write") {
    put("pmpaddr0", (u64{1} << 54) - 1);
    put("pmpcfg0", 0x19); // NAPOT, R
    CHECK(hart.pmp().permission({0x8000'0000}, Privilege::user).read);
    put("menvcfg", envcfg::stce);
    put("stimecmp", 0);
    CHECK((seen("mip") & mip::stip) != 0);
    put("stimecmp", ~u64{0});
    CHECK((seen("mip") & mip::stip) == 0);
    put("mhpmevent3", 2);
    CHECK(hart.counters().active());
    engine = {};
    put("satp", satp::sv39 << satp::mode_low);
    CHECK(std::ranges::find(engine.notes, "flush_all") != engine.notes.end());
    CHECK(engine.context_changes != 0);
}

TEST_CASE_METHOD(DebugFixture, "the condition tells the mode, which can be changed, and a wait") {
    CHECK(view().condition() == "M-mode");
    put("priv", 1);
    CHECK(view().condition() == "S-mode");
    CHECK(hart.key().mode == Mode{Privilege::supervisor, false, false}.pack());
    put("priv", 2);
    CHECK(seen("priv") == 1);
    registers.halted = true;
    CHECK(view().condition() == "S-mode, wfi");
    put("pc", registers.pc);
    CHECK(hart.halted());
    put("pc", registers.pc + 4);
    CHECK_FALSE(hart.halted());
    put("priv", 0);
    CHECK(view().condition() == "U-mode");
}

} // namespace
} // namespace orrery::riscv
