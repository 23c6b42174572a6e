#include <bit>
#include <cstring>

#include "tests/unit/cpu_riscv/translate/model.hpp"

namespace orrery::riscv::test {
namespace {

i64 s(u64 value) { return static_cast<i64>(value); }
u64 word(u64 value) { return static_cast<u64>(static_cast<i64>(static_cast<i32>(value))); }
u32 w(u64 value) { return static_cast<u32>(value); }

u64 high_signed(u64 a, u64 b) { return static_cast<u64>((static_cast<i128>(s(a)) * s(b)) >> 64); }
u64 high_mixed(u64 a, u64 b) { return static_cast<u64>((static_cast<i128>(s(a)) * static_cast<i128>(u128{b})) >> 64); }
u64 high_unsigned(u64 a, u64 b) { return static_cast<u64>((u128{a} * b) >> 64); }

constexpr i64 smallest = std::numeric_limits<i64>::min();
u64 divide(u64 a, u64 b) {
    if (b == 0) return ~u64{0};
    if (s(a) == smallest && s(b) == -1) return a;
    return static_cast<u64>(s(a) / s(b));
}
u64 remainder(u64 a, u64 b) {
    if (b == 0) return a;
    if (s(a) == smallest && s(b) == -1) return 0;
    return static_cast<u64>(s(a) % s(b));
}
u64 divide_unsigned(u64 a, u64 b) { return b == 0 ? ~u64{0} : a / b; }
u64 remainder_unsigned(u64 a, u64 b) { return b == 0 ? a : a % b; }

u64 or_combined(u64 a) {
    u64 result = 0;
    for (u32 i = 0; i < 64; i += 8)
        if ((a >> i & 0xff) != 0) result |= u64{0xff} << i;
    return result;
}
u64 bytes_reversed(u64 a) {
    u64 result = 0;
    for (u32 i = 0; i < 64; i += 8) result = result << 8 | (a >> i & 0xff);
    return result;
}
u64 leading_zeroes(u64 a, u32 width) {
    u64 count = 0;
    while (count < width && (a >> (width - 1 - count) & 1) == 0) ++count;
    return count;
}
u64 trailing_zeroes(u64 a, u32 width) {
    u64 count = 0;
    while (count < width && (a >> count & 1) == 0) ++count;
    return count;
}
u64 ones(u64 a) {
    u64 count = 0;
    for (; a != 0; a >>= 1) count += a & 1;
    return count;
}
u64 rotated_right(u64 a, u64 count) { return (count & 63) == 0 ? a : a >> (count & 63) | a << (64 - (count & 63)); }
u64 rotated_right_word(u64 a, u64 count) {
    const u64 twice = u64{w(a)} << 32 | w(a);
    return word(twice >> (count & 31));
}

template <typename T> void load(Model& m, const Instruction& i) {
    T value;
    const u8* host = m.at(m.x(i.rs1) + static_cast<u64>(i.imm), sizeof(T), 5);
    if (!host) return;
    std::memcpy(&value, host, sizeof(T));
    m.set_x(i.rd, static_cast<u64>(static_cast<i64>(value)));
}
template <typename T> void store(Model& m, const Instruction& i) {
    const T value = static_cast<T>(m.x(i.rs2));
    u8* host = m.at(m.x(i.rs1) + static_cast<u64>(i.imm), sizeof(T), 7);
    if (host) std::memcpy(host, &value, sizeof(T));
}

template <typename T> bool misaligned(Model& m, u64 address, u64 code) {
    if (address % sizeof(T) == 0) return false;
    m.raise(code, address);
    return true;
}
template <typename T> using Signed = std::make_signed_t<T>;
template <typename T> T at_memory(const u8* host) {
    T value;
    std::memcpy(&value, host, sizeof(T));
    return value;
}
template <typename T> u64 extended(T value) {
    return static_cast<u64>(static_cast<i64>(static_cast<Signed<T>>(value)));
}

template <typename T> void load_reserved(Model& m, const Instruction& i) {
    const u64 address = m.x(i.rs1);
    if (misaligned<T>(m, address, 4)) return;
    const u8* host = m.at(address, sizeof(T), 5);
    if (!host) return;
    m.s.reservation = {1, address, at_memory<T>(host)};
    m.set_x(i.rd, extended(at_memory<T>(host)));
}
template <typename T> void store_conditional(Model& m, const Instruction& i) {
    const u64 address = m.x(i.rs1);
    const T value = static_cast<T>(m.x(i.rs2));
    if (misaligned<T>(m, address, 6)) return;
    const bool reserved = m.s.reservation.valid != 0 && m.s.reservation.address == address;
    m.s.reservation = {};
    if (reserved) std::memcpy(m.at(address, sizeof(T), 7), &value, sizeof(T));
    m.set_x(i.rd, reserved ? 0 : 1);
}
template <typename T, auto operation> void modify(Model& m, const Instruction& i) {
    const u64 address = m.x(i.rs1);
    if (misaligned<T>(m, address, 6)) return;
    u8* host = m.at(address, sizeof(T), 7);
    if (!host) return;
    const T old = at_memory<T>(host);
    const T result = static_cast<T>(operation(old, static_cast<T>(m.x(i.rs2))));
    std::memcpy(host, &result, sizeof(T));
    m.set_x(i.rd, extended(old));
}

template <typename T> T smaller(T a, T b) { return static_cast<Signed<T>>(a) < static_cast<Signed<T>>(b) ? a : b; }
template <typename T> T larger(T a, T b) { return static_cast<Signed<T>>(a) < static_cast<Signed<T>>(b) ? b : a; }

} // namespace

// Rows whose result is an expression of the values of rs1, rs2 and the immediate.
#define RESULT(op, expression)                                                                                         \
    meanings[Op::op] = [](Model& m, const Instruction& i) {                                                            \
        [[maybe_unused]] const u64 a = m.x(i.rs1), b = m.x(i.rs2), imm = static_cast<u64>(i.imm);                      \
        m.set_x(i.rd, static_cast<u64>(expression));                                                                   \
    };
#define TAKEN_IF(op, condition)                                                                                        \
    meanings[Op::op] = [](Model& m, const Instruction& i) {                                                            \
        const u64 a = m.x(i.rs1), b = m.x(i.rs2);                                                                      \
        if (condition) m.s.pc += static_cast<u64>(i.imm) - m.length_bytes;                                             \
    };
#define NOTHING(op) meanings[Op::op] = [](Model&, const Instruction&) {};
#define ATOMIC(name, expression)                                                                                       \
    meanings[Op::name##_w] = modify<u32, [](u32 a, u32 b) { return expression; }>;                                     \
    meanings[Op::name##_d] = modify<u64, [](u64 a, u64 b) { return expression; }>;

void add_integer_meanings(Meanings& meanings) {
    RESULT(lui, imm)
    RESULT(auipc, m.s.pc - 4 + imm)
    RESULT(addi, a + imm)
    RESULT(slti, s(a) < s(imm))
    RESULT(sltiu, a < imm)
    RESULT(xori, a ^ imm)
    RESULT(ori, a | imm)
    RESULT(andi, a & imm)
    RESULT(slli, a << imm)
    RESULT(srli, a >> imm)
    RESULT(srai, s(a) >> imm)
    RESULT(add, a + b)
    RESULT(sub, a - b)
    RESULT(sll, a << (b & 63))
    RESULT(slt, s(a) < s(b))
    RESULT(sltu, a < b)
    RESULT(xor_, a ^ b)
    RESULT(srl, a >> (b & 63))
    RESULT(sra, s(a) >> (b & 63))
    RESULT(or_, a | b)
    RESULT(and_, a & b)
    RESULT(addiw, word(a + imm))
    RESULT(slliw, word(a << imm))
    RESULT(srliw, word(w(a) >> imm))
    RESULT(sraiw, static_cast<i32>(a) >> imm)
    RESULT(addw, word(a + b))
    RESULT(subw, word(a - b))
    RESULT(sllw, word(a << (b & 31)))
    RESULT(srlw, word(w(a) >> (b & 31)))
    RESULT(sraw, static_cast<i32>(a) >> (b & 31))

    RESULT(mul, a * b)
    RESULT(mulh, high_signed(a, b))
    RESULT(mulhsu, high_mixed(a, b))
    RESULT(mulhu, high_unsigned(a, b))
    RESULT(div, divide(a, b))
    RESULT(divu, divide_unsigned(a, b))
    RESULT(rem, remainder(a, b))
    RESULT(remu, remainder_unsigned(a, b))
    RESULT(mulw, word(a * b))
    RESULT(divw, word(divide(word(a), word(b))))
    RESULT(divuw, word(divide_unsigned(w(a), w(b))))
    RESULT(remw, word(remainder(word(a), word(b))))
    RESULT(remuw, word(remainder_unsigned(w(a), w(b))))

    RESULT(sh1add, b + 2 * a)
    RESULT(sh2add, b + 4 * a)
    RESULT(sh3add, b + 8 * a)
    RESULT(add_uw, b + w(a))
    RESULT(sh1add_uw, b + 2 * u64{w(a)})
    RESULT(sh2add_uw, b + 4 * u64{w(a)})
    RESULT(sh3add_uw, b + 8 * u64{w(a)})
    RESULT(slli_uw, u64{w(a)} << imm)
    RESULT(andn, a & ~b)
    RESULT(orn, a | ~b)
    RESULT(xnor, ~(a ^ b))
    RESULT(clz, leading_zeroes(a, 64))
    RESULT(ctz, trailing_zeroes(a, 64))
    RESULT(cpop, ones(a))
    RESULT(clzw, leading_zeroes(w(a), 32))
    RESULT(ctzw, trailing_zeroes(w(a), 32))
    RESULT(cpopw, ones(w(a)))
    RESULT(min, s(a) < s(b) ? a : b)
    RESULT(minu, a < b ? a : b)
    RESULT(max, s(a) < s(b) ? b : a)
    RESULT(maxu, a < b ? b : a)
    RESULT(sext_b, static_cast<i64>(static_cast<i8>(a)))
    RESULT(sext_h, static_cast<i64>(static_cast<i16>(a)))
    RESULT(zext_h, a & 0xffff)
    RESULT(rol, rotated_right(a, 64 - (b & 63)))
    RESULT(ror, rotated_right(a, b))
    RESULT(rori, rotated_right(a, imm))
    RESULT(rolw, rotated_right_word(a, 32 - (b & 31)))
    RESULT(rorw, rotated_right_word(a, b))
    RESULT(roriw, rotated_right_word(a, imm))
    RESULT(orc_b, or_combined(a))
    RESULT(rev8, bytes_reversed(a))
    RESULT(bclr, a & ~(u64{1} << (b & 63)))
    RESULT(bclri, a & ~(u64{1} << imm))
    RESULT(bext, a >> (b & 63) & 1)
    RESULT(bexti, a >> imm & 1)
    RESULT(binv, a ^ u64{1} << (b & 63))
    RESULT(binvi, a ^ u64{1} << imm)
    RESULT(bset, a | u64{1} << (b & 63))
    RESULT(bseti, a | u64{1} << imm)

    meanings[Op::jal] = [](Model& m, const Instruction& i) {
        m.set_x(i.rd, m.s.pc);
        m.s.pc += static_cast<u64>(i.imm) - m.length_bytes;
    };
    meanings[Op::jalr] = [](Model& m, const Instruction& i) {
        const u64 target = (m.x(i.rs1) + static_cast<u64>(i.imm)) & ~u64{1};
        m.set_x(i.rd, m.s.pc);
        m.s.pc = target;
    };
    TAKEN_IF(beq, a == b)
    TAKEN_IF(bne, a != b)
    TAKEN_IF(blt, s(a) < s(b))
    TAKEN_IF(bge, s(a) >= s(b))
    TAKEN_IF(bltu, a < b)
    TAKEN_IF(bgeu, a >= b)

    meanings[Op::lb] = load<i8>;
    meanings[Op::lh] = load<i16>;
    meanings[Op::lw] = load<i32>;
    meanings[Op::ld] = load<i64>;
    meanings[Op::lbu] = load<u8>;
    meanings[Op::lhu] = load<u16>;
    meanings[Op::lwu] = load<u32>;
    meanings[Op::sb] = store<u8>;
    meanings[Op::sh] = store<u16>;
    meanings[Op::sw] = store<u32>;
    meanings[Op::sd] = store<u64>;

    meanings[Op::lr_w] = load_reserved<u32>;
    meanings[Op::lr_d] = load_reserved<u64>;
    meanings[Op::sc_w] = store_conditional<u32>;
    meanings[Op::sc_d] = store_conditional<u64>;
    ATOMIC(amoswap, (static_cast<void>(a), b))
    ATOMIC(amoadd, a + b)
    ATOMIC(amoxor, a ^ b)
    ATOMIC(amoand, a & b)
    ATOMIC(amoor, a | b)
    ATOMIC(amomin, smaller(a, b))
    ATOMIC(amomax, larger(a, b))

    NOTHING(fence)
    NOTHING(fence_tso)
    NOTHING(pause)
    NOTHING(prefetch_i)
    NOTHING(prefetch_r)
    NOTHING(prefetch_w)
    meanings[Op::amominu_w] = modify<u32, [](u32 a, u32 b) { return a < b ? a : b; }>;
    meanings[Op::amominu_d] = modify<u64, [](u64 a, u64 b) { return a < b ? a : b; }>;
    meanings[Op::amomaxu_w] = modify<u32, [](u32 a, u32 b) { return a < b ? b : a; }>;
    meanings[Op::amomaxu_d] = modify<u64, [](u64 a, u64 b) { return a < b ? b : a; }>;
}

} // namespace orrery::riscv::test
