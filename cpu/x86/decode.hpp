// From bytes to an Instruction. Pure functions, callable from any thread. No byte is read beyond the instruction's
// last: what follows may lie on a page that isn't there.
#pragma once

#include <optional>
#include <span>

#include "cpu/x86/instruction.hpp"

namespace orrery::x86 {

// Yields an instruction's bytes in order, each once, or nothing if the next one can't be fetched.
class ByteReader {
public:
    virtual ~ByteReader() = default;
    virtual std::optional<u8> next() = 0;
};

// The instruction that begins with `bytes`. Where they end too early, the outcome is a fetch fault at the first missing
// byte. In real and virtual-8086 mode `features` must be without AVX and all that needs VEX (SDM 2A, 2.3.1).
Instruction decode(std::span<const u8> bytes, CodeSize code_size, Features features);
Instruction decode(ByteReader& reader, CodeSize code_size, Features features);

} // namespace orrery::x86
