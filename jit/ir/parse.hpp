// Reads the text form of a block that print.hpp writes. Lenient where people write it by hand: blanks and empty lines
// are free, `#` begins a comment, values may have any numbers. The text may come from anywhere.
#pragma once

#include <string_view>

#include "jit/ir/ir.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::ir {

// An error begins with "line:column: ". What it returns need not pass verify().
Result<Block> parse(std::string_view text, const GuestDescription& guest);

} // namespace orrery::ir
