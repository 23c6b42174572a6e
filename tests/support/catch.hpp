// Catch2, whichever of its two major versions the system has.
#pragma once

#if ORRERY_CATCH2_VERSION >= 3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
