// Random blocks of the small guest that keep the IR's rules: every operation, type, memory access and terminal occurs,
// and constants lie where folding has something to find.
#pragma once

#include <random>

#include "jit/ir/ir.hpp"
#include "tests/support/small_guest.hpp"

namespace orrery::test {

class RandomBlock {
public:
    explicit RandomBlock(u64 seed) : random_(seed) {}

    ir::Block make(u32 guest_instructions) {
        block_ = {};
        values_.clear();
        block_.key = {0x1000 + 4 * below(64), below(4)};
        u64 pc = block_.key.pc;
        for (u32 i = 0; i < guest_instructions; ++i) {
            const u16 length = below(2) == 0 ? 2 : 4;
            append({.op = ir::Op::insn, .aux = length, .imm = pc});
            pc += length;
            block_.guest_bytes += length;
            ++block_.guest_instructions;
            for (u64 n = below(6) + 1; n > 0; --n) append(instruction());
        }
        block_.terminal = terminal(pc);
        return block_;
    }

private:
    u64 below(u64 bound) { return random_() % bound; }
    ir::Value value() {
        return values_[below(4) == 0 ? below(values_.size())
                                     : values_.size() - 1 - below(std::min<u64>(values_.size(), 6))];
    }

    u64 interesting() {
        static constexpr std::array<u64, 14> values{0,  1,  2,    8,      31,          32,      48,
                                                    56, 63, 0xff, 0xffff, 0xffff'ffff, ~u64{0}, u64{1} << 63};
        const u64 choice = below(values.size() + 3);
        return choice < values.size() ? values[choice] : random_() >> below(64);
    }

    void append(const ir::Instruction& instruction) {
        block_.instructions.push_back(instruction);
        if (ir::info(instruction.op).result) values_.push_back(static_cast<ir::Value>(block_.instructions.size() - 1));
    }

    ir::Instruction instruction() {
        using ir::Op;
        if (values_.empty()) return {.op = Op::get, .imm = below(8)};
        // Registers, constants and comparisons more often than the rest.
        const u64 choice = below(10);
        if (choice < 2) return {.op = Op::get, .imm = below(8)};
        if (choice < 4) return {.op = Op::put, .a = value(), .imm = below(8)};
        if (choice < 6) return {.op = Op::constant, .imm = interesting()};
        return operation(static_cast<Op>(1 + below(ir::op_count - 1)));
    }

    ir::Instruction operation(ir::Op op) {
        const ir::OpInfo& info = ir::info(op);
        ir::Instruction i{.op = op};
        if (info.operands > 0) i.a = value();
        if (info.operands > 1) i.b = value();
        if (info.operands > 2) i.c = value();
        if (op == ir::Op::call && below(2) == 0) i.c = ir::no_value;
        const bool high_half = op >= ir::Op::mulhs && op <= ir::Op::mulhsu;
        if (info.effects == ir::Effects::pure && info.operands > 0 && !high_half && below(2) == 0)
            i.type = ir::Type::i32;
        if (op == ir::Op::compare) i.aux = static_cast<u16>(below(6));
        if (info.immediate == ir::Immediate::slot) i.imm = below(8);
        if (info.immediate == ir::Immediate::constant) i.imm = interesting();
        if (info.immediate == ir::Immediate::offset) i.imm = below(2) == 0 ? below(4096) - 2048 : interesting();
        if (info.immediate == ir::Immediate::helper) i.imm = below(3);
        if (op >= ir::Op::load && op <= ir::Op::store_conditional) i.aux = access(op).pack();
        return i;
    }

    ir::MemoryAccess access(ir::Op op) {
        const bool stores = op == ir::Op::store || op == ir::Op::store_conditional;
        return {.size_log2 = static_cast<u8>(below(4)),
                .sign_extend = !stores && below(2) == 0,
                .mmu_index = static_cast<u8>(below(4)),
                .atomic = static_cast<ir::AtomicOp>(op == ir::Op::amo ? below(9) : 0)};
    }

    ir::Terminal terminal(u64 pc) {
        const auto kind = static_cast<ir::JumpKind>(below(3));
        const u64 link = kind == ir::JumpKind::call ? pc : 0;
        switch (below(5)) {
        case 0:
            return ir::Goto{random_(), kind, link};
        case 1:
            return ir::Branch{
                static_cast<ir::Condition>(below(6)), static_cast<ir::Type>(below(2)), value(), value(), random_(), pc};
        case 2:
            return ir::Indirect{value(), kind, link};
        case 3:
            return ir::Raise{below(16), random_()};
        default:
            return ir::Leave{pc, below(2) == 0};
        }
    }

    std::mt19937_64 random_;
    ir::Block block_;
    std::vector<ir::Value> values_;
};

} // namespace orrery::test
