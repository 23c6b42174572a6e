#include "jit/baseline/host_features.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

using orrery::x64::HostFeatures;

// The kernel asks CPUID on its own, and hides what it does not support.
TEST_CASE("the host's features are those that the kernel lists") {
    std::ifstream file("/proc/cpuinfo");
    std::string line;
    while (std::getline(file, line) && !line.starts_with("flags")) {
    }
    REQUIRE(line.starts_with("flags"));
    std::istringstream words(line);
    const std::set<std::string> flags{std::istream_iterator<std::string>(words), {}};

    const HostFeatures features = HostFeatures::probe();
    CHECK(features.sse4_1 == flags.contains("sse4_1"));
    CHECK(features.popcnt == flags.contains("popcnt"));
    CHECK(features.lzcnt == flags.contains("abm"));
    CHECK(features.movbe == flags.contains("movbe"));
    CHECK(features.cmpxchg16b == flags.contains("cx16"));
    CHECK(features.bmi1 == flags.contains("bmi1"));
    CHECK(features.bmi2 == flags.contains("bmi2"));
    CHECK(features.avx == flags.contains("avx"));
    CHECK(features.avx2 == flags.contains("avx2"));
    CHECK(features.fma == flags.contains("fma"));
    CHECK(features.f16c == flags.contains("f16c"));
}
