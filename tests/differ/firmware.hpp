// The ROM of the differ's machine: see layout.hpp. Position of each routine is fixed there.
#pragma once

#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::test::differ {

// The bytes of the ROM's first page.
std::vector<u8> firmware();

} // namespace orrery::test::differ
