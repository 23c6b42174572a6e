// Why an exception didn't reach its handler, in words: the same way as deliver() (interrupts.hpp), but it changes
// nothing and stops at what is wrong.
#pragma once

#include <string>
#include <vector>

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

struct RefusedDelivery {
    std::string reason;             // "its gate, IDT entry 14, isn't present"
    std::vector<std::string> lines; // what was looked at on the way: entries of tables, page walks
};

// `attempted` is the exception, `answer` the fault that its delivery gave, the CPU's state that of the moment.
RefusedDelivery why_refused(const Core& core, Fault attempted, Fault answer);

// "#PF page fault, write by the supervisor of a page that isn't present, at 0x1000"
std::string fault_words(Fault fault);
// "#PF"; of vectors without a mnemonic their number.
std::string vector_words(u8 vector);

// A walk's steps as lines, each with `indent` before it.
void add_walk_lines(const Core& core, u64 linear, std::string_view indent, std::vector<std::string>& lines);

} // namespace orrery::x86
