// An x86 CPU's registers as debuggers know them: by gdb's names and numbers where gdb has such, all others by the
// manual's names with their fields.
#pragma once

#include "cpu/debug.hpp"

namespace orrery::x86 {

class Processor;

// The upper halves of YMM registers are the last ones, and there only with AVX.
std::span<const RegisterDescription> register_descriptions(bool with_avx);
// `index` is into those.
RegisterValue read_register(const Processor& processor, std::size_t index);
// Control registers change as by an instruction of the most privileged code, which may be refused.
Status write_register(Processor& processor, std::size_t index, RegisterValue value);

} // namespace orrery::x86
