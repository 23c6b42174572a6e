// A PC's firmware, and where it keeps its variables: a ROM with --bios's file or our own BIOS, which ends at 4 GiB, and
// below it the banks of --flash. The first bank is where the ROM would be if there is none.
#pragma once

#include "machine/boards/board.hpp"

namespace orrery::pc {

// Whether the options name firmware instead of our own.
[[nodiscard]] bool has_foreign_firmware(const BoardOptions& options);

// `low` is the ROM from C0000h to 1 MiB, where the last of the firmware is seen again.
Status add_firmware(Machine& machine, const BoardOptions& options, Ram& low);

} // namespace orrery::pc
