// Private to the translators of vector instructions: vectors in the IR are pairs of 64-bit values, or two such pairs.
#pragma once

#include "cpu/x86/translate.hpp"

namespace orrery::x86 {

struct VectorValue {
    ir::Value low = ir::no_value;
    ir::Value high = ir::no_value;
    [[nodiscard]] bool exists() const { return low != ir::no_value; }
};
// Bits 127:0, and those above where the instruction works on 256.
struct WideValue {
    VectorValue lower;
    VectorValue upper{};
};

// Whether the state lets the instruction execute (SDM 3A 2.5, 12.1, 13.1; SDM 3B 23.25.3). If not, it has been made to
// raise, and nothing else must be emitted.
bool vectors_usable(BlockTranslation& t);
// Whether it works on 256 bits.
bool is_wide(const Instruction& instruction);
// The operand that is the first of two sources: with VEX the one that VEX.vvvv names, else the destination. The second
// is the next one.
std::size_t first_source(const Instruction& instruction);

VectorValue read_vector(BlockTranslation& t, u32 number);
VectorValue read_upper(BlockTranslation& t, u32 number);
// With VEX the bits above become zero, without they stay.
void write_vector(BlockTranslation& t, u32 number, VectorValue value);
void write_wide(BlockTranslation& t, u32 number, WideValue value);
// One half; with VEX the other one is that of `from`, without it stays.
void write_low(BlockTranslation& t, u32 number, u32 from, ir::Value low);
void write_high(BlockTranslation& t, u32 number, u32 from, ir::Value high);
// What write_vector does to the bits above.
void clear_upper(BlockTranslation& t, u32 number);

// Of memory, at a linear address.
VectorValue load_vector(BlockTranslation& t, ir::Value address);
// Nothing is stored unless all can be. `aligned`: the address is one of aligned_address().
void store_wide(BlockTranslation& t, ir::Value address, WideValue value, bool aligned);
// The same address, but accesses there are #GP(0) unless it is a multiple of `size`, 16 or 32.
ir::Value aligned_address(BlockTranslation& t, ir::Value address, u32 size);
// What the operand reads, zero-extended to 128 bits: a vector register or memory, checked for alignment where the
// instruction asks for it.
VectorValue read_vector_operand(BlockTranslation& t, std::size_t operand);
WideValue read_wide_operand(BlockTranslation& t, std::size_t operand);

// Where the helpers find the operand: its register, or a scratch vector that is given what is there.
u8 vector_source(BlockTranslation& t, std::size_t operand, u32 scratch);
void put_scratch(BlockTranslation& t, u32 number, VectorValue value);

// Has the kernel of the instruction's operation compute its result: translators of all operations that have one.
void vector_operation(BlockTranslation& t);
// As another operation with the same operands does.
void vector_operation_as(BlockTranslation& t, Op op);
// The result of a floating one to a vector_place.
void floating_operation_into(BlockTranslation& t, u8 destination);

} // namespace orrery::x86
