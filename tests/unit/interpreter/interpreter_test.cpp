// The interpreter, an operation at a time. What pure operations compute is tests/unit/ir/evaluate_test.cpp's matter;
// here each is seen to be executed with its own operands, type and destination.
#include <random>

#include "jit/ir/evaluate.hpp"
#include "jit/ir/parse.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_guest.hpp"

using namespace orrery;
using jit::Exit;
using jit::LeaveRequest;
using test::SmallMachine;

namespace {

ir::Block block(std::string_view body) {
    auto parsed = ir::parse(fmt::format("block 0x1000 mode 0x0\ninsn 0x1000 4\n{}", body), SmallMachine::guest());
    INFO((parsed ? "" : parsed.error().message()));
    REQUIRE(parsed);
    return std::move(*parsed);
}

// Lets accesses to the page at `page` hit the soft TLB of context 0 with `tag`.
void fill(SmallMachine& machine, u64 page, u64 tag, u8* host, bool writable = true) {
    machine.context->data_tag[0] = tag;
    machine.context->tlb[(page >> 12) % jit::tlb_entries] = {page | tag, writable ? page | tag : jit::tlb_invalid,
                                                             reinterpret_cast<u64>(host) - page, 0};
}

} // namespace

TEST_CASE("every pure operation is executed with its operands and its type") {
    std::mt19937_64 random(3);
    for (std::size_t n = 0; n < ir::op_count; ++n) {
        const auto op = static_cast<ir::Op>(n);
        const u8 operands = ir::info(op).operands;
        if (ir::info(op).effects != ir::Effects::pure || operands == 0 || operands > 2 || op == ir::Op::compare)
            continue;
        for (const bool narrow : {false, true}) {
            SmallMachine machine;
            machine.state.x = {0, random(), random() | 1, 0, 0, 0, 0, 0};
            const u64 a = machine.state.x[1], b = machine.state.x[2];
            machine.run(block(fmt::format("%1 = get x1\n%2 = get x2\n%3 = {}{} {}\nput x3, %3\ngoto 0x1004",
                                          ir::info(op).name, narrow ? ".i32" : "", operands == 1 ? "%1" : "%1, %2")));
            const ir::Type type = narrow ? ir::Type::i32 : ir::Type::i64;
            INFO(ir::info(op).name);
            CHECK(machine.state.x[3] == (operands == 1 ? ir::evaluate(op, type, a) : ir::evaluate(op, type, a, b)));
            CHECK(machine.state.x[1] == a);
        }
    }
}

TEST_CASE("compare yields one or zero by its condition and type, select takes the side") {
    SmallMachine machine;
    machine.state.x = {0, 0x1'0000'0005, 7, 0, 0, 0, 0, 0};
    machine.run(block("%1 = get x1\n%2 = get x2\n%3 = compare ltu %1, %2\n%4 = compare.i32 ltu %1, %2\nput x3, %3\n"
                      "put x4, %4\n%7 = select %3, %1, %2\n%8 = select %4, %1, %2\nput x5, %7\nput x6, %8\ngoto 0x0"));
    CHECK(machine.state.x == std::array<u64, 8>{0, 0x1'0000'0005, 7, 0, 1, 7, 0x1'0000'0005, 0});
}

