// Random operands and modes for the 80-bit format, crowded around the hard cases.
#pragma once

#include <string>

#include "cpu/float/extended.hpp"
#include "tests/unit/softfloat/operands.hpp"

namespace orrery::test {

// Crowded like those of the other formats; now and then an encoding that means nothing.
softfloat::Extended extended_operand(Random& random);
// A control word with any precision, rounding and, in one of four cases, masks.
u16 x87_control(Random& random);
std::string text(softfloat::Extended a);

} // namespace orrery::test
