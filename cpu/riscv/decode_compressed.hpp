// Private to the decoder: the 16-bit half of decode().
#pragma once

#include "cpu/riscv/decode.hpp"

namespace orrery::riscv {

// `bits` with low bits other than 11.
Instruction decode_compressed(u16 bits);

} // namespace orrery::riscv
