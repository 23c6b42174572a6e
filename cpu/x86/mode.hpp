// BlockKey::mode of x86 code: all that changes what the bytes at an address mean, or what translated code may leave
// out.
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

struct Mode {
    CodeSize code = CodeSize::bits16;
    Size stack = Size::word;
    u32 cpl = 0;
    bool protected_mode = false;
    bool virtual_8086 = false;
    bool long_mode = false; // active, also in compatibility mode
    // CS, DS, ES and SS cover 4 GiB from 0 on, so that addresses in them need no base and no check.
    bool flat = false;
    bool shadow = false;        // State::interrupt_shadow: one instruction, and then interrupts are looked at
    bool trap = false;          // RFLAGS.TF: the same, with a debug exception behind it
    bool resume = false;        // RFLAGS.RF: the same, and then breakpoints on instructions are heeded again
    bool emulated = false;      // CR0.EM: MMX and SSE instructions are #UD
    bool x87_off = false;       // CR0.EM or TS: x87 instructions are #NM
    bool vectors_off = false;   // CR0.EM, or CR4.OSFXSR is clear: SSE instructions are #UD
    bool task_switched = false; // CR0.TS: SSE instructions are #NM
    bool wait_traps = false;    // CR0.MP and TS: fwait is #NM
    bool avx = false;           // CR4.OSXSAVE, and XCR0 has AVX
    bool xsave = false;         // CR4.OSXSAVE
    // CS ends elsewhere than after 64 KiB of 16-bit code or at 4 GiB: every block checks that it lies within.
    bool code_limited = false;
    u32 code_base = 0;    // of CS
    bool aligned = false; // alignment is checked: CR0.AM, RFLAGS.AC, privilege 3
    // An unmasked x87 exception is pending: x87 and MMX instructions that wait for it are #MF.
    bool x87_error = false;

    static Mode of(const Core& core);
    [[nodiscard]] constexpr u64 pack() const {
        u64 packed = u64{code_base} << 32 | static_cast<u64>(code) | static_cast<u64>(stack) << 2 | u64{cpl} << 6;
        u32 at = 8;
        // No loop: what runs is looked up by it.
        const auto add = [&](auto... bits) { ((packed |= u64{bits} << at++), ...); };
        add(protected_mode, virtual_8086, long_mode, flat, shadow, trap, emulated, x87_off, vectors_off, task_switched,
            wait_traps, avx, xsave, code_limited, aligned, x87_error, resume);
        return packed;
    }
    static constexpr Mode unpack(u64 packed) {
        Mode mode{.code = static_cast<CodeSize>(packed & 3),
                  .stack = static_cast<Size>(packed >> 2 & 15),
                  .cpl = static_cast<u32>(packed >> 6 & 3),
                  .code_base = static_cast<u32>(packed >> 32)};
        u32 at = 8;
        const auto take = [&](auto&... bits) { ((bits = (packed >> at++ & 1) != 0), ...); };
        take(mode.protected_mode, mode.virtual_8086, mode.long_mode, mode.flat, mode.shadow, mode.trap, mode.emulated,
             mode.x87_off, mode.vectors_off, mode.task_switched, mode.wait_traps, mode.avx, mode.xsave,
             mode.code_limited, mode.aligned, mode.x87_error, mode.resume);
        return mode;
    }
};

} // namespace orrery::x86
