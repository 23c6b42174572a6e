#include "tests/differ/x86/x87_cases.hpp"

#include "cpu/x86/x87_unit.hpp"

namespace orrery::test {
namespace {

using x86::Op;
namespace x87_flag = softfloat::x87_flag;
namespace status = x86::x87_status;

constexpr u16 conditions = status::c0 | status::c2 | status::c3;

u64 significand(Random& random) {
    const u64 bit = u64{1} << random.below(64);
    switch (random.below(8)) {
    case 0:
        return 0;
    case 1:
        return bit - 1;
    case 2:
        return ~(bit - 1);
    case 3:
        return u64{1} << 63 | bit;
    case 4:
        return random.next();
    default:
        return random.next() | u64{1} << 63;
    }
}

u16 sign_and_exponent(Random& random) {
    const u64 sign = random.next() & 0x8000;
    const auto with = [&](u64 exponent) { return static_cast<u16>(sign | (exponent & 0x7fff)); };
    switch (random.below(12)) {
    case 0:
        return with(0);
    case 1:
        return with(0x7fff);
    case 2:
        return with(random.next());
    case 3:
        return with(1 + random.below(66));
    case 4:
        return with(0x7ffe - random.below(66));
    case 5:
        return with(0x3fff - 1022 - random.below(60));
    case 6:
        return with(0x3fff - 126 - random.below(30));
    case 7:
        return with(0x3fff + 1020 + random.below(6));
    case 8:
    case 9:
        return with(0x3fff + random.below(66));
    default:
        return with(0x3fff - 4 + random.below(8));
    }
}

bool stores_environment(Op op) { return op == Op::fnstenv || op == Op::fnsave; }

// The results of transcendental functions may be off by a unit in the last place, and C1 with it. True also where
// nothing is promised.
bool is_transcendental(Op op) {
    switch (op) {
    case Op::fsin:
    case Op::fcos:
    case Op::fsincos:
    case Op::fptan:
    case Op::fpatan:
    case Op::f2xm1:
    case Op::fyl2x:
    case Op::fyl2xp1:
        return true;
    default:
        return false;
    }
}

// Makes two registers the same that are as good as that.
void equalise(u32 number, const FpuImage& host, FpuImage& guest) {
    const std::size_t at = FpuImage::st(number);
    const auto key = [&](const FpuImage& image) {
        return static_cast<i128>(u128{image.get<u16>(at + 8)} << 63 | (image.get<u64>(at) & ~u64{0} >> 1));
    };
    const i128 apart = key(host) - key(guest);
    if (apart < -1 || apart > 1) return;
    guest.put<u64>(at, host.get<u64>(at));
    guest.put<u16>(at + 8, host.get<u16>(at + 8));
}

// SDM 2: F2XM1 is defined from -1 to 1, FYL2XP1 within 1 - sqrt(1/2) of zero.
bool is_beyond_range(Op op, const FpuImage* before) {
    if (op != Op::f2xm1 && op != Op::fyl2xp1) return false;
    if (!before) return true;
    const u32 exponent = before->get<u16>(FpuImage::st(0) + 8) & 0x7fff;
    if (exponent == 0x7fff) return false;
    return exponent >= (op == Op::f2xm1 ? 0x3fff : 0x3fff - 2);
}

bool compares_to_flags(Op op) { return op == Op::fcomi || op == Op::fcomip || op == Op::fucomi || op == Op::fucomip; }
bool is_comparison(Op op) {
    switch (op) {
    case Op::fcom:
    case Op::fcomp:
    case Op::fcompp:
    case Op::fucom:
    case Op::fucomp:
    case Op::fucompp:
    case Op::ficom:
    case Op::ficomp:
    case Op::ftst:
        return true;
    default:
        return false;
    }
}

} // namespace

bool is_x87(const x86::Row& row) {
    const bool escape = row.map == x86::Map::one_byte && row.opcode >= 0xd8 && row.opcode <= 0xdf;
    return escape || row.op == Op::fwait;
}

void randomize_x87(FpuImage& image, Random& random) {
    const u64 masks = random.one_in(3) ? random.next() & 0x3f : 0x3f;
    constexpr std::array<u64, 3> precisions{0, 2, 3};
    const u64 control = masks | 0x40 | precisions[random.below(3)] << 8 | random.below(4) << 10;
    u64 word = random.next() & (conditions | status::c1 | 7U << 11);
    if (random.one_in(2)) word |= random.next() & (x87_flag::exceptions | status::stack_fault) & (masks | 0x40);
    if (random.one_in(40)) word |= random.next() & x87_flag::exceptions;
    if ((word & ~control & x87_flag::exceptions) != 0) word |= status::pending;
    image.put<u16>(FpuImage::control, static_cast<u16>(control));
    image.put<u16>(FpuImage::status, static_cast<u16>(word));
    image.put<u8>(FpuImage::valid, random.one_in(8)   ? static_cast<u8>(random.next())
                                   : random.one_in(2) ? u8{0x7f}
                                                      : u8{0xff});
    // The usual: room for a push, and registers below.
    const u64 top = word >> 11 & 7;
    if (random.one_in(2)) image.put<u8>(FpuImage::valid, static_cast<u8>(~(1U << ((top + 7) & 7))));
    for (u32 i = 0; i < 8; ++i) {
        image.put<u64>(FpuImage::st(i), significand(random));
        image.put<u16>(FpuImage::st(i) + 8, sign_and_exponent(random));
    }
    if (random.one_in(8)) {
        image.put<u64>(FpuImage::st(1), image.get<u64>(FpuImage::st(0)));
        image.put<u16>(FpuImage::st(1) + 8, image.get<u16>(FpuImage::st(0) + 8));
    }
}

u64 x87_number(Random& random) {
    return random.one_in(2) ? special_value(random)
                            : u64{sign_and_exponent(random)} << 48 | significand(random) >> random.below(64);
}

void hide_undefined_x87(const x86::Instruction& instruction, const FpuImage* before, FpuImage& host, FpuImage& guest) {
    if (!is_x87(*instruction.row)) return;
    if (is_transcendental(instruction.row->op)) {
        for (const u32 number : {0U, 1U}) equalise(number, host, guest);
        for (FpuImage* image : {&host, &guest})
            image->put(FpuImage::status, static_cast<u16>(image->get<u16>(FpuImage::status) & ~status::c1));
        if (is_beyond_range(instruction.row->op, before)) guest = host;
    }
    u16 hidden = 0;
    // Behind an unmasked exception Intel's processors leave conditions alone, AMD's set them.
    if (is_comparison(instruction.row->op) && (host.get<u16>(FpuImage::status) & status::summary) != 0)
        hidden |= conditions;
    // Intel's clear it, AMD's leave it alone.
    if (compares_to_flags(instruction.row->op)) hidden |= status::c1;
    for (FpuImage* image : {&host, &guest})
        image->put(FpuImage::status, static_cast<u16>(image->get<u16>(FpuImage::status) & ~hidden));
}

u64 undefined_x87_flags(const x86::Instruction& instruction, const FpuImage& host) {
    const bool pending = (host.get<u16>(FpuImage::status) & status::summary) != 0;
    return pending && compares_to_flags(instruction.row->op) ? x86::flag::arithmetic : 0;
}

bool may_lead(const x86::Row& row) {
    return is_x87(row) && !stores_environment(row.op) && !is_comparison(row.op) && !compares_to_flags(row.op) &&
           !is_transcendental(row.op);
}

HiddenBytes hidden_in_memory(const x86::Instruction& instruction) {
    if (!stores_environment(instruction.row->op)) return {};
    return instruction.operand_size == 2 ? HiddenBytes{6, 14} : HiddenBytes{12, 26};
}

} // namespace orrery::test
