// LLVM's x86-64 disassembler as an oracle: Intel syntax, single spaces.
#pragma once

#include "machine/fabric/types.hpp"

#include <span>
#include <string>

namespace orrery::test {

class Disassembler {
public:
    Disassembler();
    ~Disassembler();
    Disassembler(const Disassembler&) = delete;
    Disassembler& operator=(const Disassembler&) = delete;

    struct Decoded {
        std::string text;
        u64 length = 0; // 0 if the bytes are no instruction
    };
    Decoded decode(std::span<const u8> bytes) const;

private:
    void* context_;
};

} // namespace orrery::test
