// What every plan to start an x86 kernel must keep to.
#pragma once

#include <span>
#include <string>

#include "machine/loader/x86_boot.hpp"

namespace orrery::test {

// A PC with 64 MiB, as its firmware would describe it.
X86BootRequest small_pc(std::vector<u8> kernel);

X86BootPlan planned(X86BootRequest request);
// What the user reads behind the kernel's name.
std::string refusal(X86BootRequest request);

// All segments lie in the request's RAM and none in another, no segment has more bytes than memory, and the
// descriptors, and the page tables in long mode, are in place.
void check_plan(const X86BootPlan& plan, const X86BootRequest& request);

// The bytes of the segment that begins at `address`; empty if there is none.
std::span<const u8> bytes_at(const X86BootPlan& plan, u64 address);

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace orrery::test
