// An instruction's encoding, taken apart for a reader (here RISC-V's, see decoded_x86.hpp): what it is called, where
// the manual describes it, and what each operand says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::app {

struct DecodedInstruction {
    struct Field {
        std::string name;  // rd, rs1, imm …; of x86 the manual's Eb, Gv …
        std::string value; // a0, -16, 0x80000010 …
    };
    std::string name;          // "c.addi"; "illegal"
    std::string expands_to;    // of a compressed instruction
    std::string extension;     // "RV64I", "Zba"
    std::string manual;        // "Volume I (20191213), section 2.4"
    std::string encoding;      // in binary, its fields apart
    std::vector<Field> fields; // in assembler order
};

// `bits`: 32, of which the low 16 count if they say so.
DecodedInstruction decode_for_reader(u32 bits, u64 pc);

} // namespace orrery::app
