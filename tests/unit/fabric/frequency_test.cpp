#include "machine/fabric/frequency.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

TEST_CASE("ticks round down and the time of a tick is the first nanosecond at which it has passed") {
    const Frequency pit(1'193'182);
    for (const u64 tick : {u64{1}, u64{2}, u64{1'193'181}, u64{1'193'183}, u64{1} << 50}) {
        const u64 at = pit.ns_at(tick);
        REQUIRE(pit.ticks(at) == tick);
        REQUIRE(pit.ticks(at - 1) == tick - 1);
    }
    REQUIRE(pit.ticks(3'600'000'000'000) == u64{3600} * 1'193'182);
}

TEST_CASE("a tick beyond the end of virtual time never comes") {
    const Frequency slow(1000);
    REQUIRE(slow.ns_at(~u64{0}) == never_ns);
    REQUIRE(slow.ns_after(~u64{0} - 5, 6) == never_ns);
    REQUIRE(slow.ns_after(7, 1) == 8'000'000);
}
