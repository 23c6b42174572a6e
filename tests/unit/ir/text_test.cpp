// print and parse.
#include <map>

#include "jit/ir/parse.hpp"
#include "jit/ir/print.hpp"
#include "jit/ir/verify.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random_block.hpp"

using namespace orrery;
using test::SmallMachine;

namespace {

std::string parse_problem(std::string_view text) {
    const auto block = ir::parse(text, SmallMachine::guest());
    return block ? "" : block.error().message();
}

constexpr std::string_view every_form = R"(block 0x1000 mode 0x3
  insn 0x1000 4
    %1 = get x1
    %2 = constant 0xffffffffffffffff
    %3 = add %1, %2
    %4 = shl.i32 %3, %1
    %5 = popcount %4
    %6 = compare.i32 geu %5, %4
    %7 = select %6, %5, %1
    put x2, %7
  insn 0x1004 2
    %10 = load.s8 [%3]
    %11 = load.u64.mmu1 [%3 + 0x7fffffffffffffff]
    store.16 [%3 - 0x8000000000000000], %11
    %13 = amo.s32.maxu [%3], %11
    %14 = load_reserved.s64.mmu3 [%3]
    %15 = store_conditional.64 [%3], %14
    fence
    %17 = call mix %1, -, %15
  branch.i32 ltu %17, %1 then 0x1000 else 0x1006
)";

} // namespace

TEST_CASE("a block's text reads back as the text it was") {
    const auto block = ir::parse(every_form, SmallMachine::guest());
    REQUIRE(block);
    CHECK(ir::verify(*block, SmallMachine::guest()));
    CHECK(block->guest_instructions == 2);
    CHECK(block->guest_bytes == 6);
    CHECK(ir::print(*block, SmallMachine::guest()) == every_form);
}

TEST_CASE("every terminal has a text of its own") {
    const auto text =
        GENERATE(as<std::string>{}, "goto 0x1004", "goto call 0x2000 link 0x1004", "goto ret 0x2000", "indirect %1",
                 "indirect call %1 link 0x1004", "indirect ret %1", "indirect system %1", "branch eq %1, %1 then 0x1 else 0x2",
                 "raise 0x2 value 0x13", "leave 0x1004", "leave 0x0 pc_in_state");
    const std::string block_text = fmt::format("block 0x1000 mode 0x0\n  insn 0x1000 4\n    %1 = get x1\n  {}\n", text);
    const auto block = ir::parse(block_text, SmallMachine::guest());
    REQUIRE(block);
    CHECK(ir::verify(*block, SmallMachine::guest()));
    CHECK(ir::print(*block, SmallMachine::guest()) == block_text);
}

TEST_CASE("random blocks survive printing and parsing, every operation among them") {
    std::map<ir::Op, u32> seen;
    for (u64 seed = 0; seed < 500; ++seed) {
        const ir::Block block = test::RandomBlock(seed).make(1 + static_cast<u32>(seed % 20));
        for (const ir::Instruction& instruction : block.instructions) ++seen[instruction.op];
        const auto status = ir::verify(block, SmallMachine::guest());
        INFO(ir::print(block, SmallMachine::guest()) << (status ? "" : status.error().message()));
        REQUIRE(status);
        const auto again = ir::parse(ir::print(block, SmallMachine::guest()), SmallMachine::guest());
        REQUIRE(again);
        REQUIRE(*again == block);
    }
    CHECK(seen.size() == ir::op_count);
}

TEST_CASE("text written by hand may have comments, blanks and any numbers for its values") {
    const auto block = ir::parse("# what it is\n\nblock 4096 mode 0\ninsn 4096 4 # first\n%7=get x1\n%3 = add %7 , %7\n"
                                 "put x1, %3\r\n\ngoto 0x1004",
                                 SmallMachine::guest());
    REQUIRE(block);
    CHECK(ir::print(*block, SmallMachine::guest()) == "block 0x1000 mode 0x0\n  insn 0x1000 4\n    %1 = get x1\n    %2 "
                                                      "= add %1, %1\n    put x1, %2\n  goto 0x1004\n");
}

TEST_CASE("what is wrong with a text is said with its place") {
    const std::string start = "block 0x0 mode 0x0\ninsn 0x0 4\n%1 = get x1\n";
    CHECK(parse_problem("") == "1:1: 'block' is missing here");
    CHECK(parse_problem("block zero") == "1:7: a pc is missing here");
    CHECK(parse_problem("block 0x10000000000000000 mode 0") == "1:7: a pc is larger than 0xffffffffffffffff");
    CHECK(parse_problem(start) == "4:1: the block has no terminal");
    CHECK(parse_problem(start + "%2 = get x9\n") == "4:10: small has no slot 'x9'");
    CHECK(parse_problem(start + "%2 = call nothing %1, %1, %1\n") == "4:11: small has no helper 'nothing'");
    CHECK(parse_problem(start + "%2 = frobnicate %1\n") == "4:6: 'frobnicate' is no operation");
    CHECK(parse_problem(start + "%2 = add %1, %3\n") == "4:15: %3 has no value yet");
    CHECK(parse_problem(start + "%2 = add %1\n") == "4:12: ',' is missing here");
    CHECK(parse_problem(start + "%1 = add %1, %1\n") == "4:15: there is a %1 already");
    CHECK(parse_problem(start + "add %1, %1\n") == "4:10: add yields a value");
    CHECK(parse_problem(start + "%2 = put x1, %1\n") == "4:15: put yields no value");
    CHECK(parse_problem(start + "%2 = load.u24 [%1]\n") == "4:6: 'u24' is no memory access of this operation");
    CHECK(parse_problem(start + "%2 = compare above %1, %1\n") == "4:14: 'above' is no condition");
    CHECK(parse_problem(start + "%2 = add.i16 %1, %1\n") == "4:6: 'i16' is no type of this operation");
    CHECK(parse_problem(start + "goto call 0x4\n") == "4:14: 'link' is missing here");
    CHECK(parse_problem(start + "goto 0x4 0x4\n") == "4:10: the line should end here");
    CHECK(parse_problem(start + "goto 0x4\nfence\n") == "5:1: nothing may follow the terminal");
}

TEST_CASE("a text with more instructions than a block may have is refused") {
    std::string text = "block 0x0 mode 0x0\n";
    for (std::size_t i = 0; i <= ir::max_instructions; ++i) text += "fence\n";
    CHECK(parse_problem(text + "goto 0x0\n").ends_with("the block has too many instructions"));
}

TEST_CASE("disturbed texts are read or refused, and what is read prints to what reads the same") {
    std::mt19937_64 random(7);
    std::size_t accepted = 0;
    for (u32 round = 0; round < 20'000; ++round) {
        std::string text(every_form);
        for (u64 changes = 1 + random() % 3; changes > 0; --changes) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
            case 0:
                text[at] = static_cast<char>(random());
                break;
            case 1:
                text.erase(at, random() % 8);
                break;
            case 2:
                text.insert(at, text.substr(random() % text.size(), random() % 12));
                break;
            default:
                text[at] = "0123456789abcdefx%,.[]+-= \n"[random() % 27];
                break;
            }
        }
        const auto block = ir::parse(text, SmallMachine::guest());
        if (!block) continue;
        ++accepted;
        const std::string printed = ir::print(*block, SmallMachine::guest());
        const auto again = ir::parse(printed, SmallMachine::guest());
        INFO(text);
        REQUIRE(again);
        REQUIRE(ir::print(*again, SmallMachine::guest()) == printed);
    }
    CHECK(accepted > 100);
}
