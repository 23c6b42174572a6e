// Integer instructions that have been there since the 80386: moves, arithmetic, logic, conditions, the stack.
#pragma once

#include "jit/baseline/flow_forms.hpp"

namespace orrery::x64 {

// The two-operand group, numbered as in its opcodes (SDM 2D, table A-6, group 1).
enum class Alu : u8 { add, or_, adc, sbb, and_, sub, xor_, cmp };

// The one-operand group (group 3). The last four work on rdx:rax.
enum class Unary : u8 { not_ = 2, neg, mul, imul, div, idiv };

class IntegerForms : public FlowForms {
public:
    using FlowForms::FlowForms;
    using FlowForms::lea;

    // mov
    void mov(Size size, Gpr to, Gpr from) {
        instruction(primary(sized(0x88, size)), size, number(from), number(to), {},
                    needs_rex(size, from) || needs_rex(size, to));
    }
    void mov(Size size, Gpr to, const Mem& from) {
        instruction(primary(sized(0x8a, size)), size, number(to), from, {}, needs_rex(size, to));
    }
    void mov(Size size, const Mem& to, Gpr from) {
        instruction(primary(sized(0x88, size)), size, number(from), to, {}, needs_rex(size, from));
    }
    // A qword takes the immediate sign-extended.
    void mov(Size size, const Mem& to, SmallInteger auto value) {
        instruction(primary(sized(0xc6, size)), size, 0, to, {value, immediate_size(size)});
    }
    // The shortest of the three ways to load a qword. Flags stay as they are, so zero is not an xor.
    void mov(Size size, Gpr to, std::integral auto value) { load_immediate(size, to, static_cast<i64>(value)); }

    // Extensions. From dword, the zero-extending one is a plain mov of a dword.
    void movzx(Gpr to, Size from_size, const GprOrMemory auto& from) {
        assert(from_size <= Size::word);
        instruction(map_0f(sized(0xb6, from_size)), Size::dword, number(to), operand(from), {},
                    needs_rex(from_size, from));
    }
    void movsx(Size size, Gpr to, Size from_size, const GprOrMemory auto& from) {
        if (from_size == Size::dword) {
            assert(size == Size::qword);
            return instruction(primary(0x63), size, number(to), operand(from));
        }
        assert(from_size < size);
        instruction(map_0f(sized(0xbe, from_size)), size, number(to), operand(from), {}, needs_rex(from_size, from));
    }
    void movsxd(Gpr to, const GprOrMemory auto& from) { movsx(Size::qword, to, Size::dword, from); }

    void lea(Size size, Gpr to, const Mem& address) { instruction(primary(0x8d), size, number(to), address); }

    // add, or, adc, sbb, and, sub, xor, cmp
    void alu(Alu op, Size size, Gpr to, Gpr from) {
        instruction(primary(sized(alu_code(op), size)), size, number(from), number(to), {},
                    needs_rex(size, from) || needs_rex(size, to));
    }
    void alu(Alu op, Size size, Gpr to, const Mem& from) {
        instruction(primary(sized(alu_code(op) | 2, size)), size, number(to), from, {}, needs_rex(size, to));
    }
    void alu(Alu op, Size size, const Mem& to, Gpr from) {
        instruction(primary(sized(alu_code(op), size)), size, number(from), to, {}, needs_rex(size, from));
    }
    void alu(Alu op, Size size, Gpr to, SmallInteger auto value) {
        const Immediate immediate = shortest(size, value);
        if (to == Gpr::rax && immediate.size == immediate_size(size))
            return short_instruction(primary(sized(alu_code(op) | 4, size)), size, 0, immediate);
        instruction(primary(alu_immediate_code(size, immediate)), size, static_cast<u32>(op), number(to), immediate,
                    needs_rex(size, to));
    }
    void alu(Alu op, Size size, const Mem& to, SmallInteger auto value) {
        const Immediate immediate = shortest(size, value);
        instruction(primary(alu_immediate_code(size, immediate)), size, static_cast<u32>(op), to, immediate);
    }
    void add(Size size, const auto& to, const auto& from) { alu(Alu::add, size, to, from); }
    void or_(Size size, const auto& to, const auto& from) { alu(Alu::or_, size, to, from); }
    void adc(Size size, const auto& to, const auto& from) { alu(Alu::adc, size, to, from); }
    void sbb(Size size, const auto& to, const auto& from) { alu(Alu::sbb, size, to, from); }
    void and_(Size size, const auto& to, const auto& from) { alu(Alu::and_, size, to, from); }
    void sub(Size size, const auto& to, const auto& from) { alu(Alu::sub, size, to, from); }
    void xor_(Size size, const auto& to, const auto& from) { alu(Alu::xor_, size, to, from); }
    void cmp(Size size, const auto& a, const auto& b) { alu(Alu::cmp, size, a, b); }

    void test(Size size, const GprOrMemory auto& a, Gpr b) {
        instruction(primary(sized(0x84, size)), size, number(b), operand(a), {},
                    needs_rex(size, a) || needs_rex(size, b));
    }
    void test(Size size, const GprOrMemory auto& a, SmallInteger auto value) {
        const Immediate immediate{value, immediate_size(size)};
        if constexpr (std::same_as<std::remove_cvref_t<decltype(a)>, Gpr>) {
            if (a == Gpr::rax) return short_instruction(primary(sized(0xa8, size)), size, 0, immediate);
        }
        instruction(primary(sized(0xf6, size)), size, 0, operand(a), immediate, needs_rex(size, a));
    }

