#include "machine/fabric/irq.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

TEST_CASE("a line drives its pin of its sink") {
    test::FakeIrqSink sink;
    const IrqLine third(sink, 3), fifth(sink, 5);
    CHECK(third.connected());
    third.set(true);
    CHECK(sink.level(3));
    CHECK_FALSE(sink.level(5));
    fifth.set(true);
    third.set(false);
    CHECK_FALSE(sink.level(3));
    CHECK(sink.level(5));
}

TEST_CASE("a line that leads nowhere may be set") {
    const IrqLine nowhere;
    CHECK_FALSE(nowhere.connected());
    nowhere.set(true);
}
