#include "jit/ir/print.hpp"

#include <array>
#include <iterator>

#include <fmt/format.h>

namespace orrery::ir {
namespace {

std::string value(Value index) { return index == no_value ? "-" : fmt::format("%{}", index); }

template <typename Named> std::string named(std::span<const Named> table, u64 index) {
    return index < table.size() ? std::string(table[index].name) : fmt::format("?{}", index);
}

std::string_view condition_name(u16 aux) {
    return aux <= static_cast<u16>(Condition::geu) ? name(static_cast<Condition>(aux)) : "?";
}

std::string_view type_suffix(Type type) { return type == Type::i32 ? ".i32" : ""; }

// "load.s32.mmu1": the kind of extension only where there is one.
std::string access_suffix(Op op, MemoryAccess access) {
    const bool extends = op != Op::store && op != Op::store_conditional;
    std::string text = fmt::format(".{}{}", access.sign_extend ? "s" : (extends ? "u" : ""), access.size_bytes() * 8);
    if (access.mmu_index != 0) text += fmt::format(".mmu{}", access.mmu_index);
    if (op == Op::amo) text += fmt::format(".{}", access.atomic <= AtomicOp::maxu ? name(access.atomic) : "?");
    return text;
}

std::string address(Value base, u64 offset) {
    if (offset == 0) return fmt::format("[{}]", value(base));
    if (static_cast<i64>(offset) < 0) return fmt::format("[{} - {:#x}]", value(base), u64{0} - offset);
    return fmt::format("[{} + {:#x}]", value(base), offset);
}

std::string jump(std::string_view verb, JumpKind kind, std::string_view target, u64 link) {
    constexpr std::array<std::string_view, 4> kinds{"", " call", " ret", " system"};
    const auto index = static_cast<std::size_t>(kind);
    std::string text = fmt::format("{}{} {}", verb, index < kinds.size() ? kinds[index] : " ?", target);
    if (link != 0 || kind == JumpKind::call) text += fmt::format(" link {:#x}", link);
    return text;
}

std::string operands(const Instruction& instruction) {
    const u8 count = info(instruction.op).operands;
    std::string text;
    if (count > 0) text += " " + value(instruction.a);
    if (count > 1) text += ", " + value(instruction.b);
    if (count > 2) text += ", " + value(instruction.c);
    return text;
}

std::string body(const Instruction& i, const GuestDescription& guest) {
    const MemoryAccess access = MemoryAccess::unpack(i.aux);
    const std::string_view op = info(i.op).name;
    switch (i.op) {
    case Op::insn:
        return fmt::format("insn {:#x} {}", i.imm, i.aux);
    case Op::constant:
        return fmt::format("constant {:#x}", i.imm);
    case Op::get:
        return fmt::format("get {}", named(guest.slots, i.imm));
    case Op::put:
        return fmt::format("put {}, {}", named(guest.slots, i.imm), value(i.a));
    case Op::compare:
        return fmt::format("compare{} {}{}", type_suffix(i.type), condition_name(i.aux), operands(i));
    case Op::load:
        return fmt::format("load{} {}", access_suffix(i.op, access), address(i.a, i.imm));
    case Op::store:
        return fmt::format("store{} {}, {}", access_suffix(i.op, access), address(i.a, i.imm), value(i.b));
    case Op::amo:
    case Op::store_conditional:
        return fmt::format("{}{} [{}], {}", op, access_suffix(i.op, access), value(i.a), value(i.b));
    case Op::load_reserved:
        return fmt::format("{}{} [{}]", op, access_suffix(i.op, access), value(i.a));
    case Op::call:
        return fmt::format("call {}{}", named(guest.helpers, i.imm), operands(i));
    default:
        return fmt::format("{}{}{}", op, type_suffix(i.type), operands(i));
    }
}

struct TerminalText {
    std::string operator()(const Goto& end) const {
        return jump("goto", end.kind, fmt::format("{:#x}", end.pc), end.link);
    }
    std::string operator()(const Branch& end) const {
        return fmt::format("branch{} {} {}, {} then {:#x} else {:#x}", type_suffix(end.type),
                           condition_name(static_cast<u16>(end.condition)), value(end.a), value(end.b), end.taken_pc,
                           end.not_taken_pc);
    }
    std::string operator()(const Indirect& end) const { return jump("indirect", end.kind, value(end.pc), end.link); }
    std::string operator()(const Raise& end) const {
        return fmt::format("raise {:#x} value {:#x}", end.code, end.value);
    }
    std::string operator()(const Leave& end) const {
        return fmt::format("leave {:#x}{}", end.pc, end.pc_in_state ? " pc_in_state" : "");
    }
};

} // namespace

std::string print(const Block& block, std::size_t index, const GuestDescription& guest) {
    const Instruction& instruction = block.instructions[index];
    if (static_cast<std::size_t>(instruction.op) >= op_count) return "?";
    std::string text = info(instruction.op).result ? fmt::format("%{} = ", index) : std::string();
    return text + body(instruction, guest);
}

std::string print(const Terminal& terminal) { return std::visit(TerminalText{}, terminal); }

std::string print(const Block& block, const GuestDescription& guest) {
    std::string text = fmt::format("block {:#x} mode {:#x}\n", block.key.pc, block.key.mode);
    for (std::size_t i = 0; i < block.instructions.size(); ++i) {
        const bool marker = block.instructions[i].op == Op::insn;
        fmt::format_to(std::back_inserter(text), "{}{}\n", marker ? "  " : "    ", print(block, i, guest));
    }
    return text + "  " + print(block.terminal) + "\n";
}

} // namespace orrery::ir
