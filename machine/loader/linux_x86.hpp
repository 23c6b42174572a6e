// A Linux bzImage, started in its 64-bit entry point or, when it has none, in its 32-bit one (Linux,
// Documentation/arch/x86/boot.rst, protocol 2.06 and later).
#pragma once

#include "machine/loader/x86_boot.hpp"

namespace orrery {

// Several modules become one initrd, one behind the other. Errors complete a sentence that begins with the file's name.
Result<X86BootPlan> plan_linux_x86(X86BootRequest request);

} // namespace orrery
