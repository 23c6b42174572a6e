// Descriptors, gates, selectors and error codes in words (SDM 3A 3.4.5, 3.5, 6.11 and 6.13), for debuggers and
// diagnosis.
#pragma once

#include <string>

#include "cpu/x86/core.hpp"

namespace orrery::x86 {

// "code of 64 bits, readable, DPL 0, base 0, limit 0xffffffff". `upper` is the second half that system descriptors and
// gates have in long mode, where `long_mode` is set.
std::string descriptor_words(const Descriptor& descriptor, u64 upper, bool long_mode);

// "interrupt gate": of a system descriptor by its type.
std::string system_type_words(SystemType type, bool long_mode);

// "code of 32 bits, readable": what kind of segment it is, without place and rights.
std::string segment_kind_words(u16 rights);

// "GDT entry 2 (selector 0x10)".
std::string selector_words(u16 selector);

// Of the exceptions whose error code names a descriptor: "IDT entry 14, while an event was delivered".
std::string selector_error_words(u32 error_code);

} // namespace orrery::x86
