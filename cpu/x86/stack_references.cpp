#include "cpu/x86/stack_references.hpp"

#include "cpu/x86/decode.hpp"
#include "cpu/x86/instruction_table.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 nearby_bytes = 32; // more than one push or pop moves RSP

bool uses_stack(Op op) {
    switch (op) {
    case Op::push:
    case Op::pop:
    case Op::pushf:
    case Op::popf:
    case Op::call:
    case Op::ret:
    case Op::enter:
    case Op::leave:
        return true;
    default:
        return false;
    }
}

} // namespace

bool refers_to_stack(const Core& core, Features features, u64 linear) {
    std::vector<u8> bytes;
    while (bytes.size() < maximum_length) {
        const auto byte = core.mmu().peek(core.state().pc + bytes.size(), 1);
        if (!byte) break;
        bytes.push_back(static_cast<u8>(*byte));
    }
    const Instruction instruction = decode(bytes, CodeSize::bits64, features);
    if (!instruction.valid()) return false;
    if (instruction.has_memory && instruction.memory.segment == Segment::ss) return true;
    if (!uses_stack(instruction.row->op)) return false;
    // Those with an operand in memory besides may have stumbled over that.
    const u64 distance = linear - core.state().r[gpr::rsp] + nearby_bytes;
    return !instruction.has_memory || distance < 2 * nearby_bytes;
}

} // namespace orrery::x86
