// What a guest program says of itself in the comment it begins with: how to run it, and how it must end.
//
//   // harts: 2                   1 without this line
//   // virtio: mmio               pci without this line
//   // expect: a0 = 0x12, tp = 3  registers of hart 0 at the end; may be given several times
//   // output: "Hello\n"          all that the serial port sent; nothing without this line
//   // known failure: why         it ends with a failed check for now; without that the test fails
//   // ends: 0                    the finisher's code, or "reset loop"; 0 without this line
#pragma once

#include <string>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"
#include "machine/machine.hpp"

namespace orrery::test {

struct ExpectedRegister {
    std::string name; // as the calling convention has it
    u32 number = 0;   // x0 to x31
    u64 value = 0;
};

struct ProgramHeader {
    u32 harts = 1;
    bool virtio_mmio = false;
    std::vector<ExpectedRegister> registers;
    std::string output;
    std::string known_failure;
    Outcome end{Ending::powered_off, 0};
};

// Reads the header of an assembly file. Errors name the line.
Result<ProgramHeader> read_program_header(const std::string& path);

} // namespace orrery::test
