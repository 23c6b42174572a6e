#include "jit/interpreter/interpreter.hpp"

#include <atomic>
#include <cstring>

#include "jit/ir/evaluate.hpp"
#include "jit/runtime/flow.hpp"

namespace orrery::jit {
namespace {

using ir::Op;

template <typename... Fs> struct Overloaded : Fs... {
    using Fs::operator()...;
};

// The soft TLB's fast path, as jit/runtime/context.hpp defines a hit; null on a miss.
u8* direct(Context& context, u64 address, ir::MemoryAccess access, u64 TlbEntry::* tag) {
    const TlbEntry& entry = context.tlb[tlb_index(address, context.tlb_salt)];
    const u64 wanted = ((address + access.size_bytes() - 1) & ~u64{4095}) | context.data_tag[access.mmu_index];
    if (entry.*tag != wanted) return nullptr;
    return reinterpret_cast<u8*>(address + entry.addend);
}

u64 extend(u64 value, ir::MemoryAccess access) {
    const u32 unused = 64 - 8 * static_cast<u32>(access.size_bytes());
    value <<= unused;
    return access.sign_extend ? static_cast<u64>(static_cast<i64>(value) >> unused) : value >> unused;
}

u64 load_host(const u8* host, ir::MemoryAccess access) {
    u64 value = 0;
    switch (access.size_log2) {
    case 0:
        value = *host;
        break;
    case 1:
        std::memcpy(&value, host, 2);
        break;
    case 2:
        std::memcpy(&value, host, 4);
        break;
    default:
        std::memcpy(&value, host, 8);
        break;
    }
    return extend(value, access);
}

void store_host(u8* host, ir::MemoryAccess access, u64 value) {
    switch (access.size_log2) {
    case 0:
        std::memcpy(host, &value, 1);
        break;
    case 1:
        std::memcpy(host, &value, 2);
        break;
    case 2:
        std::memcpy(host, &value, 4);
        break;
    default:
        std::memcpy(host, &value, 8);
        break;
    }
}

// What an atomic operation leaves in memory, where `old` was.
u64 updated(ir::MemoryAccess access, u64 old, u64 operand) {
    const u32 unused = 64 - 8 * static_cast<u32>(access.size_bytes());
    const auto with_sign = [&](u64 value) { return static_cast<i64>(value << unused) >> unused; };
    const bool less = with_sign(old) < with_sign(operand);
    const bool below = old << unused < operand << unused;
    switch (access.atomic) {
    case ir::AtomicOp::swap:
        return operand;
    case ir::AtomicOp::add:
        return old + operand;
    case ir::AtomicOp::xor_:
        return old ^ operand;
    case ir::AtomicOp::and_:
        return old & operand;
    case ir::AtomicOp::or_:
        return old | operand;
    case ir::AtomicOp::min:
        return less ? old : operand;
    case ir::AtomicOp::max:
        return less ? operand : old;
    case ir::AtomicOp::minu:
        return below ? old : operand;
    case ir::AtomicOp::maxu:
        return below ? operand : old;
    }
    return operand;
}

} // namespace

u64& Interpreter::slot(Context& context, u64 index) const {
    return *reinterpret_cast<u64*>(static_cast<u8*>(context.state) + guest_.slots[index].offset_bytes);
}

bool Interpreter::step(Context& context, const ir::Instruction& instruction, u64& result) {
    const auto value = [&](ir::Value index) { return index == ir::no_value ? 0 : values_[index]; };
    const auto access = [&] { return ir::MemoryAccess::unpack(instruction.aux); };
    const u64 a = value(instruction.a);
    switch (instruction.op) {
    case Op::insn:
        ++context.interpreted_instruction;
        context.exit_from = instruction.imm;
        return true;
    case Op::constant:
        result = instruction.imm;
        return true;
    case Op::get:
        result = slot(context, instruction.imm);
        return true;
    case Op::put:
        slot(context, instruction.imm) = a;
        return true;
    case Op::compare:
        result = ir::evaluate(static_cast<ir::Condition>(instruction.aux), instruction.type, a, value(instruction.b));
        return true;
    case Op::select:
        result = value(a != 0 ? instruction.b : instruction.c);
        return true;
    case Op::load: {
        const u64 address = a + instruction.imm;
        if (const u8* host = direct(context, address, access(), &TlbEntry::read_tag)) {
            result = load_host(host, access());
            return true;
        }
        result = context.slow.load(&context, address, instruction.aux);
        break;
    }
    case Op::store: {
        const u64 address = a + instruction.imm;
        if (u8* host = direct(context, address, access(), &TlbEntry::write_tag)) {
            store_host(host, access(), value(instruction.b));
            return true;
        }
        context.slow.store(&context, address, instruction.aux, value(instruction.b));
        break;
    }
    case Op::amo:
        result = context.slow.amo(&context, a, instruction.aux, value(instruction.b));
        break;
    case Op::load_reserved:
        result = context.slow.load_reserved(&context, a, instruction.aux);
        break;
    case Op::store_conditional:
        result = context.slow.store_conditional(&context, a, instruction.aux, value(instruction.b));
        break;
    case Op::fence:
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return true;
    case Op::call:
        result = guest_.helpers[instruction.imm].function(context.self, a, value(instruction.b), value(instruction.c));
        break;
    default:
        result = ir::info(instruction.op).operands == 1
                     ? ir::evaluate(instruction.op, instruction.type, a)
                     : ir::evaluate(instruction.op, instruction.type, a, value(instruction.b));
        return true;
    }
    return context.leave == LeaveRequest::none;
}

void Interpreter::finish(Context& context, const ir::Block& block) {
    u64& pc = slot(context, guest_.pc_slot);
    const auto go = [&](u64 to, Flow flow) {
        pc = to;
        context.exit = Exit::lookup;
        context.exit_flow = flow;
    };
    std::visit(Overloaded{
                   [&](const ir::Goto& end) { go(end.pc, flow_to(block, end.pc, flow_of(end.kind))); },
                   [&](const ir::Branch& end) {
                       const bool taken = ir::evaluate(end.condition, end.type, values_[end.a], values_[end.b]);
                       const u64 to = taken ? end.taken_pc : end.not_taken_pc;
                       go(to, flow_to(block, to, Flow::branch));
                   },
                   [&](const ir::Indirect& end) { go(values_[end.pc], flow_of(end.kind)); },
                   [&](const ir::Raise& end) {
                       pc = block.key.pc;
                       for (const ir::Instruction& instruction : block.instructions)
                           if (instruction.op == Op::insn) pc = instruction.imm;
                       context.exit = Exit::raise;
                       context.exit_code = end.code;
                       context.exit_value = end.value;
                   },
                   [&](const ir::Leave& end) {
                       if (!end.pc_in_state) pc = end.pc;
                       context.exit = Exit::leave;
                   },
               },
               block.terminal);
}

// An access, once it is made. An atomic operation's new value is computed anew.
void Interpreter::tell(const ir::Instruction& instruction, u64 result, BlockObserver& observer) const {
    if (ir::info(instruction.op).effects != ir::Effects::memory || instruction.op == Op::call ||
        instruction.op == Op::fence)
        return;
    const auto access = ir::MemoryAccess::unpack(instruction.aux);
    const u64 size = access.size_bytes();
    const u64 mask = ~u64{0} >> (64 - 8 * size);
    const u64 address = values_[instruction.a] + instruction.imm;
    const u64 operand = instruction.b == ir::no_value ? 0 : values_[instruction.b];
    switch (instruction.op) {
    case Op::store:
        observer.accessed(address, size, true, operand & mask);
        break;
    case Op::store_conditional:
        if (result == 0) observer.accessed(address, size, true, operand & mask);
        break;
    case Op::amo:
        observer.accessed(address, size, false, result & mask);
        observer.accessed(address, size, true, updated(access, result, operand) & mask);
        break;
    default:
        observer.accessed(address, size, false, result & mask);
    }
}

template <bool observed>
void Interpreter::run(Context& context, const CompiledBlock& compiled, [[maybe_unused]] BlockObserver* observer) {
    const ir::Block& block = *compiled.ir;
    if (values_.size() < block.instructions.size()) values_.resize(block.instructions.size());
    context.return_address = 0;
    context.interpreted_block = &compiled;
    context.interpreted_instruction = ~u32{0};
    context.budget -= block.guest_instructions;
    bool leaving = false; // behind the current guest instruction
    for (std::size_t i = 0; i < block.instructions.size(); ++i) {
        if (leaving && block.instructions[i].op == Op::insn) {
            context.exit = Exit::slow;
            return;
        }
        const bool goes_on = step(context, block.instructions[i], values_[i]);
        if constexpr (observed) {
            if (block.instructions[i].op == Op::insn)
                observer->begins(context.interpreted_instruction);
            else if (goes_on || context.leave == LeaveRequest::after)
                tell(block.instructions[i], values_[i], *observer);
        }
        if (goes_on) continue;
        leaving = context.leave == LeaveRequest::after;
        if (!leaving) {
            context.exit = Exit::slow;
            return;
        }
    }
    // A last instruction that goes elsewhere, or leaves anyway, does so.
    const auto* next = std::get_if<ir::Goto>(&block.terminal);
    if (leaving && next && next->pc == block.key.pc + block.guest_bytes) {
        context.exit = Exit::slow;
        return;
    }
    if (leaving) context.leave = LeaveRequest::none;
    finish(context, block);
}

template void Interpreter::run<false>(Context&, const CompiledBlock&, BlockObserver*);
template void Interpreter::run<true>(Context&, const CompiledBlock&, BlockObserver*);

} // namespace orrery::jit
