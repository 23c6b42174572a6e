// What the x87 unit's instructions need of a case: states full of hard numbers, and what processors may do differently.
#pragma once

#include <span>
#include <string>

#include "cpu/x86/instruction.hpp"
#include "tests/differ/x86/fpu_image.hpp"

namespace orrery::test {

bool is_x87(const x86::Row& row);
// Whether all is defined that another instruction may see of it.
bool may_lead(const x86::Row& row);
// Random control, status, stack and registers; an exception may be pending.
void randomize_x87(FpuImage& image, Random& random);
// A number in any of the formats that operands in memory have.
u64 x87_number(Random& random);

// Hides what is not ours to know after `instruction` in both outcomes. `before`: what it began with, if that is known.
void hide_undefined_x87(const x86::Instruction& instruction, const FpuImage* before, FpuImage& host, FpuImage& guest);
// Flags that processors set differently.
u64 undefined_x87_flags(const x86::Instruction& instruction, const FpuImage& host);
// Bytes of what the instruction stores at `address` which are the processor's own: pointers to the last instruction.
struct HiddenBytes {
    std::size_t from = 0, to = 0;
};
HiddenBytes hidden_in_memory(const x86::Instruction& instruction);

} // namespace orrery::test
