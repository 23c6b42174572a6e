#include "cpu/x86/instruction_table.hpp"

#include <vector>

#include "cpu/x86/decode.hpp"
#include "tests/support/catch.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

const Row& row_with(std::string_view notation) {
    for (const Row& row : instruction_rows())
        if (row.notation == notation) return row;
    FAIL("no row has the notation " << notation);
    return instruction_rows()[0];
}

Instruction decoded(std::initializer_list<u8> bytes) {
    return decode(std::vector<u8>(bytes), CodeSize::bits64, Features::all());
}

} // namespace

TEST_CASE("a row says what it is and where the manual has it") {
    CHECK(describe(row_with("10 /r")) == "ADC Eb, Gb (10 /r): SDM 2, ADC");
    CHECK(describe(row_with("D3 /4")) == "SHL Ev, CL (D3 /4): SDM 2, SAL/SAR/SHL/SHR");
    CHECK(describe(row_with("VEX.66.0F.WIG FE /r")) ==
          "VPADDD Vx, Hx, Wx (VEX.66.0F.WIG FE /r): SDM 2, PADDB/PADDW/PADDD/PADDQ");
    CHECK(describe(row_with("0F 40+cc /r")) == "CMOVCC Gv, Ev (0F 40+cc /r): SDM 2, CMOVcc");
    CHECK(mnemonic(decoded({0x0f, 0x95, 0xc0})) == "setne");
    CHECK(mnemonic(row_with("VEX.LZ.NP.0F38.WIG F2 /r")) == "andn");
}

TEST_CASE("flags are as in the manual's table") {
    const auto flags_of = [](Op op) { return operation_of(op).flags; };
    CHECK(flags_of(Op::add) == FlagEffects{.written = flag::arithmetic});
    CHECK(flags_of(Op::adc) == FlagEffects{.read = flag::carry, .written = flag::arithmetic});
    CHECK(flags_of(Op::inc).written == (flag::arithmetic & ~flag::carry));
    CHECK(flags_of(Op::and_).undefined == flag::adjust);
    CHECK(flags_of(Op::and_).cleared == (flag::overflow | flag::carry));
    CHECK(flags_of(Op::div).undefined == flag::arithmetic);
    CHECK(flags_of(Op::std) == FlagEffects{.written = flag::direction, .set = flag::direction});
    CHECK(flags_of(Op::mov) == FlagEffects{});
    CHECK(flags_of(Op::movs).read == flag::direction);
    CHECK(flag_effects(decoded({0x74, 0x00})).read == flag::zero);
    CHECK(flag_effects(decoded({0x0f, 0x9f, 0xc0})).read == (flag::zero | flag::sign | flag::overflow));
}

TEST_CASE("what is undefined isn't also said to be written") {
    for (const Row& row : instruction_rows()) {
        const FlagEffects flags = operation_of(row.op).flags;
        INFO(describe(row));
        CHECK((flags.undefined & flags.written) == 0);
        CHECK(((flags.cleared | flags.set) & ~flags.written) == 0);
        CHECK((flags.cleared & flags.set) == 0);
    }
}

TEST_CASE("operands are read and written as their operation says") {
    const OperandAccess reads{.read = true};
    const OperandAccess writes{.write = true};
    const OperandAccess both{.read = true, .write = true};
    CHECK(operand_access(row_with("01 /r"), 0) == both);
    CHECK(operand_access(row_with("01 /r"), 1) == reads);
    CHECK(operand_access(row_with("39 /r"), 0) == reads);
    CHECK(operand_access(row_with("89 /r"), 0) == writes);
    CHECK(operand_access(row_with("87 /r"), 1) == both);
    CHECK(operand_access(row_with("69 /r"), 0) == writes);
    CHECK(operand_access(row_with("0F AF /r"), 0) == both);
    CHECK(operand_access(row_with("66 0F FE /r"), 0) == both);
    CHECK(operand_access(row_with("VEX.66.0F.WIG FE /r"), 0) == writes);
    CHECK(operand_access(row_with("VEX.66.0F38.W0 98 /r"), 0) == both);
}

} // namespace orrery::tests
