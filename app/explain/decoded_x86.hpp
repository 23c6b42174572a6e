// An x86 instruction's encoding, taken apart for a reader.
#pragma once

#include <span>

#include "app/explain/decoded.hpp"
#include "cpu/x86/decode.hpp"

namespace orrery::app {

DecodedInstruction decode_x86_for_reader(std::span<const u8> bytes, x86::CodeSize code_size, x86::Features features,
                                         u64 pc);

} // namespace orrery::app
