// Which rows write their memory operand and touch flags, against LLVM's instruction descriptions.
#include <string>
#include <vector>

#include "cpu/x86/decode.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/operands.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/x86_generator.hpp"
#include "tests/unit/cpu_x86/llvm_disassembler.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

OperandAccess memory_access(const Instruction& instruction) {
    for (std::size_t i = 0; i < 4; ++i)
        if (operand_of(instruction, i).kind == OperandKind::memory) return operand_access(*instruction.row, i);
    return {};
}

// Where LLVM's description is of something else than the operand.
bool is_described_otherwise(const Instruction& instruction) {
    using enum Op;
    switch (instruction.row->op) {
    case prefetch_exclusive: // ordered like a store
    case prefetchw:
    case prefetchnta:
    case prefetcht0:
    case prefetcht1:
    case prefetcht2:
    case clflush:
    case clflushopt:
    case clwb:
    case invlpg:
    case ldmxcsr:
    case xrstor:
    case xrstors:
    case fxrstor:
    case nop_hint:
    case push: // the stack
    case call:
    case call_far:
    case sgdt: // described as having neither loads nor stores
    case sidt:
    case smsw:
        return true;
    default:
        return false;
    }
}

// Where LLVM takes all flags for one, or leaves out those that only the manual tells.
bool has_flags_undescribed(const Instruction& instruction) {
    using enum Op;
    switch (instruction.row->op) {
    case clc: // read and write the whole register
    case stc:
    case cli:
    case sti:
    case clac:
    case stac:
    case loope: // described as reading none
    case loopne:
    case fcmovb:
    case fcmove:
    case fcmovbe:
    case fcmovu:
    case fcmovnb:
    case fcmovne:
    case fcmovnbe:
    case fcmovnu:
    case iret: // described as writing none
    case rsm:
    case syscall:
    case sysret:
        return true;
    default:
        return false;
    }
}

} // namespace

TEST_CASE("rows write their memory operand where LLVM knows of a store") {
    const LlvmX86 llvm(CodeSize::bits64);
    test::X86Constraints constraints;
    test::Random random{.seed = 6};
    u32 compared = 0;
    for (const Row* row : test::generatable_rows(constraints)) {
        for (int repeat = 0; repeat < 8; ++repeat) {
            const std::vector<u8> bytes = test::generate(*row, constraints, random);
            const Instruction instruction = decode(bytes, CodeSize::bits64, Features::all());
            REQUIRE(instruction.valid());
            if (!instruction.has_memory || instruction.lock || is_described_otherwise(instruction)) continue;
            const LlvmX86::Answer answer = llvm.disassemble(bytes);
            if (answer.length != bytes.size()) continue;
            ++compared;
            INFO(describe(*row) << ", LLVM's " << answer.text << ' ' << answer.may_load << answer.may_store);
            CHECK(memory_access(instruction).write == answer.may_store);
        }
    }
    CHECK(compared > 1000);
}

TEST_CASE("rows read and write flags where LLVM knows of it") {
    const LlvmX86 llvm(CodeSize::bits64);
    test::X86Constraints constraints;
    test::Random random{.seed = 7};
    u32 compared = 0;
    for (const Row* row : test::generatable_rows(constraints)) {
        for (int repeat = 0; repeat < 8; ++repeat) {
            const std::vector<u8> bytes = test::generate(*row, constraints, random);
            const Instruction instruction = decode(bytes, CodeSize::bits64, Features::all());
            REQUIRE(instruction.valid());
            const LlvmX86::Answer answer = llvm.disassemble(bytes);
            if (answer.length != bytes.size() || has_flags_undescribed(instruction)) continue;
            ++compared;
            const FlagEffects flags = flag_effects(instruction);
            INFO(describe(*row) << ", LLVM's " << answer.text << ' ' << answer.reads_flags << answer.writes_flags);
            CHECK((((flags.written | flags.undefined) & flag::arithmetic) != 0) == answer.writes_flags);
            CHECK(((flags.read & flag::arithmetic) != 0) == answer.reads_flags);
        }
    }
    CHECK(compared > 1000);
}

} // namespace orrery::tests
