// Locked read-modify-writes, fences and hints.
#pragma once

#include "jit/baseline/bit_forms.hpp"

namespace orrery::x64 {

class AtomicForms : public BitForms {
public:
    using BitForms::BitForms;

    // The prefix alone: makes the next instruction atomic, if its destination is memory and SDM 2A (LOCK) lists it.
    void lock() { short_instruction(primary(0xf0), Size::dword); }

    // Without the lock, atomic only against this processor itself.
    void cmpxchg(Size size, const GprOrMemory auto& to, Gpr from) { exchange(0xb0, size, to, from); }
    void xadd(Size size, const GprOrMemory auto& to, Gpr from) { exchange(0xc0, size, to, from); }

    void lock_cmpxchg(Size size, const Mem& to, Gpr from) { lock(), cmpxchg(size, to, from); }
    void lock_xadd(Size size, const Mem& to, Gpr from) { lock(), xadd(size, to, from); }
    void lock_alu(Alu op, Size size, const Mem& to, const auto& from) { lock(), alu(op, size, to, from); }
    void lock_add(Size size, const Mem& to, const auto& from) { lock_alu(Alu::add, size, to, from); }
    void lock_or(Size size, const Mem& to, const auto& from) { lock_alu(Alu::or_, size, to, from); }
    void lock_and(Size size, const Mem& to, const auto& from) { lock_alu(Alu::and_, size, to, from); }
    void lock_sub(Size size, const Mem& to, const auto& from) { lock_alu(Alu::sub, size, to, from); }
    void lock_xor(Size size, const Mem& to, const auto& from) { lock_alu(Alu::xor_, size, to, from); }

    // Compares rdx:rax with 16 aligned bytes; if equal stores rcx:rbx, else loads rdx:rax.
    void lock_cmpxchg16b(const Mem& to) { lock(), instruction(map_0f(0xc7), Size::qword, 1, to); }

    void mfence() { short_instruction(map_0f(0xae), Size::dword, 0, {0xf0, 1}); }
    void lfence() { short_instruction(map_0f(0xae), Size::dword, 0, {0xe8, 1}); }
    void sfence() { short_instruction(map_0f(0xae), Size::dword, 0, {0xf8, 1}); }
    void pause() { short_instruction(primary(0x90, 0xf3), Size::dword); }

private:
    void exchange(u32 code, Size size, const GprOrMemory auto& to, Gpr from) {
        instruction(map_0f(sized(code, size)), size, number(from), operand(to), {},
                    needs_rex(size, to) || needs_rex(size, from));
    }
};

} // namespace orrery::x64
