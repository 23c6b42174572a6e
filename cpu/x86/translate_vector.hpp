// Private to the translators of vector instructions: vectors in the IR are pairs of 64-bit values.
#pragma once

#include "cpu/x86/translate.hpp"

namespace orrery::x86 {

struct VectorValue {
    ir::Value low;
    ir::Value high;
};

// Whether the state lets the instruction execute (SDM 3A 2.5, 12.1, 13.1; SDM 3B 23.25.3). If not, it has been made to
// raise, and nothing else must be emitted.
bool vectors_usable(BlockTranslation& t);

VectorValue read_vector(BlockTranslation& t, u32 number);
void write_vector(BlockTranslation& t, u32 number, VectorValue value);
// Of memory, at a linear address.
VectorValue load_vector(BlockTranslation& t, ir::Value address);
// Nothing is stored unless all can be. `aligned`: the address is one of aligned_address().
void store_vector(BlockTranslation& t, ir::Value address, VectorValue value, bool aligned);
// The same address, but accesses there are #GP(0) unless it is a multiple of 16.
ir::Value aligned_address(BlockTranslation& t, ir::Value address);
// What the operand reads, zero-extended to 128 bits: a vector register or memory, checked for alignment where the
// instruction asks for it.
VectorValue read_vector_operand(BlockTranslation& t, std::size_t operand);

// Where the helpers find the operand: its register, or a scratch vector that is given what is there.
u8 vector_source(BlockTranslation& t, std::size_t operand, u32 scratch);
void put_scratch(BlockTranslation& t, u32 number, VectorValue value);

// Has the kernel of the instruction's operation compute its result: translators of all operations that have one.
void vector_operation(BlockTranslation& t);

} // namespace orrery::x86
