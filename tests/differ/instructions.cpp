#include "tests/differ/instructions.hpp"

#include <algorithm>
#include <array>

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/instruction_table.hpp"
#include "tests/unit/cpu_riscv/assembler_text.hpp"

namespace orrery::test::differ {
namespace {

using namespace riscv;
using tests::encode;

constexpr u8 gp = 3;
// Registers that mostly hold addresses; c.lw and its kin reach all of them but sp.
constexpr std::array<u8, 5> pointers{2, 9, 11, 13, 15};
// CSRs without which there would be no interesting state, chosen as often as all others together.
constexpr std::array<u32, 26> frequent_csrs{0x001, 0x002, 0x003, 0xc00, 0xc01, 0xc02, 0xc03, 0x100, 0x104,
                                            0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x143, 0x300,
                                            0x304, 0x340, 0x341, 0x344, 0xb00, 0xb02, 0xb03, 0x320};

u8 any_register(Random& random) { return static_cast<u8>(random.below(32)); }

u8 pointer(Random& random) { return random.one_in(6) ? any_register(random) : random.among<u8>(pointers); }

u8 destination(Random& random) {
    for (;;) {
        const u8 number = any_register(random);
        if (number == gp) continue;
        const bool is_pointer = std::ranges::find(pointers, number) != pointers.end();
        if (!is_pointer || random.one_in(4)) return number;
    }
}

// What would make a program of traps only if it came as often as the rest.
u64 rarity(const Row& row) {
    switch (row.op) {
    case Op::ecall:
    case Op::ebreak:
    case Op::mret:
    case Op::sret:
    case Op::wfi:
        return 12;
    case Op::jalr:
    case Op::sfence_vma:
        return 3;
    default:
        break;
    }
    if (row.extension == Extension::svinval) return 6;
    return row.extension == Extension::zicsr ? 2 : 1;
}

i64 offset(Random& random) {
    switch (random.below(4)) {
    case 0:
        return static_cast<i64>(random.below(4096)) - 2048;
    case 1:
        return static_cast<i64>(random.below(17)) - 8;
    default:
        return 8 * static_cast<i64>(random.below(9)) - 32;
    }
}

// A new satp without an sfence.vma leaves it open which translation holds: only the firmware writes it.
u32 csr_number(Random& random) {
    constexpr u32 satp_number = 0x180;
    for (;;) {
        const u32 number = random.one_in(24)  ? random.below32(4096)
                           : random.one_in(2) ? random.among<u32>(frequent_csrs)
                                              : random.among(csr_definitions()).number;
        if (number != satp_number) return number;
    }
}

bool is_address_based(Format format) {
    switch (format) {
    case Format::load:
    case Format::store:
    case Format::float_load:
    case Format::float_store:
    case Format::load_reserved:
    case Format::atomic:
    case Format::cache_block:
    case Format::prefetch:
        return true;
    default:
        return false;
    }
}

bool writes_integer_register(Format format) {
    switch (format) {
    case Format::float_load:
    case Format::float_fused:
    case Format::float_rounded:
    case Format::float_registers:
    case Format::float_unary_rounded:
    case Format::integer_to_float:
    case Format::integer_to_float_rounded:
        return false;
    default:
        return true;
    }
}

void tune(Random& random, const Row& row, Instruction& instruction) {
    constexpr u32 rd_bits = 31u << 7;
    if ((row.operand_bits & rd_bits) != 0 && writes_integer_register(row.format)) instruction.rd = destination(random);
    if (is_address_based(row.format)) instruction.rs1 = pointer(random);
    switch (row.format) {
    case Format::load:
    case Format::store:
    case Format::float_load:
    case Format::float_store:
        instruction.imm = offset(random);
        break;
    case Format::branch:
        instruction.imm = 2 * (static_cast<i64>(random.below(64)) - 12);
        break;
    case Format::jump:
        instruction.imm = 2 * (static_cast<i64>(random.below(512)) - 128);
        break;
    case Format::csr:
    case Format::csr_immediate:
        instruction.csr = csr_number(random);
        break;
    default:
        break;
    }
    const bool reserved_rounding = instruction.rm == 5 || instruction.rm == 6;
    if ((row.operand_bits & 7u << 12) != 0 && (reserved_rounding ? !random.one_in(8) : random.one_in(2)))
        instruction.rm = 7;
}

u32 random_word(Random& random) {
    for (;;) {
        const Row& row = random.among(instruction_rows());
        if (!random.one_in(rarity(row))) continue;
        const u32 bits = row.match | (static_cast<u32>(random.next()) & tests::all_operand_bits(row));
        Instruction instruction = decode(bits);
        if (instruction.op != row.op) return bits;
        tune(random, row, instruction);
        return encode(instruction);
    }
}

u32 random_half(Random& random) {
    for (;;) {
        const CompressedRow& row = random.among(compressed_rows());
        if ((row.op == Op::illegal || row.op == Op::jalr || row.op == Op::ebreak) && !random.one_in(6)) continue;
        const u32 bits = row.match | (random.below32(0x10000) & static_cast<u32>(~row.mask & 0xffff));
        const Instruction instruction = decode(bits);
        if (instruction.rd == gp && !random.one_in(64)) continue;
        return bits;
    }
}

u32 refresh(Random& random) {
    const bool into_pointer = random.one_in(2);
    return encode({.op = Op::ld,
                   .rd = into_pointer ? random.among<u8>(pointers) : destination(random),
                   .rs1 = gp,
                   .imm = 8 * (static_cast<i64>(random.below(512)) - 256)});
}

u32 refresh_float(Random& random) {
    return encode(
        {.op = Op::fld, .rd = any_register(random), .rs1 = gp, .imm = 8 * (static_cast<i64>(random.below(512)) - 256)});
}

std::vector<Encoded> reserve_and_store(Random& random) {
    const bool wide = random.one_in(2);
    const u8 address = pointer(random);
    std::vector<Encoded> code;
    code.push_back({encode({.op = wide ? Op::lr_d : Op::lr_w, .rd = destination(random), .rs1 = address})});
    for (u64 between = random.below(4); between != 0; --between)
        code.push_back({random.one_in(4) ? random_word(random) : random_harmless_instruction(random)});
    code.push_back({encode({.op = wide != random.one_in(16) ? Op::sc_d : Op::sc_w,
                            .rd = destination(random),
                            .rs1 = address,
                            .rs2 = any_register(random)})});
    return code;
}

// The operands' page also holds instructions (see program.cpp); one of them goes to where execution soon comes.
std::vector<Encoded> store_ahead(Random& random) {
    constexpr std::array<Op, 4> stores{Op::sh, Op::sw, Op::sd, Op::amoswap_w};
    const Op op = random.among<Op>(stores);
    std::vector<Encoded> code;
    code.push_back({encode({.op = Op::ld, .rd = 6, .rs1 = gp, .imm = 8 * static_cast<i64>(random.below(32))})});
    code.push_back({encode({.op = Op::auipc, .rd = 7})});
    const i64 ahead = 4 * (2 + static_cast<i64>(random.below(12))) - (random.one_in(8) ? 64 : 0);
    if (op == Op::amoswap_w) {
        code.push_back({encode({.op = Op::addi, .rd = 7, .rs1 = 7, .imm = ahead})});
        code.push_back({encode({.op = op, .rd = destination(random), .rs1 = 7, .rs2 = 6})});
    } else {
        code.push_back({encode({.op = op, .rs1 = 7, .rs2 = 6, .imm = ahead + 2 * static_cast<i64>(random.below(2))})});
    }
    if (random.one_in(2)) code.push_back({encode({.op = Op::fence_i})});
    return code;
}

} // namespace

u32 random_harmless_instruction(Random& random) {
    constexpr std::array<Op, 8> ops{Op::add, Op::sub, Op::xor_, Op::mul, Op::sltu, Op::andn, Op::sra, Op::addw};
    return encode({.op = random.among<Op>(ops),
                   .rd = destination(random),
                   .rs1 = any_register(random),
                   .rs2 = any_register(random)});
}

std::vector<Encoded> random_instructions(Random& random) {
    const u64 kind = random.below(100);
    if (kind < 12) return {{refresh(random)}};
    if (kind < 16) return {{refresh_float(random)}};
    if (kind < 18) return reserve_and_store(random);
    if (kind < 20) return store_ahead(random);
    if (kind < 45) return {{random_half(random), 2}};
    return {{random_word(random)}};
}

} // namespace orrery::test::differ
