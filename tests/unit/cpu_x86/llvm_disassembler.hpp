// LLVM's disassembler for x86 in one mode, as an oracle for decoder tests.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cpu/x86/instruction.hpp"

namespace orrery::tests {

class LlvmX86 {
public:
    explicit LlvmX86(x86::CodeSize code_size);
    ~LlvmX86();

    struct Answer {
        u32 length = 0;   // in bytes; 0: no instruction
        std::string text; // Intel's syntax, decimal numbers, displacements of branches as encoded
        bool may_load = false;
        bool may_store = false;
        bool reads_flags = false; // the six arithmetic ones
        bool writes_flags = false;
    };
    [[nodiscard]] Answer disassemble(std::span<const u8> bytes) const;
    // Without the text, which takes most of the time.
    [[nodiscard]] u32 length(std::span<const u8> bytes) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace orrery::tests
