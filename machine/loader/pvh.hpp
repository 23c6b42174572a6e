// Kernels with an entry point for PVH, such as Linux's vmlinux (Xen, docs/misc/pvh.pandoc and
// xen/include/public/arch-x86/hvm/start_info.h).
#pragma once

#include "machine/loader/x86_boot.hpp"

namespace orrery {

bool has_pvh_entry(std::span<const u8> file);

// Errors complete a sentence that begins with the file's name.
Result<X86BootPlan> plan_pvh(X86BootRequest request, u64 limit_bytes);

} // namespace orrery
