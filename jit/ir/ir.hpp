// The translator's intermediate representation: one block is a straight line of instructions in SSA form that ends in a
// terminal. Frontends (cpu/*) build it with ir::Builder, passes rewrite it, three back ends execute or compile it. It
// knows no guest: guest registers are numbered slots, described by a GuestDescription.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::ir {

enum class Op : u8 {
#define ORRERY_IR_OPCODE(name, operands, result, immediate, effects) name,
#include "jit/ir/opcodes.def"
#undef ORRERY_IR_OPCODE
};

enum class Immediate : u8 { none, constant, slot, offset, helper, pc };
enum class Effects : u8 { pure, state, memory, marker };

struct OpInfo {
    std::string_view name; // as printed: without the trailing underscore that C++ needs
    u8 operands;
    bool result;
    Immediate immediate;
    Effects effects;
};
const OpInfo& info(Op op);
inline constexpr std::size_t op_count = 0
#define ORRERY_IR_OPCODE(name, operands, result, immediate, effects) +1
#include "jit/ir/opcodes.def"
#undef ORRERY_IR_OPCODE
    ;

enum class Type : u8 { i32, i64 };

// For compare and branch. `eq ne` of any type, the others signed, those ending in u unsigned.
enum class Condition : u8 { eq, ne, lt, ge, ltu, geu };
std::string_view name(Condition condition);
constexpr Condition negate(Condition condition) { return static_cast<Condition>(static_cast<u8>(condition) ^ 1); }

enum class AtomicOp : u8 { swap, add, xor_, and_, or_, min, max, minu, maxu };
std::string_view name(AtomicOp op);

// How a memory instruction accesses memory; packed into Instruction::aux.
struct MemoryAccess {
    u8 size_log2 = 0;         // 0–3: 1, 2, 4, 8 bytes
    bool sign_extend = false; // loads only
    u8 mmu_index = 0;         // which of the frontend's translation contexts (0 = the current one)
    AtomicOp atomic = AtomicOp::swap;

    [[nodiscard]] constexpr u16 pack() const {
        return static_cast<u16>(size_log2 | (sign_extend ? 4 : 0) | (mmu_index << 3) | (static_cast<u16>(atomic) << 8));
    }
    static constexpr MemoryAccess unpack(u16 aux) {
        return {static_cast<u8>(aux & 3), (aux & 4) != 0, static_cast<u8>((aux >> 3) & 3),
                static_cast<AtomicOp>(aux >> 8)};
    }
    [[nodiscard]] constexpr u64 size_bytes() const { return u64{1} << size_log2; }
};

// A value is the index, in its block, of the instruction that yields it.
using Value = u16;
inline constexpr Value no_value = std::numeric_limits<Value>::max();
inline constexpr std::size_t max_instructions = no_value;

struct Instruction {
    Op op;
    Type type = Type::i64;
    u16 aux = 0; // insn: length; compare: Condition; memory: MemoryAccess
    Value a = no_value;
    Value b = no_value;
    Value c = no_value;
    u64 imm = 0;
    bool operator==(const Instruction&) const = default;
};

// Hints for return prediction. `system`: to where a helper has gone, which has told the engine about it; the mode may be
// another there, and the address space.
enum class JumpKind : u8 { plain, call, ret, system };

// Continue at a known pc. For a call, `link` is where the callee will return to.
struct Goto {
    u64 pc;
    JumpKind kind = JumpKind::plain;
    u64 link = 0;
    bool operator==(const Goto&) const = default;
};
struct Branch {
    Condition condition;
    Type type;
    Value a, b;
    u64 taken_pc, not_taken_pc;
    bool operator==(const Branch&) const = default;
};
struct Indirect {
    Value pc;
    JumpKind kind = JumpKind::plain;
    u64 link = 0;
    bool operator==(const Indirect&) const = default;
};
// The block's last instruction raises a guest exception: it does not retire, pc stays on it.
// The meaning of `code` is the frontend's; `value` goes with it (a trap value).
struct Raise {
    u64 code;
    u64 value;
    bool operator==(const Raise&) const = default;
};
// The last instruction changed what the translator relies on (mode, mapping, interrupts); go through the dispatcher.
// With `pc_in_state` a helper has already set the state's pc, otherwise it becomes `pc`.
struct Leave {
    u64 pc;
    bool pc_in_state = false;
    bool operator==(const Leave&) const = default;
};
using Terminal = std::variant<Goto, Branch, Indirect, Raise, Leave>;

// Everything that changes how the bytes at a pc translate.
struct BlockKey {
    u64 pc = 0;
    u64 mode = 0; // the frontend's; e.g. privilege, register width, whether floating point is on
    bool operator==(const BlockKey&) const = default;
};

struct Block {
    BlockKey key;
    std::vector<Instruction> instructions;
    Terminal terminal = Leave{0};
    u32 guest_instructions = 0; // begun when the terminal is reached; all of them retire, but for a Raise's own
    u32 guest_bytes = 0;
    bool operator==(const Block&) const = default;
};

struct Slot {
    std::string_view name;
    u32 offset_bytes; // in the guest's state struct; always 64 bits wide
};

// A helper: `self` is the vCPU's frontend, as given in GuestDescription.
using Helper = u64 (*)(void* self, u64 a, u64 b, u64 c);

// A call that does what one SSE2 instruction does: `opcode` of map 0F with the mandatory `prefix` (SDM 2D, table A-3),
// on the pairs of neighbouring slots that begin with `a` and `b`. Back ends for such hosts execute that instead.
struct HostVector {
    enum class Result : u8 {
        pair,  // into the slots that begin with `destination`
        value, // into a general register, from `b`
        flags, // the call's result has ZF, PF and CF at their places
    };
    u8 prefix = 0; // 0: none
    u8 opcode = 0;
    bool wide = false; // REX.W
    std::optional<u8> immediate{};
    Result result = Result::pair;
    u16 destination = 0;
    u16 a = 0;
    u16 b = 0;
    bool b_is_integer = false; // in the lower slot
    // One of FMA's instead, of map 0F38 and with VEX: on `a`, `b` and the pair of slots that begins with `c`.
    bool fused = false;
    u16 c = 0;
    // Of a result that is a pair: the same once more, on these, where the call does both at once.
    struct Pairs {
        u16 destination = 0;
        u16 a = 0;
        u16 b = 0;
        u16 c = 0;
    };
    std::optional<Pairs> upper{};
    // It computes by the guest's MXCSR (GuestDescription::float_control) and raises flags there. The call is made after
    // all while an exception is unmasked.
    bool floating = false;
};

struct HelperInfo {
    std::string_view name;
    Helper function;
    bool writes_slots = false; // may write guest slots (reads are always allowed)
    bool may_leave = false;    // may raise, or ask to leave the block after its instruction (see runtime::Context)
    bool needs_count = false;  // reads the exact count of retired instructions, or the clock
    // What a call with these constant arguments is; may be null.
    std::optional<HostVector> (*host_vector)(u64 a, u64 b) = nullptr;
};

// What the translator knows of a guest architecture.
struct GuestDescription {
    std::string_view name;
    std::span<const Slot> slots;
    u16 pc_slot;                    // where every exit leaves the pc of the next instruction
    std::span<const u16> hot_slots; // best candidates for host registers, hottest first
    std::span<const HelperInfo> helpers;
    // The slot with the guest's MXCSR (SDM 1, 10.2.3), in its lower half, of guests with HostVectors that need it. Only
    // helpers may read and write it.
    std::optional<u16> float_control{};
};

} // namespace orrery::ir