TEST_CASE("a load that the soft TLB answers reads host memory and extends as asked") {
    alignas(8) std::array<u8, 4096> page{};
    const u64 bytes = 0x8182'8384'8586'8788;
    std::memcpy(&page[16], &bytes, 8);
    struct Row {
        const char* access;
        u64 expected;
    };
    const Row row = GENERATE(Row{"u8", 0x88}, Row{"s8", 0xffff'ffff'ffff'ff88}, Row{"u16", 0x8788},
                             Row{"s16", 0xffff'ffff'ffff'8788}, Row{"u32", 0x8586'8788},
                             Row{"s32", 0xffff'ffff'8586'8788}, Row{"u64", 0x8182'8384'8586'8788});
    SmallMachine machine;
    fill(machine, 0x7000, 5, page.data());
    machine.state.x[1] = 0x7018;
    machine.run(block(fmt::format("%1 = get x1\n%2 = load.{} [%1 - 0x8]\nput x2, %2\ngoto 0x1004", row.access)));
    CHECK(machine.state.x[2] == row.expected);
    CHECK(machine.trace.empty());
}

TEST_CASE("a store that the soft TLB answers writes its bytes and no others") {
    const u32 bits = GENERATE(8u, 16u, 32u, 64u);
    alignas(8) std::array<u8, 4096> page{};
    SmallMachine machine;
    fill(machine, 0x7000, 5, page.data());
    machine.state.x = {0, 0x7010, ~u64{0}, 0, 0, 0, 0, 0};
    machine.run(block(fmt::format("%1 = get x1\n%2 = get x2\nstore.{} [%1 + 0x8], %2\ngoto 0x1004", bits)));
    CHECK(machine.trace.empty());
    CHECK(std::ranges::count(page, 0xff) == bits / 8);
    CHECK(page[0x18] == 0xff);
    CHECK(page[0x17 + bits / 8] == 0xff);
}

TEST_CASE("other pages, other contexts, read-only pages and page crossings go the slow way") {
    alignas(8) std::array<u8, 4096> page{};
    SmallMachine machine;
    fill(machine, 0x7000, 5, page.data(), false);
    const auto slow = [&](u64 address, std::string_view access) {
        machine.trace.clear();
        machine.state.x[1] = address;
        machine.run(block(fmt::format("%1 = get x1\n{}\ngoto 0x1004", access)));
        return machine.trace.size() == 1;
    };
    CHECK_FALSE(slow(0x7ff8, "%2 = load.u64 [%1]"));
    CHECK(slow(0x7ff9, "%2 = load.u64 [%1]"));
    CHECK(slow(0x7000 + 4096 * jit::tlb_entries, "%2 = load.u64 [%1]"));
    CHECK(slow(0x7000, "%2 = load.u64.mmu1 [%1]"));
    CHECK(slow(0x7000, "store.64 [%1], %1"));
    CHECK(slow(0x7000, "%2 = amo.s64.add [%1], %1"));
    CHECK(slow(0x7000, "%2 = load_reserved.s64 [%1]"));
    CHECK(slow(0x7000, "%2 = store_conditional.64 [%1], %1"));
    machine.context->data_tag[0] = 6;
    CHECK(slow(0x7000, "%2 = load.u64 [%1]"));
}

TEST_CASE("slow paths get address, access and value, and their answer is the result") {
    SmallMachine machine;
    machine.state.x = {0, 0x100, 0x55, 0, 0, 0, 0, 0};
    machine.run(block("%1 = get x1\n%2 = get x2\nstore.32 [%1 + 0x4], %2\n%4 = load.u32 [%1 + 0x4]\n"
                      "%5 = amo.s32.add [%1], %2\n%6 = load_reserved.s32 [%1]\n%7 = store_conditional.32 [%1], %6\n"
                      "put x3, %4\nput x4, %5\nput x5, %6\nput x6, %7\nfence\ngoto 0x1004"));
    REQUIRE(machine.trace.size() == 5);
    CHECK(machine.trace[0].starts_with("store 104 2 55 at 0:"));
    CHECK(machine.trace[1].starts_with("load 104 2 0 at 0:"));
    CHECK(machine.trace[2].starts_with("amo 100 106 55 at 0:"));
    CHECK(machine.trace[3].starts_with("load_reserved 100 6 0 at 0:"));
    CHECK(machine.trace[4].starts_with("store_conditional 100 2 55 at 0:"));
    CHECK(machine.state.x == std::array<u64, 8>{0, 0x100, 0x55, 0x55, 0, 0x55, 0, 0});
}

TEST_CASE("a call passes three arguments, none as zero, and sees and changes the guest's registers") {
    SmallMachine machine;
    machine.state.x = {0, 5, 6, 0, 0, 0, 0, 0};
    machine.run(block("%1 = get x1\n%2 = get x2\n%3 = call mix %1, %2, %1\nput x3, %3\n%4 = call advance_x1 %2, -, -\n"
                      "%5 = get x1\nput x4, %5\nput x5, %4\ngoto 0x1004"));
    CHECK(machine.trace[0].starts_with("mix 5 6 5 at 0:"));
    CHECK(machine.trace[1].starts_with("advance_x1 6 0 0 at 0:"));
    CHECK(machine.state.x[3] == 10 + (6 << 7) * 3);
    CHECK(machine.state.x[4] == 11);
    CHECK(machine.state.x[5] == 11);
}

TEST_CASE("a slow path that asks to leave ends the block where it stands") {
    const auto access =
        GENERATE(as<std::string>{}, "%2 = load.u8 [%1]", "store.8 [%1], %1", "%2 = amo.s32.add [%1], %1",
                 "%2 = load_reserved.s32 [%1]", "%2 = store_conditional.32 [%1], %1", "%2 = call maybe_raise %1, -, -");
    SmallMachine machine;
    machine.leave_at = 0;
    machine.request = LeaveRequest::raise;
    machine.state.pc = 0x77;
    machine.run(block(fmt::format("%1 = get x1\nput x2, %1\ninsn 0x1004 4\n{}\n%9 = constant 9\nput x3, %9\n"
                                  "insn 0x1008 4\nput x4, %9\ngoto 0x100c",
                                  access)));
    CHECK(machine.context->exit == Exit::slow);
    CHECK(machine.context->interpreted_instruction == 1);
    CHECK(machine.state.x[3] == 0);
    CHECK(machine.state.x[4] == 0);
    CHECK(machine.state.pc == 0x77);
}

TEST_CASE("a terminal leaves the pc of the next instruction and says how it ended") {
    struct Row {
        const char* terminal;
        u64 pc;
        Exit exit;
    };
    const Row row = GENERATE(
        Row{"goto 0x2000", 0x2000, Exit::lookup}, Row{"goto call 0x2000 link 0x1004", 0x2000, Exit::lookup},
        Row{"indirect ret %1", 0x40, Exit::lookup}, Row{"branch eq %1, %1 then 0x10 else 0x20", 0x10, Exit::lookup},
        Row{"branch ne %1, %1 then 0x10 else 0x20", 0x20, Exit::lookup},
        Row{"branch.i32 lt %3, %1 then 0x10 else 0x20", 0x10, Exit::lookup},
        Row{"branch lt %3, %1 then 0x10 else 0x20", 0x20, Exit::lookup}, Row{"leave 0x1004", 0x1004, Exit::leave},
        Row{"leave 0x1004 pc_in_state", 0x99, Exit::leave}, Row{"raise 0x2 value 0x13", 0x1000, Exit::raise});
    SmallMachine machine;
    machine.state.x[1] = 0x40;
    machine.state.pc = 0x99;
    machine.context->budget = 10;
    machine.run(block(fmt::format("%1 = get x1\n%3 = constant 0x80000000\n{}", row.terminal)));
    INFO(row.terminal);
    CHECK(machine.state.pc == row.pc);
    CHECK(machine.context->exit == row.exit);
    CHECK(machine.context->budget == 9);
    if (row.exit == Exit::raise) {
        CHECK(machine.context->exit_code == 2);
        CHECK(machine.context->exit_value == 0x13);
    }
}

TEST_CASE("a raise belongs to the block's last instruction") {
    SmallMachine machine;
    machine.run(block("insn 0x1004 2\ninsn 0x1006 4\nraise 0x2 value 0x0"));
    CHECK(machine.state.pc == 0x1006);
}

TEST_CASE("a store that asks to leave behind its instruction lets it complete, and the next one not begin") {
    SmallMachine machine;
    machine.leave_at = 0;
    machine.request = LeaveRequest::after;
    machine.run(block("%1 = constant 0x9\nstore.8 [%1], %1\nput x2, %1\ninsn 0x1004 4\nput x3, %1\ngoto 0x1008"));
    CHECK(machine.context->exit == Exit::slow);
    CHECK(machine.context->interpreted_instruction == 0);
    CHECK(machine.state.x[2] == 9);
    CHECK(machine.state.x[3] == 0);
}
