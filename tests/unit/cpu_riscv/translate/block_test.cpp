// How instructions become blocks: where a block begins and ends, and what it tells the engine.
#include <algorithm>

#include "cpu/riscv/helpers.hpp"
#include "cpu/riscv/instruction_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/assembler_text.hpp"
#include "tests/unit/cpu_riscv/translate/rig.hpp"

namespace orrery::riscv::test {
namespace {

constexpr u64 page = 0x4000'0000;
constexpr u64 page_end = page + page_size;
constexpr u16 compressed_nop = 0x0001;
constexpr u64 ra = 1, t0 = 5, a0 = 10, a1 = 11;

u32 word(const Instruction& instruction) { return tests::encode(instruction); }
const u32 nop = word({.op = Op::addi});
const u32 float_add = word({.op = Op::fadd_d, .rd = 1, .rs1 = 2, .rs2 = 3, .rm = 7});

struct BlockFixture : TranslationRig {
    ir::Block at(u64 pc, u32 limit = 64) {
        registers.pc = pc;
        return translate(code, limit);
    }
    // One instruction at the page's start.
    ir::Block of(const Instruction& instruction) {
        code.place(page, word(instruction));
        return at(page);
    }
    u32 count(const ir::Block& block, ir::Op op) {
        return static_cast<u32>(std::ranges::count(block.instructions, op, &ir::Instruction::op));
    }
    template <typename T> T terminal(const ir::Block& block) {
        REQUIRE(std::holds_alternative<T>(block.terminal));
        return std::get<T>(block.terminal);
    }
    void fill(u64 pc, u64 end, u32 instruction) {
        for (; pc < end; pc += 4) code.place(pc, instruction);
    }
};

TEST_CASE_METHOD(BlockFixture, "a block goes on behind its last instruction when the limit is reached") {
    fill(page, page_end, nop);
    const ir::Block block = at(page + 8, 5);
    CHECK(block.guest_instructions == 5);
    CHECK(block.guest_bytes == 20);
    CHECK(terminal<ir::Goto>(block) == ir::Goto{page + 28});
}

TEST_CASE_METHOD(BlockFixture, "a block ends with its page") {
    fill(page, page_end + 64, nop);
    const ir::Block block = at(page_end - 8);
    CHECK(block.guest_instructions == 2);
    CHECK(terminal<ir::Goto>(block) == ir::Goto{page_end});
}

TEST_CASE_METHOD(BlockFixture, "a compressed instruction at a page's end needs nothing of the next page") {
    code.place(page_end - 4, compressed_nop);
    code.place(page_end - 2, compressed_nop);
    const ir::Block block = at(page_end - 4);
    CHECK(block.guest_instructions == 2);
    CHECK(block.guest_bytes == 4);
    CHECK(terminal<ir::Goto>(block) == ir::Goto{page_end});
}

TEST_CASE_METHOD(BlockFixture, "an instruction that crosses into the next page is left to a block of its own") {
    code.place(page_end - 4, compressed_nop);
    code.place(page_end - 2, nop);
    fill(page_end + 2, page_end + 64, nop);
    const ir::Block before = at(page_end - 4);
    CHECK(before.guest_instructions == 1);
    CHECK(terminal<ir::Goto>(before) == ir::Goto{page_end - 2});
    const ir::Block crossing = at(page_end - 2);
    CHECK(crossing.guest_instructions == 1);
    CHECK(crossing.guest_bytes == 4);
    CHECK(terminal<ir::Goto>(crossing) == ir::Goto{page_end + 2});
}

TEST_CASE_METHOD(BlockFixture, "a fetch that faults raises, with the address of the half that isn't there") {
    constexpr auto cause = static_cast<u64>(Exception::instruction_page_fault);
    const ir::Block first_half = at(page);
    CHECK(first_half.guest_instructions == 1);
    CHECK(first_half.guest_bytes == 0);
    CHECK(terminal<ir::Raise>(first_half) == ir::Raise{cause, page});
    code.place(page_end - 2, static_cast<u16>(nop));
    const ir::Block second_half = at(page_end - 2);
    CHECK(second_half.guest_bytes == 0);
    CHECK(terminal<ir::Raise>(second_half) == ir::Raise{cause, page_end});
    run(at(page_end - 2));
    CHECK(registers.pc == page_end - 2);
}

TEST_CASE_METHOD(BlockFixture, "a fetch that faults later ends the block before it") {
    fill(page, page + 8, nop);
    const ir::Block block = at(page);
    CHECK(block.guest_instructions == 2);
    CHECK(terminal<ir::Goto>(block) == ir::Goto{page + 8});
}

TEST_CASE_METHOD(BlockFixture, "an illegal instruction shows its bits, and only as many as it has") {
    code.place(page, u16{0});
    CHECK(terminal<ir::Raise>(at(page)) == ir::Raise{2, 0});
    CHECK(at(page).guest_bytes == 2);
    code.place(page, u32{0xffff'ffff});
    CHECK(terminal<ir::Raise>(at(page)) == ir::Raise{2, 0xffff'ffff});
}

TEST_CASE_METHOD(BlockFixture, "jumps say which of them call and return") {
    const auto jump = [&](u64 rd) {
        return terminal<ir::Goto>(of({.op = Op::jal, .rd = static_cast<u8>(rd), .imm = 0x100}));
    };
    CHECK(jump(0) == ir::Goto{page + 0x100, ir::JumpKind::plain, page + 4});
    CHECK(jump(ra) == ir::Goto{page + 0x100, ir::JumpKind::call, page + 4});
    CHECK(jump(t0).kind == ir::JumpKind::call);
    CHECK(jump(a0).kind == ir::JumpKind::plain);

    const auto indirect = [&](u64 rd, u64 rs1) {
        return terminal<ir::Indirect>(of({.op = Op::jalr, .rd = static_cast<u8>(rd), .rs1 = static_cast<u8>(rs1)}))
            .kind;
    };
    CHECK(indirect(0, ra) == ir::JumpKind::ret);
    CHECK(indirect(a0, t0) == ir::JumpKind::ret);
    CHECK(indirect(ra, a0) == ir::JumpKind::call);
    CHECK(indirect(ra, ra) == ir::JumpKind::call);
    CHECK(indirect(ra, t0) == ir::JumpKind::call);
    CHECK(indirect(0, a0) == ir::JumpKind::plain);
}

TEST_CASE_METHOD(BlockFixture, "a far call through auipc is a call to a known place") {
    code.place(page, word({.op = Op::auipc, .rd = ra, .imm = 0x10000}));
    code.place(page + 4, word({.op = Op::jalr, .rd = ra, .rs1 = ra, .imm = -0x20}));
    CHECK(terminal<ir::Goto>(at(page)) == ir::Goto{page + 0x10000 - 0x20, ir::JumpKind::call, page + 8});
}

TEST_CASE_METHOD(BlockFixture, "a branch that compares x0 with itself is a jump") {
    CHECK(terminal<ir::Goto>(of({.op = Op::beq, .imm = 64})).pc == page + 64);
    CHECK(terminal<ir::Goto>(of({.op = Op::bne, .imm = 64})).pc == page + 4);
}

TEST_CASE_METHOD(BlockFixture, "only fences between a store and a later load cost the host one") {
    constexpr i64 rw_rw = 0x33, w_r = 0x12, r_rw = 0x23, rw_w = 0x31;
    const auto fences = [&](const Instruction& instruction) {
        code.place(page, word(instruction));
        return count(at(page), ir::Op::fence);
    };
    CHECK(fences({.op = Op::fence, .imm = rw_rw}) == 1);
    CHECK(fences({.op = Op::fence, .imm = w_r}) == 1);
    CHECK(fences({.op = Op::fence, .imm = r_rw}) == 0);
    CHECK(fences({.op = Op::fence, .imm = rw_w}) == 0);
    CHECK(fences({.op = Op::fence_tso}) == 0);
    CHECK(fences({.op = Op::lr_w, .rd = a0, .rs1 = a1, .acquire = true, .release = true}) == 1);
    CHECK(fences({.op = Op::lr_w, .rd = a0, .rs1 = a1, .acquire = true}) == 0);
}

TEST_CASE_METHOD(BlockFixture, "a load into x0 still loads") {
    CHECK(count(of({.op = Op::lw, .rs1 = a0}), ir::Op::load) == 1);
    CHECK(count(of({.op = Op::amoadd_w, .rs1 = a0, .rs2 = a1}), ir::Op::amo) == 1);
}

TEST_CASE_METHOD(BlockFixture, "floating point sets mstatus.FS once a block, behind what may fault") {
    registers.mstatus = u64{1} << 13;
    code.place(page, word({.op = Op::fld, .rd = 1, .rs1 = a0}));
    code.place(page + 4, float_add);
    code.place(page + 8, float_add);
    const ir::Block block = at(page);
    const auto sets_fs = [](const ir::Instruction& i) { return i.op == ir::Op::put && i.imm == slot::mstatus; };
    CHECK(std::ranges::count_if(block.instructions, sets_fs) == 1);
    const auto put = std::ranges::find_if(block.instructions, sets_fs);
    const auto load = std::ranges::find(block.instructions, ir::Op::load, &ir::Instruction::op);
    CHECK(load < put);
}

TEST_CASE_METHOD(BlockFixture, "storing, moving out and classifying leave mstatus.FS alone") {
    registers.mstatus = u64{1} << 13;
    for (const Op op : {Op::fsd, Op::fsw, Op::fmv_x_d, Op::fclass_d}) {
        const ir::Block block = of({.op = op, .rd = 10, .rs1 = 11});
        CHECK(std::ranges::none_of(block.instructions, [](const ir::Instruction& i) {
            return i.op == ir::Op::put && i.imm == slot::mstatus;
        }));
    }
}

TEST_CASE_METHOD(BlockFixture, "what may change the mode or let an interrupt in ends its block") {
    const auto leaves = [&](const Instruction& instruction) {
        code.place(page, word(instruction));
        code.place(page + 4, nop);
        return std::holds_alternative<ir::Leave>(at(page).terminal);
    };
    CHECK(leaves({.op = Op::csrrw, .rs1 = 10, .csr = 0x180}));       // satp
    CHECK(leaves({.op = Op::csrrsi, .csr = 0x100, .imm = 2}));       // sstatus: interrupts on
    CHECK_FALSE(leaves({.op = Op::csrrci, .csr = 0x100, .imm = 2})); // and off
    CHECK_FALSE(leaves({.op = Op::csrrs, .rd = 10, .csr = 0x100}));  // read only
    CHECK_FALSE(leaves({.op = Op::csrrw, .rs1 = 10, .csr = 0x140})); // sscratch
    CHECK(leaves({.op = Op::wfi}));
    CHECK(leaves({.op = Op::sfence_vma}));
    CHECK(leaves({.op = Op::fence_i}));
    CHECK(leaves({.op = Op::sret}));
}

TEST_CASE_METHOD(BlockFixture, "trap registers take no helper, counters take the one that knows the count") {
    CHECK(count(of({.op = Op::csrrw, .rd = 10, .rs1 = 11, .csr = 0x140}), ir::Op::call) == 0);
    CHECK(count(of({.op = Op::csrrs, .rd = 10, .csr = 0x142}), ir::Op::call) == 0);
    const ir::Block time = of({.op = Op::csrrs, .rd = 10, .csr = 0xc01});
    const auto call = std::ranges::find(time.instructions, ir::Op::call, &ir::Instruction::op);
    REQUIRE(call != time.instructions.end());
    CHECK(hart.description().helpers[call->imm].needs_count);
    registers.privilege = Privilege::user;
    CHECK(count(of({.op = Op::csrrw, .rd = 10, .rs1 = 11, .csr = 0x140}), ir::Op::call) == 1);
}

TEST_CASE_METHOD(BlockFixture, "a block of the longest translations stops while it has room") {
    fill(page, page_end, word({.op = Op::orc_b, .rd = 10, .rs1 = 10}));
    registers.pc = page;
    const ir::Block block = translate(code, 100'000);
    CHECK(block.guest_instructions == page_size / 4);
    CHECK(block.instructions.size() < ir::max_instructions);
}

} // namespace
} // namespace orrery::riscv::test
