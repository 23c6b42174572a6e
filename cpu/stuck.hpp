// A guest that gets nowhere: what a CPU remembers of its exceptions, whether it could ever go on, and how it explains
// why it doesn't. Architectures give the words, the engine the records, the machine decides.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

class AddressSpace;

// An exception that was delivered, or several in short succession alike in pc and code.
struct ExceptionRecord {
    u64 pc = 0;
    u64 code = 0;
    u64 value = 0;   // of the last one
    u64 mode = 0;    // ir::BlockKey::mode of the instruction
    u64 retired = 0; // instructions retired before the last one
    u64 count = 1;
};

enum class TransferKind : u8 { jump, branch, call, ret, exception, exception_return, interrupt, reset };

// Control that didn't go on with the next instruction; or several alike in a loop.
struct Transfer {
    u64 from = 0; // the instruction: of an interrupt or reset the one that wasn't begun, of an exception the one at fault
    u64 to = 0;
    u64 code = 0; // of exceptions and interrupts; see CpuWords
    u64 count = 1;
    TransferKind kind = TransferKind::jump;
};

enum class StuckKind : u8 {
    row,        // exceptions between which nothing retires
    retry,      // the handler returns to the instruction, whose state never changes
    chase,      // a few exceptions take turns: each handler returns to the next one's instruction, nothing changes
    nest,       // the handler raises the same exceptions again and again, and never returns
    standstill, // every CPU waits, or jumps to itself, and nothing could end that
    resets,     // the guest resets itself before it gets anywhere
};

// Whether a CPU stands still for ever unless one of these interrupts comes.
struct Standstill {
    bool still = false;
    bool timer = false;
    bool other_cpu = false;
    bool device = false;
};

struct StuckQuestion {
    StuckKind kind = StuckKind::row;
    std::span<const ExceptionRecord> exceptions; // oldest first
    const AddressSpace& memory;
    std::function<std::string(u64)> place; // an address of code in words: "0x80000004 (main+0x4)"
};

struct StuckAnswer {
    std::string sentence; // names the cause; without the CPU's name and a full stop
    std::vector<std::string> lines;
};

} // namespace orrery
