// One row of the opcode tables: an encoding, what it means and who may use it, written in the notation of the manual
// (SDM 2A, 3.1.1). The decoder, the translator, tests and generators of random code read the same rows.
#pragma once

#include <array>
#include <string_view>

#include "cpu/x86/feature.hpp"
#include "cpu/x86/operand.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::x86 {

// Every operation, whatever encodings it has. AVX forms share the operation of the SSE instruction they extend.
enum class Op : u16 {
    none,
#define OPERATION(op, name, access, flags, page) op,
#include "cpu/x86/operations.def"
#undef OPERATION
};

enum class Map : u8 { one_byte, map_0f, map_0f38, map_0f3a, vex_0f, vex_0f38, vex_0f3a };
inline constexpr unsigned map_count = 7;

constexpr bool is_vex(Map map) { return map >= Map::vex_0f; }

// Which values of ModRM's mod field the encoding has.
enum class Mod : u8 { any, memory, registers };

// How an instruction moves control; anything but `none` ends a block or may.
enum class Branch : u8 { none, jump, conditional, call, returns, far, interrupt, system };

// The mandatory prefixes an encoding goes with, as a mask. `any` also says that a prefix doesn't choose the encoding:
// one that names its prefix comes first.
namespace prefix {
inline constexpr u8 none = 1;
inline constexpr u8 p66 = 2;
inline constexpr u8 pf3 = 4;
inline constexpr u8 pf2 = 8;
inline constexpr u8 any = 15;
} // namespace prefix

namespace trait {
inline constexpr u32 lockable = 1U << 0;        // LOCK is legal when the first operand is memory
inline constexpr u32 rep = 1U << 1;             // F3 and F2 repeat it
inline constexpr u32 repe = 1U << 2;            // F3 repeats while equal, F2 while not
inline constexpr u32 privileged = 1U << 3;      // #GP unless CPL is 0
inline constexpr u32 io_sensitive = 1U << 4;    // IOPL, in part with the I/O permission map, decides
inline constexpr u32 not_64 = 1U << 5;          // no such encoding in 64-bit mode
inline constexpr u32 only_64 = 1U << 6;         // … outside it
inline constexpr u32 default_64 = 1U << 7;      // 64-bit mode: 64 bits, or 16 by prefix
inline constexpr u32 force_64 = 1U << 8;        // 64-bit mode: 64 bits whatever the prefixes
inline constexpr u32 mod_ignored = 1U << 9;     // ModRM.rm is a register whatever mod says
inline constexpr u32 no_rex_b = 1U << 10;       // with REX.B it is the encoding with less said instead
inline constexpr u32 else_older = 1U << 11;     // without the feature it is the encoding with less said instead
inline constexpr u32 vsib = 1U << 12;           // SIB.index is a vector register
inline constexpr u32 protected_mode = 1U << 13; // #UD in real and virtual-8086 mode
inline constexpr u32 serialising = 1U << 14;
inline constexpr u32 writes_first = 1U << 15; // the first operand is written without being read, unlike the operation's
inline constexpr u32 condition_code = 1U << 16; // the opcode's low four bits are a condition
inline constexpr u32 limited_reg = 1U << 17;    // not every value of ModRM.reg names a register
inline constexpr u32 user_input = 1U << 18; // the result depends on more than operands: time, random numbers, the model
} // namespace trait

// What the rows combine with `|`: traits, the features an encoding needs, and how it branches.
struct Traits {
    u32 bits = 0;
    Branch branch = Branch::none;
    Features features{};
    Features features_256{}; // those needed besides when VEX.L is 1

    constexpr Traits operator|(Traits other) const {
        return {bits | other.bits, branch == Branch::none ? other.branch : branch, features | other.features,
                features_256 | other.features_256};
    }
};

// What follows ModRM, SIB and displacement.
enum class Immediates : u8 {
    none,
    byte,
    byte_signed,
    word,
    z,
    v,
    word_byte,
    far_pointer,
    address,
    branch_byte,
    branch_z
};

struct Row {
    std::string_view notation;
    Op op = Op::none;
    std::array<Operand, 4> operands{};
    Map map = Map::one_byte;
    u8 opcode = 0;
    u8 opcode_count = 1; // 8 or 16 where the low bits of the opcode are a register or a condition
    u8 prefixes = prefix::any;
    bool has_modrm = false;
    Mod mod = Mod::any;
    i8 reg = -1;    // the value ModRM.reg must have
    i8 rm = -1;     // … and ModRM.rm
    i8 wide = -1;   // … and REX.W or VEX.W
    i8 vector = -1; // … and VEX.L
    Immediates immediates = Immediates::none;
    bool uses_vvvv = false;
    u32 traits = 0;
    Branch branch = Branch::none;
    Features features{};
    Features features_256{};

    [[nodiscard]] constexpr bool has(u32 some_traits) const { return (traits & some_traits) != 0; }
};

} // namespace orrery::x86
