// A block as text: one instruction a line, values named %N after the instruction that yields them, slots and helpers by
// the guest's names. parse.hpp reads it back; jit/ir/README.md describes it. Broken blocks print too, their broken
// parts with a question mark.
#pragma once

#include <string>

#include "jit/ir/ir.hpp"

namespace orrery::ir {

std::string print(const Block& block, const GuestDescription& guest);

// One instruction or terminal alone, without indentation or line end, for messages.
std::string print(const Block& block, std::size_t index, const GuestDescription& guest);
std::string print(const Terminal& terminal);

} // namespace orrery::ir
