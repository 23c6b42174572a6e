// The XML that a client learns from what it talks to: registers, memory, threads ("Target Descriptions", "Memory Map
// Format" and "Thread List Format" in gdb's manual).
#pragma once

#include <span>
#include <string>

#include "app/debug/target.hpp"

namespace orrery::app::gdb {

[[nodiscard]] std::string xml_text(std::string_view text);
// Who says what the guest's architecture is: we, or the debugger by its file and its user's `set architecture`.
enum class ArchitectureBy : u8 { machine, debugger };
[[nodiscard]] std::string target_xml(const DebugView& view, ArchitectureBy by = ArchitectureBy::machine);
// gdb refuses to touch what a map doesn't name, and debuggers name virtual addresses here: so the map covers all
// addresses, and says RAM everywhere.
[[nodiscard]] std::string memory_map_xml(std::span<const MemoryRegion> regions, u32 address_bits);
// "hart0: S-mode"
[[nodiscard]] std::string thread_description(DebugTarget& target, u32 cpu);
[[nodiscard]] std::string threads_xml(DebugTarget& target);

} // namespace orrery::app::gdb
