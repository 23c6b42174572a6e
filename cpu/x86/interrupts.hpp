// Interrupts and exceptions on their way to the guest's handler (SDM 3A chapter 6, and 8.2 of volume 3A for tasks):
// through the real mode's vectors, the protected mode's gates and 64-bit mode's gates.
#pragma once

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

enum class EventKind : u8 {
    exception,
    external,            // INTR and NMI
    software,            // int n: the gate must be open to the running privilege
    software_exception,  // int3 and into: the same
    privileged_software, // int1: no gate is closed to it
};

struct Event {
    EventKind kind = EventKind::exception;
    u8 vector = 0;
    std::optional<u32> error_code{};
    // Where the handler returns to. For exceptions that are faults the instruction itself.
    u64 return_rip = 0;
    bool general_detect = false; // the one debug exception that is a fault, but for breakpoints on instructions
};

// Whether the IDT may hold it.
bool is_interrupt_gate(SystemType type, bool long_mode);

// Enters the handler, or says what fault came up on the way; then nothing but memory has changed.
Faulting<void> deliver(Core& core, const Event& event);

// Exceptions that weren't delivered, and the faults that came up instead, in their order: for diagnosis.
struct RefusedFaults {
    struct Attempt {
        Fault attempted;
        Fault answer;
    };
    std::array<Attempt, 8> attempts{}; // table 6-5 allows no longer chain
    u32 count = 0;
    void add(Fault attempted, Fault answer) {
        if (count < attempts.size()) attempts[count++] = {attempted, answer};
    }
    [[nodiscard]] std::span<const Attempt> all() const { return std::span(attempts).first(count); }
};

// An exception of the instruction at RIP: what becomes of it when its delivery faults (SDM 3A table 6-5). False: the
// CPU shuts down, the third fault in a row, and `refused` tells how it came to that.
bool raise_exception(Core& core, Fault fault, RefusedFaults& refused);

} // namespace orrery::x86
