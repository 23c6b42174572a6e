// The instruction format of x86-64 (SDM 2A, chapter 2): prefixes, opcode, ModR/M, SIB, displacement, immediate, into a
// buffer. The classes derived from it name the instructions; code generators use the last of them, Assembler.
#pragma once

#include "jit/baseline/memory_operand.hpp"
#include "jit/baseline/registers.hpp"

#include <concepts>
#include <cstring>

namespace orrery::x64 {

// The opcode maps, numbered as VEX.mmmmm numbers them.
enum class Map : u8 { primary, map_0f, map_0f38, map_0f3a };

// `prefix` is the mandatory one: 0, 0x66, 0xf2 or 0xf3.
struct Opcode {
    u8 code;
    Map map = Map::primary;
    u8 prefix = 0;
};

constexpr Opcode primary(u32 code, u8 prefix = 0) { return {static_cast<u8>(code), Map::primary, prefix}; }
constexpr Opcode map_0f(u32 code, u8 prefix = 0) { return {static_cast<u8>(code), Map::map_0f, prefix}; }
constexpr Opcode map_0f38(u32 code, u8 prefix = 0) { return {static_cast<u8>(code), Map::map_0f38, prefix}; }
constexpr Opcode map_0f3a(u32 code, u8 prefix = 0) { return {static_cast<u8>(code), Map::map_0f3a, prefix}; }

// The low `size` bytes of `value`, at the end of an instruction.
struct Immediate {
    i32 value = 0;
    u32 size = 0;
};

template <class T>
concept GprOrMemory = std::same_as<T, Gpr> || std::same_as<T, Mem>;
template <class T>
concept XmmOrMemory = std::same_as<T, Xmm> || std::same_as<T, Mem>;

// An integer type whose every value is a sign-extended 32-bit immediate.
template <class T>
concept SmallInteger = std::integral<T> && !std::same_as<T, bool> && (sizeof(T) < sizeof(i32) || std::same_as<T, i32>);

class Encoder {
public:
    // Each instruction may scribble over up to this many bytes from the cursor on, though never past the end.
    static constexpr i64 room_needed = 16;

    // The buffer outlives the encoder and is not moved: relative addresses depend on its place.
    Encoder(u8* begin, u8* end) : begin_(begin), cursor_(begin), end_(end) {}

    u8* begin() const { return begin_; }
    u8* cursor() const { return cursor_; }
    u64 size() const { return static_cast<u64>(cursor_ - begin_); }
    u64 remaining() const { return static_cast<u64>(end_ - cursor_); }

    // Something was not written, since fewer than `room_needed` bytes were left. The code must be thrown away.
    bool overflowed() const { return overflowed_; }
    // A target lies too far away for its displacement. The code must be thrown away.
    bool out_of_range() const { return out_of_range_; }
    bool failed() const { return overflowed_ || out_of_range_; }

protected:
    static constexpr bool fits_i8(i64 value) { return value == static_cast<i8>(value); }
    static constexpr bool fits_i32(i64 value) { return value == static_cast<i32>(value); }

    // Without REX the byte registers 4–7 would be ah, ch, dh and bh.
    static constexpr bool needs_rex(Size size, Gpr reg) { return size == Size::byte && (number(reg) & ~3u) == 4; }
    static constexpr bool needs_rex(Size, const Mem&) { return false; }

    static constexpr u32 immediate_size(Size size) { return size == Size::qword ? 4 : bytes(size); }

    // Most opcodes come in pairs: the even one for bytes, the odd one for the other sizes.
    static constexpr u32 sized(u32 code, Size size) { return code | (size != Size::byte ? 1u : 0u); }

    template <class T> static void store(u8* to, T value) { std::memcpy(to, &value, sizeof value); }

    // Where the next instruction goes, or null if there may not be room for it.
    u8* room() {
        if (end_ - cursor_ < room_needed) [[unlikely]] {
            overflowed_ = true;
            return nullptr;
        }
        return cursor_;
    }

    // An instruction with ModR/M. `reg` is a register or an opcode extension; `rm` a register or a memory operand.
    template <class Rm>
    [[gnu::always_inline]] void instruction(Opcode opcode, Size size, u32 reg, const Rm& rm, Immediate immediate = {},
                                            bool force_rex = false) {
        u8* p = room();
        if (p == nullptr) [[unlikely]]
            return;
        const u32 wide = size == Size::qword ? 8u : 0u;
        p = legacy_prefixes(p, opcode, size);
        p = rex_and_opcode(p, opcode, 0x40 | wide | rex_bits(reg, rm), force_rex);
        finish(modrm(p, reg, rm, immediate.size), immediate);
    }

    // An instruction whose register is in the low bits of its opcode, or that has none.
    [[gnu::always_inline]] void short_instruction(Opcode opcode, Size size, u32 reg = 0, Immediate immediate = {},
                                                  bool force_rex = false) {
        u8* p = room();
        if (p == nullptr) [[unlikely]]
            return;
        const u32 wide = size == Size::qword ? 8u : 0u;
        opcode.code = static_cast<u8>(opcode.code | (reg & 7));
        p = legacy_prefixes(p, opcode, size);
        finish(rex_and_opcode(p, opcode, 0x40 | wide | reg >> 3, force_rex), immediate);
    }

