// Page walks in words: what each entry says, and why an access would fault (SDM 3A 4.6 and 4.7). Changes nothing.
#pragma once

#include <string>

#include "cpu/debug.hpp"
#include "cpu/x86/core.hpp"

namespace orrery::x86 {

// For debuggers: each entry by its fields, then what the supervisor and the user may do with the page.
Walk tell_walk(const Core& core, u64 linear);

// An access, as the page-fault error code tells it.
struct PageAccess {
    MemoryAction action = MemoryAction::read;
    bool user = false;
    bool implicit = false; // by the CPU itself, which EFLAGS.AC doesn't help
};
PageAccess access_of(u32 page_fault_code);

// Why the access is a fault: "P is 0 in the page table's entry"; empty if it is none.
std::string page_refusal(const Core& core, u64 linear, const PageAccess& access);

} // namespace orrery::x86
