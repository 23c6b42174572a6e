// LLVM's RISC-V disassembler with the extensions of RVA22S64: the oracle of the decoder's tests.
#pragma once

#include <memory>
#include <string>

#include "machine/fabric/types.hpp"

namespace orrery::tests {

class LlvmRiscv {
public:
    LlvmRiscv();
    ~LlvmRiscv();

    struct Answer {
        u32 length = 0;   // in bytes; 0: not an instruction
        std::string text; // "addi a0, a1, 5"
    };

    // The instruction as encoded, no pseudo-instructions: "c.li a0, 5", "jalr zero, 0(ra)".
    Answer plain(u32 bits) const;
    // As assembler programmers read it, compressed ones like their expansion: "li a0, 5", "ret".
    Answer with_aliases(u32 bits) const;
    // Only whether it is an instruction: its length or 0.
    u32 length(u32 bits) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace orrery::tests
