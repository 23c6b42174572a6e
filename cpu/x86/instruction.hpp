// One decoded x86 instruction: which row it has and what its bytes say. `operands.hpp` turns an operand of the row into
// a register, a place in memory or a value.
#pragma once

#include <string_view>

#include "cpu/x86/row.hpp"

namespace orrery::x86 {

// The size of operands and addresses that the code segment gives (SDM 1, 3.6).
enum class CodeSize : u8 { bits16, bits32, bits64 };

enum class Outcome : u8 {
    valid,
    invalid,     // #UD
    too_long,    // #GP(0): more than 15 bytes (SDM 3A, 6.15)
    fetch_fault, // the byte at `length` couldn't be read
};

enum class Repeat : u8 { none, f3, f2 };

enum class Segment : u8 { es, cs, ss, ds, fs, gs };

// The numbers of general registers that rules mention.
inline constexpr u8 register_sp = 4;
inline constexpr u8 register_bp = 5;
// What MemoryAddress::base and ::index have besides 0 to 15.
inline constexpr u8 no_register = 0xff;
inline constexpr u8 instruction_pointer = 0xfe;

// base + index * 2^scale + displacement, in the segment, wrapped to the instruction's address size.
struct MemoryAddress {
    u8 base = no_register;  // `instruction_pointer`: that of the following instruction
    u8 index = no_register; // with trait::vsib a vector register
    u8 scale = 0;
    Segment segment = Segment::ds; // override or default
    bool operator==(const MemoryAddress&) const = default;
};

inline constexpr u8 maximum_length = 15;

struct Instruction {
    const Row* row = nullptr; // none unless `outcome` is valid
    i64 displacement = 0;     // sign-extended; of an address in the instruction zero-extended
    i64 immediate = 0;        // sign-extended where it is narrower than what it is used as, else zero-extended
    u16 immediate2 = 0;       // ENTER's second, the selector of a far pointer
    Outcome outcome = Outcome::valid;
    u8 length = 0; // in bytes; unless valid, of what was read
    u8 opcode = 0;
    u8 modrm = 0;
    u8 sib = 0;
    u8 rex = 0;  // 0100WRXB, also of a VEX prefix; 0: none
    u8 vvvv = 0; // VEX.vvvv, as a register number
    bool vex = false;
    bool vex_256 = false; // VEX.L
    bool lock = false;
    bool operand_size_prefix = false;
    bool address_size_prefix = false;
    bool segment_override = false;
    bool has_memory = false; // ModRM names memory: `memory` and `displacement` hold its address
    Repeat repeat = Repeat::none;
    CodeSize code_size = CodeSize::bits64;
    u8 operand_size = 0; // in bytes: 2, 4 or 8
    u8 address_size = 0;
    // The address that ModRM gives. Of string operations and addresses in the instruction only the segment counts.
    MemoryAddress memory;

    [[nodiscard]] bool valid() const { return outcome == Outcome::valid; }
    [[nodiscard]] bool rex_w() const { return (rex & 8) != 0; }
    [[nodiscard]] u8 reg() const { return static_cast<u8>((modrm >> 3 & 7) | (rex & 4) << 1); }
    [[nodiscard]] u8 rm() const { return static_cast<u8>((modrm & 7) | (rex & 1) << 3); }
    [[nodiscard]] u8 opcode_register() const { return static_cast<u8>((opcode & 7) | (rex & 1) << 3); }
    [[nodiscard]] u8 condition() const { return opcode & 15; }
};

} // namespace orrery::x86
