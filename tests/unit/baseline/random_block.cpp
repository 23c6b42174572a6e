#include "tests/unit/baseline/random_block.hpp"

#include <random>

#include "tests/unit/baseline/harness.hpp"

namespace orrery::test {
namespace {

using ir::Op;

class Generator {
public:
    Generator(u64 seed, const RandomBlockOptions& options) : random_(seed), options_(options) {}

    ir::Block make() {
        block_.key = {.pc = block_pc, .mode = 0};
        if (chance(90)) insn();
        for (u32 i = 0; i < options_.instructions; ++i) step();
        end();
        return std::move(block_);
    }

private:
    u64 below(u64 limit) { return random_() % limit; }
    bool chance(u64 percent) { return below(100) < percent; }

    u64 number() {
        static constexpr u64 edges[] = {
            0,    1,      ~u64{0},      0x7fff'ffff,  0x8000'0000,  0xffff'ffff, 0xff, 0xffff,
            0x80, 0x8000, u64{1} << 63, ~u64{0} >> 1, u64{1} << 32, 0x7f,        31,   32,
            63,   64};
        switch (below(4)) {
        case 0:
            return edges[below(std::size(edges))];
        case 1:
            return below(64);
        case 2:
            return random_();
        default:
            return static_cast<u64>(static_cast<i32>(random_()));
        }
    }

    ir::Value append(ir::Instruction instruction) {
        block_.instructions.push_back(instruction);
        const auto value = static_cast<ir::Value>(block_.instructions.size() - 1);
        if (ir::info(instruction.op).result) values_.push_back(value);
        return value;
    }

    void insn() {
        append({.op = Op::insn, .aux = 4, .imm = block_pc + 4 * block_.guest_instructions});
        ++block_.guest_instructions;
        block_.guest_bytes += 4;
    }

    ir::Value constant(u64 value) { return append({.op = Op::constant, .imm = value}); }
    u64 slot() {
        const u64 any = chance(60) ? below(14) : below(slot_count);
        return any == control_slot ? 0 : any;
    }

    ir::Value value() {
        if (values_.empty() || chance(12)) return append({.op = Op::get, .imm = slot()});
        if (chance(12)) return constant(number());
        const u64 back = chance(70) ? std::min<u64>(values_.size(), 5) : values_.size();
        return values_[values_.size() - 1 - below(back)];
    }

    ir::Type type() { return chance(50) ? ir::Type::i64 : ir::Type::i32; }

    void step() {
        const u64 kind = below(100);
        if (kind < 12) return insn();
        if (kind < 30) {
            const ir::Value put = value();
            append({.op = Op::put, .a = put, .imm = slot()});
            return;
        }
        if (kind < 45 && options_.memory) return memory();
        if (kind < 50 && options_.calls) return call();
        pure();
    }

    void pure() {
        static constexpr Op ops[] = {Op::add,     Op::add,    Op::sub,     Op::and_,   Op::or_,      Op::xor_,
                                     Op::andn,    Op::shl,    Op::shr,     Op::sar,    Op::rotl,     Op::rotr,
                                     Op::mul,     Op::mulhs,  Op::mulhu,   Op::mulhsu, Op::divs,     Op::divu,
                                     Op::rems,    Op::remu,   Op::clz,     Op::ctz,    Op::popcount, Op::bswap,
                                     Op::sext8,   Op::sext16, Op::sext32,  Op::zext8,  Op::zext16,   Op::zext32,
                                     Op::compare, Op::select, Op::compare, Op::shl,    Op::sext32,   Op::select};
        const Op op = ops[below(std::size(ops))];
        ir::Instruction made{.op = op, .type = type()};
        const u8 operands = ir::info(op).operands;
        made.a = value();
        if (operands > 1) made.b = value();
        if (operands > 2) made.c = value();
        const bool extension = op >= Op::sext8 && op <= Op::zext32;
        if (extension || op == Op::select || (op >= Op::mulhs && op <= Op::mulhsu)) made.type = ir::Type::i64;
        if (op == Op::compare) made.aux = static_cast<u16>(below(6));
        const ir::Value first = append(made);
        // The shapes that the back end joins.
        if (op == Op::compare && chance(50)) {
            const ir::Value b = value(), c = value();
            append({.op = Op::select, .a = first, .b = b, .c = c});
        } else if (op == Op::shl && chance(50)) {
            const ir::Value count = constant(chance(50) ? 32 : below(4));
            const ir::Value left = append({.op = Op::shl, .a = first, .b = count});
            if (chance(50)) {
                const ir::Value right = constant(below(64));
                append({.op = Op::shr, .a = left, .b = right});
            } else {
                const ir::Value other = value();
                append({.op = Op::add, .a = chance(50) ? left : other, .b = chance(50) ? other : left});
            }
        }
    }

