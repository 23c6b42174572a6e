// The generator of random instructions against the decoder, and with it that the decoder reaches every row.
// ORRERY_X86_COVERAGE=1 prints all rows, and how often each was decoded.
#include "tests/support/x86_generator.hpp"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cpu/x86/decode.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/operands.hpp"
#include "tests/support/catch.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

std::string in_hexadecimal(const std::vector<u8>& bytes) {
    std::string text;
    for (const u8 byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

constexpr CodeSize code_sizes[] = {CodeSize::bits16, CodeSize::bits32, CodeSize::bits64};

// The registers that are explicit operands, as a mask; those of the address don't count.
u32 named_registers(const Instruction& instruction) {
    u32 mask = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const Place place = instruction.row->operands[i].place;
        const OperandValue value = operand_of(instruction, i);
        const bool fixed = place == Place::gpr0 || place == Place::gpr1 || place == Place::gpr2;
        if (fixed) continue;
        if (value.kind == OperandKind::general || value.kind == OperandKind::high_byte) mask |= 1U << value.number;
    }
    return mask;
}

} // namespace

TEST_CASE("what the generator makes of a row is decoded as that row, and as long as it is") {
    test::Random random{.seed = 1};
    for (const CodeSize code_size : code_sizes) {
        test::X86Constraints constraints;
        constraints.code_size = code_size;
        constraints.prefixes_without_effect = true;
        for (const Row* row : test::generatable_rows(constraints)) {
            for (int repeat = 0; repeat < 50; ++repeat) {
                const std::vector<u8> bytes = test::generate(*row, constraints, random);
                const Instruction instruction = decode(bytes, code_size, Features::all());
                INFO(describe(*row) << ": " << in_hexadecimal(bytes));
                REQUIRE(instruction.valid());
                REQUIRE(instruction.row == row);
                REQUIRE(instruction.length == bytes.size());
            }
        }
    }
}

TEST_CASE("no row is out of the decoder's reach") {
    std::vector<u32> decoded(instruction_rows().size());
    test::Random random{.seed = 2};
    for (const CodeSize code_size : code_sizes) {
        test::X86Constraints constraints;
        constraints.code_size = code_size;
        for (const Row* row : test::generatable_rows(constraints)) {
            const Instruction instruction =
                decode(test::generate(*row, constraints, random), code_size, Features::all());
            if (instruction.valid()) ++decoded[row_number(*instruction.row)];
        }
    }
    const bool report = std::getenv("ORRERY_X86_COVERAGE") != nullptr;
    for (const Row& row : instruction_rows()) {
        const u32 count = decoded[row_number(row)];
        if (report) std::cout << count << ' ' << describe(row) << '\n';
        INFO(describe(row));
        CHECK(count != 0);
    }
}

TEST_CASE("an instruction for a window of memory addresses nothing else and names no register it may not") {
    test::X86Constraints constraints;
    constraints.user_mode_only = true;
    constraints.control_flow = false;
    constraints.implicit_memory = false;
    constraints.memory_base = register_bp;
    constraints.window_bytes = 1000;
    constraints.general_registers = 0xffef; // not the stack pointer
    const u32 forbidden = 1U << register_bp | 1U << register_sp;
    test::Random random{.seed = 3};
    u32 in_memory = 0;
    for (int i = 0; i < 50'000; ++i) {
        const std::vector<u8> bytes = test::random_instruction(constraints, random);
        const Instruction instruction = decode(bytes, CodeSize::bits64, Features::all());
        INFO(in_hexadecimal(bytes));
        REQUIRE(instruction.valid());
        REQUIRE((named_registers(instruction) & forbidden) == 0);
        REQUIRE(instruction.row->branch == Branch::none);
        REQUIRE_FALSE(instruction.row->has(trait::privileged | trait::io_sensitive));
        if (!instruction.has_memory) continue;
        ++in_memory;
        REQUIRE(instruction.memory == MemoryAddress{.base = register_bp, .segment = Segment::ss});
        REQUIRE(instruction.displacement >= 0);
        REQUIRE(instruction.displacement < 1000);
    }
    CHECK(in_memory > 10'000);
}

TEST_CASE("an instruction for an older processor needs no feature that it lacks") {
    test::X86Constraints constraints;
    constraints.features = {Feature::sse3, Feature::ssse3};
    constraints.memory = false;
    test::Random random{.seed = 4};
    for (int i = 0; i < 20'000; ++i) {
        const std::vector<u8> bytes = test::random_instruction(constraints, random);
        const Instruction instruction = decode(bytes, CodeSize::bits64, constraints.features);
        INFO(in_hexadecimal(bytes));
        REQUIRE(instruction.valid());
        REQUIRE_FALSE(instruction.has_memory);
    }
}

} // namespace orrery::tests