    // An instruction with a VEX prefix (SDM 2A 2.3.5), 128 bits or scalar.
    template <class Rm>
    [[gnu::always_inline]] void vex_instruction(Opcode opcode, bool wide, u32 reg, u32 vvvv, const Rm& rm,
                                                Immediate immediate = {}) {
        u8* p = room();
        if (p == nullptr) [[unlikely]]
            return;
        const u32 rxb = rex_bits(reg, rm) ^ 7;
        const u32 low = (~vvvv & 15) << 3 | vex_prefix(opcode.prefix);
        if (opcode.map == Map::map_0f && !wide && (rxb & 3) == 3) {
            store(p, static_cast<u16>(0xc5 | (rxb >> 2 << 7 | low) << 8));
            p += 2;
        } else {
            const u32 first = rxb << 5 | static_cast<u32>(opcode.map);
            store(p, 0xc4 | first << 8 | (low | (wide ? 0x80u : 0u)) << 16);
            p += 3;
        }
        *p++ = opcode.code;
        finish(modrm(p, reg, rm, immediate.size), immediate);
    }

    static constexpr u32 operand(Gpr reg) { return number(reg); }
    static constexpr u32 operand(Xmm reg) { return number(reg); }
    static constexpr const Mem& operand(const Mem& memory) { return memory; }

    void finish(u8* p, Immediate immediate = {}) {
        if (immediate.size != 0) store(p, immediate.value);
        cursor_ = p + immediate.size;
    }

    // The displacement that reaches `target` from `from`, the end of an instruction.
    i32 displacement(const u8* from, std::uintptr_t target) {
        const i64 distance = static_cast<i64>(target - reinterpret_cast<std::uintptr_t>(from));
        if (!fits_i32(distance)) [[unlikely]]
            out_of_range_ = true;
        return static_cast<i32>(distance);
    }

    u8* begin_;
    u8* cursor_;
    u8* end_;
    bool overflowed_ = false;
    bool out_of_range_ = false;

private:
    // The operand size prefix goes first, since a mandatory prefix may be needed besides it (popcnt r16).
    [[gnu::always_inline]] static u8* legacy_prefixes(u8* p, Opcode opcode, Size size) {
        *p = 0x66;
        p += size == Size::word;
        if (opcode.prefix != 0) *p++ = opcode.prefix;
        return p;
    }

    [[gnu::always_inline]] static u8* rex_and_opcode(u8* p, Opcode opcode, u32 rex, bool force_rex) {
        *p = static_cast<u8>(rex);
        p += force_rex | (rex != 0x40);
        if (opcode.map != Map::primary) *p++ = 0x0f;
        if (opcode.map == Map::map_0f38) *p++ = 0x38;
        if (opcode.map == Map::map_0f3a) *p++ = 0x3a;
        *p++ = opcode.code;
        return p;
    }

    static constexpr u32 rex_bits(u32 reg, u32 rm) { return reg >> 3 << 2 | rm >> 3; }
    static constexpr u32 rex_bits(u32 reg, const Mem& memory) {
        return reg >> 3 << 2 | u32{memory.index_} >> 3 << 1 | u32{memory.base_} >> 3;
    }

    static constexpr u32 vex_prefix(u8 prefix) {
        switch (prefix) {
        case 0x66:
            return 1;
        case 0xf3:
            return 2;
        case 0xf2:
            return 3;
        default:
            return 0;
        }
    }

    static u8* modrm(u8* p, u32 reg, u32 rm, u32) {
        *p = static_cast<u8>(0xc0 | (reg & 7) << 3 | (rm & 7));
        return p + 1;
    }

    u8* modrm(u8* p, u32 reg, const Mem& memory, u32 bytes_behind) {
        if (memory.kind_ != Mem::Kind::based) [[unlikely]]
            return modrm_without_base(p, reg, memory, bytes_behind);
        const u32 base = memory.base_ & 7;
        const i32 offset = static_cast<i32>(memory.displacement_);
        const bool has_sib = memory.index_ != Mem::no_index || base == 4;
        u32 mod = 2, length = 4;
        if (fits_i8(offset)) mod = 1, length = 1;
        if (offset == 0 && base != 5) mod = 0, length = 0;
        *p = static_cast<u8>(mod << 6 | (reg & 7) << 3 | (has_sib ? 4 : base));
        p[1] = sib(memory);
        p += has_sib ? 2 : 1;
        store(p, offset);
        return p + length;
    }

    u8* modrm_without_base(u8* p, u32 reg, const Mem& memory, u32 bytes_behind) {
        const bool is_relative = memory.kind_ != Mem::Kind::baseless;
        *p++ = static_cast<u8>((reg & 7) << 3 | (is_relative ? 5 : 4));
        if (!is_relative) *p++ = sib(memory);
        i32 offset = static_cast<i32>(memory.displacement_);
        if (memory.kind_ == Mem::Kind::target)
            offset = displacement(p + 4 + bytes_behind, static_cast<std::uintptr_t>(memory.displacement_));
        store(p, offset);
        return p + 4;
    }

    static constexpr u8 sib(const Mem& memory) {
        return static_cast<u8>(memory.scale_log2_ << 6 | (memory.index_ & 7) << 3 | (memory.base_ & 7));
    }
};

} // namespace orrery::x64
