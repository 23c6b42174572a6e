// Labels, jumps, calls, patchable jumps and padding.
#pragma once

#include "jit/baseline/encoder.hpp"
#include "jit/baseline/label.hpp"

#include <atomic>

namespace orrery::x64 {

class FlowForms : public Encoder {
public:
    using Encoder::Encoder;

    // Every reference to the label, before or after this, leads here.
    void bind(Label& label);

    // A jump back takes the short form if it reaches. A jump forward takes the 32-bit form; the `_short` ones take one
    // byte, and make `out_of_range` true if that turns out too little.
    void jmp(Label& target) { branch(0xeb, primary(0xe9), target); }
    void jcc(Condition condition, Label& target) {
        branch(0x70 | number(condition), map_0f(0x80 | number(condition)), target);
    }
    void jmp_short(Label& target) { branch_short(0xeb, target); }
    void jcc_short(Condition condition, Label& target) { branch_short(0x70 | number(condition), target); }
    void call(Label& target) { branch_near(primary(0xe8), target); }

    void jmp(const u8* target) { branch(0xeb, primary(0xe9), target); }
    void jcc(Condition condition, const u8* target) {
        branch(0x70 | number(condition), map_0f(0x80 | number(condition)), target);
    }
    void call(const u8* target) { branch_near(primary(0xe8), target); }

    void jmp(const GprOrMemory auto& target) { instruction(primary(0xff), Size::dword, 4, operand(target)); }
    void call(const GprOrMemory auto& target) { instruction(primary(0xff), Size::dword, 2, operand(target)); }
    void ret() { short_instruction(primary(0xc3), Size::dword); }

    // Branches whose 4-byte displacement, the last four bytes before cursor(), the caller fills in later.
    void jmp_open() { open(primary(0xe9)); }
    void call_open() { open(primary(0xe8)); }
    void jcc_open(Condition condition) { open(map_0f(0x80 | number(condition))); }

    // The address of a label, bound or not.
    void lea(Gpr destination, Label& label);

    // Jumps whose 4-byte displacement is aligned, so that another thread may change it while this code runs (SDM
    // 3A 9.1.1). They return the displacement's place for `patch`, or null after overflow.
    u8* jmp_patchable(auto&& target) { return branch_aligned(primary(0xe9), target); }
    u8* call_patchable(auto&& target) { return branch_aligned(primary(0xe8), target); }
    u8* jcc_patchable(Condition condition, auto&& target) {
        return branch_aligned(map_0f(0x80 | number(condition)), target);
    }

    // Sends a patchable jump elsewhere. Whatever the target needs must have been written before. False if out of reach.
    static bool patch(u8* site, const u8* target) {
        const i64 distance = distance_between(site + 4, target);
        if (!fits_i32(distance)) return false;
        std::atomic_ref(*reinterpret_cast<i32*>(site)).store(static_cast<i32>(distance), std::memory_order_release);
        return true;
    }

    // Whether a 32-bit displacement reaches `target` from anywhere in the buffer.
    bool reaches(const u8* target) const {
        return fits_i32(distance_between(begin_, target)) && fits_i32(distance_between(end_, target));
    }

    // `count` bytes that do nothing, in as few instructions as possible.
    void nop(u64 count = 1);
    // Pads with nops to a multiple of `alignment`, a power of two.
    void align(u64 alignment) { nop(-reinterpret_cast<std::uintptr_t>(cursor_) & (alignment - 1)); }

    void ud2() { short_instruction(map_0f(0x0b), Size::dword); }
    void int3() { short_instruction(primary(0xcc), Size::dword); }

private:
    static i64 distance_between(const u8* from, const u8* to) {
        return static_cast<i64>(reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from));
    }

    static u8* put_opcode(u8* p, Opcode opcode) {
        if (opcode.map == Map::map_0f) *p++ = 0x0f;
        *p = opcode.code;
        return p + 1;
    }

    i32 offset_of(const u8* p) const { return static_cast<i32>(p - begin_); }

    u8* put_near_displacement(u8* p, Label& label) {
        store(p,
              label.bound() ? label.position_ - offset_of(p + 4) : std::exchange(label.near_references_, offset_of(p)));
        return p + 4;
    }
    u8* put_near_displacement(u8* p, const u8* target) {
        store(p, displacement(p + 4, reinterpret_cast<std::uintptr_t>(target)));
        return p + 4;
    }

    void branch_near(Opcode opcode, auto& target) {
        u8* p = room();
        if (p != nullptr) [[likely]]
            cursor_ = put_near_displacement(put_opcode(p, opcode), target);
    }

    bool branch_back_short(u32 short_code, i64 distance) {
        if (!fits_i8(distance)) return false;
        store(cursor_, static_cast<u16>((short_code | static_cast<u32>(distance) << 8) & 0xffff));
        cursor_ += 2;
        return true;
    }

    void branch(u32 short_code, Opcode near_opcode, Label& target) {
        if (room() == nullptr) [[unlikely]]
            return;
        if (target.bound() && branch_back_short(short_code, target.position_ - offset_of(cursor_ + 2))) return;
        branch_near(near_opcode, target);
    }
    void branch(u32 short_code, Opcode near_opcode, const u8* target) {
        if (room() == nullptr) [[unlikely]]
            return;
        if (branch_back_short(short_code, distance_between(cursor_ + 2, target))) return;
        branch_near(near_opcode, target);
    }

    void open(Opcode opcode) {
        if (u8* p = room(); p != nullptr) [[likely]] {
            p = put_opcode(p, opcode);
            store(p, i32{0});
            cursor_ = p + 4;
        }
    }

    void branch_short(u32 code, Label& target);

    u8* branch_aligned(Opcode opcode, auto& target) {
        if (room() == nullptr) [[unlikely]]
            return nullptr;
        const u64 opcode_bytes = opcode.map == Map::map_0f ? 2 : 1;
        nop(-(reinterpret_cast<std::uintptr_t>(cursor_) + opcode_bytes) & 3);
        u8* p = room();
        if (p == nullptr) [[unlikely]]
            return nullptr;
        p = put_opcode(p, opcode);
        cursor_ = put_near_displacement(p, target);
        return p;
    }
};

} // namespace orrery::x64
