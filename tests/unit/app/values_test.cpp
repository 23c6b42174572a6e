#include "app/values.hpp"

#include "app/run_options.hpp"
#include "app/unknown_option.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::app;

TEST_CASE("sizes are read with every suffix") {
    CHECK(*parse_size("65536") == 65536);
    CHECK(*parse_size("4k") == 4 * KiB);
    CHECK(*parse_size("512M") == 512 * MiB);
    CHECK(*parse_size("512MiB") == 512 * MiB);
    CHECK(*parse_size("8G") == 8 * GiB);
    CHECK(*parse_size("2TiB") == 2048 * GiB);
}

TEST_CASE("what is no size is refused") {
    for (const char* text : {"", "M", "-1G", "1.5G", "1X", "1GB", "1 G", "0x10M", "16777216T", "99999999999999999999"})
        CHECK_FALSE(parse_size(text));
}

TEST_CASE("sizes are written with the largest unit that fits") {
    CHECK(size_text(1 * GiB) == "1 GiB");
    CHECK(size_text(1536 * MiB) == "1536 MiB");
    CHECK(size_text(12) == "12 bytes");
    CHECK(size_text(0) == "0 bytes");
}

TEST_CASE("numbers are checked against their range") {
    CHECK(*parse_number("8", 1, 8) == 8);
    CHECK(*parse_number("0x10", 0, 100) == 16);
    CHECK(parse_number("9", 1, 8).error().message() == "9 is out of range; it must be 1 to 8");
    CHECK(parse_number("99999999999999999999", 0, ~u64{0}).error().message().find("out of range") != std::string::npos);
    for (const char* text : {"", "two", "-1", "1.5", "1 ", "0x"}) CHECK_FALSE(parse_number(text, 0, 100));
}

TEST_CASE("seconds may have a fraction") {
    CHECK(*parse_seconds("30") == 30'000'000'000);
    CHECK(*parse_seconds("0.5") == 500'000'000);
    for (const char* text : {"", "0", "-1", "nan", "inf", "1e300", "1s", "9999999999"})
        CHECK_FALSE(parse_seconds(text));
}

TEST_CASE("the nearest name is found, and none if all are far") {
    const std::vector<std::string> known{"--memory", "--kernel", "--cpus"};
    CHECK(nearest("--memry", known) == "--memory");
    CHECK(nearest("--kernal", known) == "--kernel");
    CHECK(nearest("--frobnicate", known).empty());
    CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the default options want something to run, and give one hart and 1 GiB") {
    RunArguments arguments;
    CHECK(plan_run(arguments).error().message().starts_with("there is nothing to run"));
    arguments.kernel = "vmlinuz";
    const auto plan = plan_run(arguments);
    REQUIRE(plan);
    CHECK(plan->board.cpus == 1);
    CHECK(plan->board.memory_bytes == 1 * GiB);
    CHECK(plan->board.kernel == "vmlinuz");
    CHECK_FALSE(plan->board.bios);
}
