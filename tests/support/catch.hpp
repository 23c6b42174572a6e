// Catch2, whichever of its two major versions the system has.
#pragma once

#if ORRERY_CATCH2_VERSION >= 3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>

namespace Catch::Matchers {
// As the later version calls it.
inline auto ContainsSubstring(const std::string& text) { return Contains(text); }
} // namespace Catch::Matchers
#endif