    // not, neg, and the multiplications and divisions of rdx:rax
    void unary(Unary op, Size size, const GprOrMemory auto& rm) {
        instruction(primary(sized(0xf6, size)), size, static_cast<u32>(op), operand(rm), {}, needs_rex(size, rm));
    }
    void not_(Size size, const GprOrMemory auto& rm) { unary(Unary::not_, size, rm); }
    void neg(Size size, const GprOrMemory auto& rm) { unary(Unary::neg, size, rm); }
    void mul(Size size, const GprOrMemory auto& rm) { unary(Unary::mul, size, rm); }
    void imul(Size size, const GprOrMemory auto& rm) { unary(Unary::imul, size, rm); }
    void div(Size size, const GprOrMemory auto& rm) { unary(Unary::div, size, rm); }
    void idiv(Size size, const GprOrMemory auto& rm) { unary(Unary::idiv, size, rm); }

    void inc(Size size, const GprOrMemory auto& rm) { step(0, size, rm); }
    void dec(Size size, const GprOrMemory auto& rm) { step(1, size, rm); }

    // From here on there is no byte form.
    void imul(Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0xaf), size, number(to), operand(from));
    }
    void imul(Size size, Gpr to, const GprOrMemory auto& from, SmallInteger auto value) {
        const Immediate immediate = shortest(size, value);
        instruction(primary(immediate.size == 1 ? 0x6b : 0x69), size, number(to), operand(from), immediate);
    }

    // The sign of rax into rdx: cwd, cdq and cqo by size.
    void sign_into_rdx(Size size) { short_instruction(primary(0x99), size); }
    // SF, ZF, AF, PF and CF into ah.
    void lahf() { short_instruction(primary(0x9f), Size::dword); }
    void cdq() { sign_into_rdx(Size::dword); }
    void cqo() { sign_into_rdx(Size::qword); }

    void setcc(Condition condition, const GprOrMemory auto& to) {
        instruction(map_0f(0x90 | number(condition)), Size::byte, 0, operand(to), {}, needs_rex(Size::byte, to));
    }
    // A dword always clears the upper half of `to`, whether the condition holds or not.
    void cmovcc(Condition condition, Size size, Gpr to, const GprOrMemory auto& from) {
        instruction(map_0f(0x40 | number(condition)), size, number(to), operand(from));
    }

    // With a memory operand this is atomic.
    void xchg(Size size, const GprOrMemory auto& a, Gpr b) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(a)>, Gpr>) {
            // 90 with rax twice is nop, which does not clear the upper half.
            if (size != Size::byte && (a == Gpr::rax) != (b == Gpr::rax))
                return short_instruction(primary(0x90), size, number(a) | number(b));
        }
        instruction(primary(sized(0x86, size)), size, number(b), operand(a), {},
                    needs_rex(size, a) || needs_rex(size, b));
    }

    // Always 64 bits.
    void push(Gpr reg) { short_instruction(primary(0x50), Size::dword, number(reg)); }
    void pop(Gpr reg) { short_instruction(primary(0x58), Size::dword, number(reg)); }
    void push(const Mem& from) { instruction(primary(0xff), Size::dword, 6, from); }
    void pop(const Mem& to) { instruction(primary(0x8f), Size::dword, 0, to); }
    void push(SmallInteger auto value) {
        const Immediate immediate = shortest(Size::dword, value);
        short_instruction(primary(immediate.size == 1 ? 0x6a : 0x68), Size::dword, 0, immediate);
    }

private:
    static constexpr u32 alu_code(Alu op) { return static_cast<u32>(op) << 3; }

    static constexpr u32 alu_immediate_code(Size size, Immediate immediate) {
        if (size == Size::byte) return 0x80;
        return immediate.size == 1 ? 0x83 : 0x81;
    }

    static constexpr Immediate shortest(Size size, i32 value) {
        if (size == Size::word) value = static_cast<i16>(value);
        return {value, fits_i8(value) ? 1 : immediate_size(size)};
    }

    void step(u32 extension, Size size, const GprOrMemory auto& rm) {
        instruction(primary(sized(0xfe, size)), size, extension, operand(rm), {}, needs_rex(size, rm));
    }

    void load_immediate(Size size, Gpr to, i64 value) {
        const i32 low = static_cast<i32>(value);
        if (size == Size::byte)
            return short_instruction(primary(0xb0), size, number(to), {low, 1}, needs_rex(size, to));
        if (size == Size::word) return short_instruction(primary(0xb8), size, number(to), {low, 2});
        if (size == Size::dword || value == static_cast<u32>(value))
            return short_instruction(primary(0xb8), Size::dword, number(to), {low, 4});
        if (value == low) return instruction(primary(0xc7), size, 0, number(to), {low, 4});
        u8* p = room();
        if (p == nullptr) [[unlikely]]
            return;
        *p++ = static_cast<u8>(0x48 | number(to) >> 3);
        *p++ = static_cast<u8>(0xb8 | (number(to) & 7));
        store(p, value);
        cursor_ = p + sizeof value;
    }
};

} // namespace orrery::x64