    ir::Value address() {
        if (!addresses_.empty() && chance(50)) return addresses_[below(addresses_.size())];
        if (chance(30)) return constant(ram_base + below(ram_bytes + 16) - 8);
        if (chance(15)) return constant(device_base + below(4096));
        if (chance(5)) return value();
        const ir::Value from = value(), mask = constant(chance(60) ? 0x3ff8 : 0x3fff), base = constant(ram_base);
        const ir::Value offset = append({.op = Op::and_, .a = from, .b = mask});
        const ir::Value sum = append({.op = Op::add, .a = offset, .b = base});
        if (chance(70)) append({.op = Op::put, .a = sum, .imm = slot()});
        addresses_.push_back(sum);
        return sum;
    }

    void memory() {
        ir::MemoryAccess access{.size_log2 = static_cast<u8>(below(4)), .sign_extend = chance(50)};
        const ir::Value at = address();
        const u64 offset = chance(80) ? below(64) - 32 : below(8);
        const u64 kind = below(20);
        if (kind < 9) {
            append({.op = Op::load, .aux = access.pack(), .a = at, .imm = offset});
        } else if (kind < 16) {
            const ir::Value stored = value();
            append({.op = Op::store, .aux = access.pack(), .a = at, .b = stored, .imm = offset});
        } else {
            access.size_log2 = static_cast<u8>(2 + below(2));
            access.sign_extend = false;
            access.atomic = static_cast<ir::AtomicOp>(below(9));
            const ir::Value operand = value();
            if (kind < 18)
                append({.op = Op::amo, .aux = access.pack(), .a = at, .b = operand});
            else if (kind == 18)
                append({.op = Op::load_reserved, .aux = access.pack(), .a = at});
            else
                append({.op = Op::store_conditional, .aux = access.pack(), .a = at, .b = operand});
            if (chance(20)) append({.op = Op::fence});
        }
        if (chance(50)) append({.op = Op::put, .a = values_.empty() ? at : values_.back(), .imm = slot()});
    }

    void call() {
        ir::Instruction made{.op = Op::call, .imm = below(helper_count)};
        if (chance(80)) made.a = value();
        if (chance(80)) made.b = value();
        if (chance(60)) made.c = value();
        const bool leaves = made.imm == leave_by_argument || made.imm == change_and_leave;
        if (leaves && chance(60)) made.a = constant(chance(70) ? 8 : 9);
        if (made.imm >= vector_pair && chance(80)) {
            made.a = constant(number());
            made.b = constant(0);
        }
        append(made);
    }

    void end() {
        const u64 near = block_pc + 2 * below(1024), far = block_pc + 0x1000 + 2 * below(4096);
        switch (below(6)) {
        case 0:
            block_.terminal = ir::Goto{chance(50) ? block_pc + block_.guest_bytes : near};
            break;
        case 1:
            block_.terminal = ir::Goto{far};
            break;
        case 2: {
            const ir::Value a = value(), b = value();
            block_.terminal = ir::Branch{static_cast<ir::Condition>(below(6)), type(), a, b, chance(70) ? near : far,
                                         chance(70) ? near + 8 : far + 8};
            break;
        }
        case 3:
            block_.terminal = ir::Indirect{value()};
            break;
        case 4:
            block_.terminal = ir::Raise{number(), number()};
            break;
        default:
            block_.terminal = ir::Leave{near, chance(30)};
            break;
        }
    }

    std::mt19937_64 random_;
    RandomBlockOptions options_;
    ir::Block block_;
    std::vector<ir::Value> values_, addresses_;
};

} // namespace

ir::Block random_block(u64 seed, const RandomBlockOptions& options) { return Generator(seed, options).make(); }

} // namespace orrery::test
