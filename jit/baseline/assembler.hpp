// The x86-64 assembler that the baseline translator emits with: every instruction form is one inline function that
// writes straight into the caller's buffer. Mnemonics are the manual's; a trailing underscore avoids a C++ keyword. The
// destination comes first, before it the operand size where the registers don't say it.
#pragma once

#include "jit/baseline/avx_forms.hpp"

namespace orrery::x64 {

// One per piece of code; no state besides the cursor and the two failure flags.
class Assembler final : public AvxForms {
public:
    using AvxForms::AvxForms;
};

} // namespace orrery::x64
