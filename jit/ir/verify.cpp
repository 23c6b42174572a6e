#include "jit/ir/verify.hpp"

#include <array>
#include <optional>

#include "jit/ir/print.hpp"

namespace orrery::ir {
namespace {

using Problem = std::optional<std::string>;

bool is_type(Type type) { return type <= Type::i64; }
bool is_condition(u16 value) { return value <= static_cast<u16>(Condition::geu); }
bool is_kind(JumpKind kind) { return kind <= JumpKind::system; }

// Whether `value` is there when instruction `index` begins.
bool defined(const Block& block, Value value, std::size_t index) {
    return value < index && info(block.instructions[value].op).result;
}

Problem operand_problem(const Block& block, std::size_t index) {
    const Instruction& i = block.instructions[index];
    const std::array<Value, 3> operands{i.a, i.b, i.c};
    for (std::size_t n = 0; n < operands.size(); ++n) {
        const bool wanted = n < info(i.op).operands;
        if (operands[n] == no_value && (!wanted || i.op == Op::call)) continue;
        if (!wanted) return fmt::format("has an operand too many, %{}", operands[n]);
        if (operands[n] == no_value) return "lacks an operand";
        if (!defined(block, operands[n], index)) return fmt::format("uses %{}, which has no value yet", operands[n]);
    }
    return {};
}

Problem access_problem(const Instruction& i) {
    const MemoryAccess access = MemoryAccess::unpack(i.aux);
    if (access.pack() != i.aux || access.atomic > AtomicOp::maxu) return "has an impossible memory access";
    if (access.atomic != AtomicOp::swap && i.op != Op::amo) return "names an atomic operation, which only amo has";
    const bool stores_only = i.op == Op::store || i.op == Op::store_conditional;
    if (access.sign_extend && stores_only) return "sign-extends what it stores";
    return {};
}

Problem aux_problem(const Instruction& i) {
    switch (i.op) {
    case Op::insn:
        return {};
    case Op::compare:
        return is_condition(i.aux) ? Problem{} : "has an unknown condition";
    case Op::load:
    case Op::store:
    case Op::amo:
    case Op::load_reserved:
    case Op::store_conditional:
        return access_problem(i);
    default:
        return i.aux == 0 ? Problem{} : "has an aux, which means nothing here";
    }
}

Problem immediate_problem(const Instruction& i, const GuestDescription& guest) {
    switch (info(i.op).immediate) {
    case Immediate::none:
        return i.imm == 0 ? Problem{} : "has an immediate, which means nothing here";
    case Immediate::slot:
        if (i.imm >= guest.slots.size()) return "names a slot that the guest hasn't";
        return guest.float_control == i.imm ? "names the slot of MXCSR, which is for helpers only" : Problem{};
    case Immediate::helper:
        return i.imm < guest.helpers.size() ? Problem{} : "names a helper that the guest hasn't";
    default:
        return {};
    }
}

Problem type_problem(const Instruction& i) {
    if (!is_type(i.type)) return "has an unknown type";
    if (i.type == Type::i64) return {};
    const bool high_half = i.op == Op::mulhs || i.op == Op::mulhu || i.op == Op::mulhsu;
    const bool typed = info(i.op).effects == Effects::pure && info(i.op).operands != 0;
    return typed && !high_half ? Problem{} : "exists in 64 bits only";
}

// Follows the markers: a block is a straight line of guest instructions.
struct Markers {
    u64 next_pc;
    u32 count = 0;
    u64 bytes = 0;
    bool open = true; // the last one had a length, so another may follow

    Problem step(const Instruction& i) {
        if (i.op != Op::insn) {
            const bool acts = info(i.op).effects != Effects::pure;
            return count == 0 && acts ? Problem("stands before the first insn") : Problem{};
        }
        if (i.imm != next_pc) return fmt::format("should begin at {:#x}, where the one before it ends", next_pc);
        if (!open) return "follows an insn of length 0";
        next_pc += i.aux;
        bytes += i.aux;
        ++count;
        open = i.aux != 0;
        return {};
    }
};

Problem instruction_problem(const Block& block, std::size_t index, const GuestDescription& guest, Markers& markers) {
    const Instruction& i = block.instructions[index];
    if (static_cast<std::size_t>(i.op) >= op_count) return "is no operation";
    if (auto problem = operand_problem(block, index)) return problem;
    if (auto problem = type_problem(i)) return problem;
    if (auto problem = aux_problem(i)) return problem;
    if (auto problem = immediate_problem(i, guest)) return problem;
    return markers.step(i);
}

struct TerminalProblem {
    const Block& block;
    bool ends_in_unfetched;

    [[nodiscard]] bool usable(Value value) const { return defined(block, value, block.instructions.size()); }
    Problem operator()(const Goto& end) const { return is_kind(end.kind) ? retires() : "has an unknown kind"; }
    Problem operator()(const Branch& end) const {
        if (!is_type(end.type) || !is_condition(static_cast<u16>(end.condition)))
            return "has an unknown type or condition";
        if (!usable(end.a) || !usable(end.b)) return "compares what has no value";
        return retires();
    }
    Problem operator()(const Indirect& end) const {
        if (!is_kind(end.kind)) return "has an unknown kind";
        if (!usable(end.pc)) return "jumps to what has no value";
        return retires();
    }
    Problem operator()(const Raise&) const {
        return block.guest_instructions == 0 ? Problem("belongs to no insn") : Problem{};
    }
    Problem operator()(const Leave&) const { return retires(); }
    [[nodiscard]] Problem retires() const {
        return ends_in_unfetched ? Problem("retires an insn of length 0") : Problem{};
    }
};

} // namespace

Status verify(const Block& block, const GuestDescription& guest) {
    if (block.instructions.size() > max_instructions)
        return error("the block has {} instructions, {} are possible", block.instructions.size(), max_instructions);
    Markers markers{.next_pc = block.key.pc};
    for (std::size_t i = 0; i < block.instructions.size(); ++i) {
        if (const auto problem = instruction_problem(block, i, guest, markers))
            return error("instruction {} ({}) {}", i, print(block, i, guest), *problem);
    }
    if (block.guest_instructions != markers.count || block.guest_bytes != markers.bytes)
        return error("the block claims {} guest instructions in {} bytes, its insns are {} in {}",
                     block.guest_instructions, block.guest_bytes, markers.count, markers.bytes);
    if (const auto problem = std::visit(TerminalProblem{block, !markers.open}, block.terminal))
        return error("the terminal ({}) {}", print(block.terminal), *problem);
    return {};
}

} // namespace orrery::ir
