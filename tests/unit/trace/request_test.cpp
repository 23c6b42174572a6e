#include "app/trace/request.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::app::trace;

namespace {

std::string refusal(const Arguments& arguments) {
    const auto request = parse_request(arguments);
    return request ? "" : request.error().message();
}

AddressRange range_of(const std::string& text) {
    const auto request = parse_request({.what = {}, .code = {text}, .data = {}, .privileges = {}, .devices = {}});
    REQUIRE(request);
    return request->code.at(0).range;
}

} // namespace

TEST_CASE("ranges are written in three ways") {
    CHECK(range_of("0x1000..0x2000").first == 0x1000);
    CHECK(range_of("0x1000..0x2000").last == 0x1fff);
    CHECK(range_of("0x1000+4K").last == 0x1fff);
    CHECK(range_of("0x1000+0x10").last == 0x100f);
    CHECK(range_of("0x1000").last == 0x1000);
    CHECK(range_of("0xfffffffffffff000+4K").last == ~u64{0});
}

TEST_CASE("without kinds all are meant, and several are written with commas") {
    CHECK(parse_request({})->kinds == 0x1f);
    Arguments two;
    two.what = {"memory,devices"};
    CHECK(parse_request(two)->kinds == 0x0c);
}

TEST_CASE("what can't be understood is said in one sentence that names the option") {
    Arguments arguments;
    arguments.what = {"branch"};
    CHECK(refusal(arguments) ==
          "--trace-what: there is no kind 'branch'; the kinds are instructions, branches, memory, devices, exceptions");
    arguments = {};
    arguments.code = {"0x10..zz"};
    CHECK(refusal(arguments).starts_with("--trace-range: '0x10..zz' is no range of addresses; write it like"));
    arguments.code = {"0x20..0x10"};
    CHECK(refusal(arguments) ==
          "--trace-range: '0x20..0x10' has no addresses in it: its end isn't above its beginning");
    arguments.code = {"0xffffffffffffffff+2"};
    CHECK(refusal(arguments) == "--trace-range: '0xffffffffffffffff+2' doesn't end where addresses do");
    arguments = {};
    arguments.data = {""};
    CHECK(refusal(arguments).starts_with("--trace-data: '' is no range of addresses"));
    arguments = {};
    arguments.devices = {"uart*,"};
    CHECK(refusal(arguments) == "--trace-device: needs a value");
}

TEST_CASE("privileges and symbols are those of the guest") {
    const CpuWords words{.privileges = {"U", "S", "", "M"}, .exceptions = {}, .interrupts = {}};
    Arguments arguments;
    arguments.privileges = {"M,U"};
    CHECK(make_filter(*parse_request(arguments), {}, words)->privileges == 0b1001);
    arguments.privileges = {"X"};
    CHECK(make_filter(*parse_request(arguments), {}, words).error().message() ==
          "--trace-privilege: there is no privilege 'X'; this guest has U, S, M");
    arguments = {};
    arguments.code = {"main"};
    CHECK(make_filter(*parse_request(arguments), {}, words).error().message() ==
          "--trace-range: there is no symbol 'main'; none of the programs is an ELF file with symbols");
}

TEST_CASE("a range holds an access that touches any byte of it") {
    const std::vector<AddressRange> ranges{{0x10, 0x17}};
    CHECK(TraceFilter::touches(ranges, 0x0f, 2));
    CHECK_FALSE(TraceFilter::touches(ranges, 0x0f, 1));
    CHECK(TraceFilter::touches(ranges, 0x17, 8));
    CHECK_FALSE(TraceFilter::touches(ranges, 0x18, 8));
    CHECK(TraceFilter::touches({}, 0, 1));
    CHECK(TraceFilter::touches(std::vector<AddressRange>{{0, ~u64{0}}}, 5, 1));
}
