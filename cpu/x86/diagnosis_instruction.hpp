// What an instruction at fault did wrong, as far as its bytes and the registers say: for the report of a stuck guest.
#pragma once

#include <string>

#include "cpu/x86/core.hpp"
#include "cpu/x86/feature.hpp"
#include "cpu/x86/mode.hpp"

namespace orrery::x86 {

// An instruction whose exception is being explained. The registers are those before it.
struct FaultyInstruction {
    const Core& core;
    Features features;
    u64 pc = 0; // linear
    Mode mode;

    // "ltr (0f 00 d8)"; empty if its bytes can't be read.
    [[nodiscard]] std::string words() const;
    // Of #UD: "the program runs into memory that is all zeroes".
    [[nodiscard]] std::string why_invalid() const;
    // Of #GP(0) and #SS(0): "the new value of CR3, 0x…, …"; empty if it isn't known.
    [[nodiscard]] std::string why_protected() const;
    // Whether the instruction before it wrote this control register. Programs that switch paging are at the same
    // address before and after.
    [[nodiscard]] bool follows_write_of(u32 control_register) const;
};

} // namespace orrery::x86
