// How many low bits of a value matter, as far as the instruction that yields it tells.
#pragma once

#include <algorithm>
#include <bit>

#include "jit/ir/evaluate.hpp"

namespace orrery::passes {

// The value is below 2^n.
inline u32 unsigned_bits(const ir::Block& block, ir::Value value) {
    using ir::Op;
    const ir::Instruction& i = block.instructions[value];
    const u32 width = ir::width_bits(i.type);
    switch (i.op) {
    case Op::constant:
        return static_cast<u32>(std::bit_width(i.imm));
    case Op::compare:
    case Op::store_conditional:
        return 1;
    case Op::clz:
    case Op::ctz:
    case Op::popcount:
        return 7;
    case Op::zext8:
        return 8;
    case Op::zext16:
        return 16;
    case Op::zext32:
        return 32;
    case Op::load: {
        const auto access = ir::MemoryAccess::unpack(i.aux);
        return access.sign_extend ? 64 : 8 * static_cast<u32>(access.size_bytes());
    }
    case Op::and_: {
        const ir::Instruction& b = block.instructions[i.b];
        return b.op == Op::constant ? static_cast<u32>(std::bit_width(ir::low(i.type, b.imm))) : width;
    }
    case Op::shr: {
        const ir::Instruction& b = block.instructions[i.b];
        return b.op == Op::constant ? width - (static_cast<u32>(b.imm) & (width - 1)) : width;
    }
    case Op::sext8:
    case Op::sext16:
    case Op::sext32:
    case Op::select:
        return 64; // these always yield all 64 bits
    default:
        return width;
    }
}

// The value is the sign extension of its low n bits.
inline u32 signed_bits(const ir::Block& block, ir::Value value) {
    using ir::Op;
    const ir::Instruction& i = block.instructions[value];
    switch (i.op) {
    case Op::sext8:
        return 8;
    case Op::sext16:
        return 16;
    case Op::sext32:
        return 32;
    case Op::constant:
        return 65 - static_cast<u32>(std::max(std::countl_zero(i.imm), std::countl_one(i.imm)));
    case Op::load:
    case Op::amo:
    case Op::load_reserved: {
        const auto access = ir::MemoryAccess::unpack(i.aux);
        if (access.sign_extend) return 8 * static_cast<u32>(access.size_bytes());
        break;
    }
    default:
        break;
    }
    return std::min(64u, unsigned_bits(block, value) + 1);
}

} // namespace orrery::passes
