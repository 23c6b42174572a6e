#include "machine/fabric/result.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return error("{} is odd", value);
    return value / 2;
}

Result<int> quarter(int value) {
    const int once = TRY(half(value));
    return TRY(half(once));
}

} // namespace

TEST_CASE("TRY passes a value through and returns an error to the caller") {
    REQUIRE(quarter(12).value() == 3);
    REQUIRE(quarter(6).error().message() == "3 is odd");
}

TEST_CASE("an error seen from further out names what was attempted") {
    REQUIRE(Error("no such file").in("disk.img").in("--disk").message() == "--disk: disk.img: no such file");
}
