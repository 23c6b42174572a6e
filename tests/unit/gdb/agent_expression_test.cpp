#include <map>

#include "app/gdb/agent_expression.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::app::gdb;

namespace {

struct Machine final : AgentMachine {
    std::optional<u64> register_value(u32 number) override {
        const auto found = registers.find(number);
        return found == registers.end() ? std::nullopt : std::optional(found->second);
    }
    bool read_memory(u64 address, std::span<u8> out) override {
        for (std::size_t at = 0; at < out.size(); ++at) out[at] = static_cast<u8>(address + at);
        return address < 0x1000;
    }
    std::map<u32, u64> registers{{10, 42}, {258, 7}};
};

std::optional<u64> value_of(std::initializer_list<u8> code) {
    Machine machine;
    const auto value = evaluate_agent_expression(std::span(code.begin(), code.size()), machine);
    return value ? std::optional(*value) : std::nullopt;
}

std::string error_of(std::vector<u8> code) {
    Machine machine;
    const auto value = evaluate_agent_expression(code, machine);
    return value ? "" : value.error().message();
}

} // namespace

TEST_CASE("gdb's own condition `$a0 == 42` is true of a CPU whose a0 is 42") {
    // reg 10; const8 42; equal; end
    CHECK(value_of({0x26, 0, 10, 0x22, 42, 0x13, 0x27}) == 1);
    CHECK(value_of({0x26, 0, 10, 0x22, 41, 0x13, 0x27}) == 0);
}

TEST_CASE("constants and register numbers are stored most significant byte first") {
    CHECK(value_of({0x23, 0x12, 0x34, 0x27}) == 0x1234);
    CHECK(value_of({0x24, 1, 2, 3, 4, 0x27}) == 0x01020304);
    CHECK(value_of({0x25, 1, 2, 3, 4, 5, 6, 7, 8, 0x27}) == 0x0102030405060708);
    CHECK(value_of({0x26, 1, 2, 0x27}) == 7);
}

TEST_CASE("arithmetic is of 64 bits, with and without a sign") {
    CHECK(value_of({0x22, 7, 0x22, 5, 0x03, 0x27}) == 2);
    CHECK(value_of({0x22, 0xfc, 0x16, 8, 0x22, 2, 0x05, 0x27}) == static_cast<u64>(-2)); // -4 / 2
    CHECK(value_of({0x22, 0xfc, 0x16, 8, 0x22, 1, 0x0a, 0x27}) == static_cast<u64>(-2)); // -4 >> 1
    CHECK(value_of({0x22, 0xfc, 0x16, 8, 0x22, 1, 0x14, 0x27}) == 1);                    // -4 < 1
    CHECK(value_of({0x22, 0xfc, 0x16, 8, 0x22, 1, 0x15, 0x27}) == 0);                    // not without a sign
    CHECK(value_of({0x25, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x16, 8, 0x05, 0x27}) == u64{1} << 63);
    CHECK(value_of({0x22, 1, 0x22, 200, 0x09, 0x27}) == 0);
    CHECK(value_of({0x23, 0x12, 0x34, 0x2a, 8, 0x27}) == 0x34);
}

TEST_CASE("memory is read least significant byte first") {
    CHECK(value_of({0x23, 0x01, 0x00, 0x17, 0x27}) == 0x00);
    CHECK(value_of({0x23, 0x01, 0x04, 0x18, 0x27}) == 0x0504);
    CHECK(value_of({0x23, 0x01, 0x04, 0x19, 0x27}) == 0x07060504);
    CHECK(value_of({0x23, 0x01, 0x04, 0x1a, 0x27}) == 0x0b0a090807060504);
}

TEST_CASE("the stack is rearranged as gdb's manual says") {
    CHECK(value_of({0x22, 1, 0x22, 2, 0x2b, 0x03, 0x27}) == 1);       // swap: 2 - 1
    CHECK(value_of({0x22, 9, 0x28, 0x04, 0x27}) == 81);               // dup
    CHECK(value_of({0x22, 1, 0x22, 2, 0x29, 0x27}) == 1);             // pop
    CHECK(value_of({0x22, 1, 0x22, 2, 0x22, 3, 0x32, 2, 0x27}) == 1); // pick
    CHECK(value_of({0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x27}) == 2);    // rot: 3 1 2
    CHECK(value_of({0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x29, 0x29, 0x27}) == 3);
}

TEST_CASE("branches skip what is between") {
    CHECK(value_of({0x22, 1, 0x20, 0, 8, 0x22, 5, 0x27, 0x22, 6, 0x27}) == 6);
    CHECK(value_of({0x22, 0, 0x20, 0, 8, 0x22, 5, 0x27, 0x22, 6, 0x27}) == 5);
    CHECK(value_of({0x21, 0, 6, 0x22, 5, 0x27, 0x22, 6, 0x27}) == 6);
}

TEST_CASE("what is wrong with an expression is said") {
    CHECK(error_of({}) == "the expression has no end");
    CHECK(error_of({0x27}) == "the expression takes more from its stack than there is");
    CHECK(error_of({0x22}) == "the expression ends within an instruction");
    CHECK(error_of({0x22, 1, 0x22, 0, 0x06, 0x27}) == "the expression divides by zero");
    CHECK(error_of({0x23, 0xff, 0xff, 0x17, 0x27}) == "the expression reads memory at 0xffff, where there is none");
    CHECK(error_of({0x26, 0, 99, 0x27}) == "the expression names register 99, which the CPU doesn't have");
    CHECK(error_of({0x21, 0, 0}).starts_with("the expression has not ended after"));
    CHECK(error_of({0x22, 1, 0x21, 0, 0}).starts_with("the expression needs more than"));
    CHECK(error_of({0x21, 0, 99}) == "the expression branches out of itself");
    CHECK(error_of({0x22, 1, 0x22, 1, 0x0c, 0x27}).find("isn't for conditions") != std::string::npos);
    CHECK(error_of({0x22, 1, 0x16, 65, 0x27}) == "the expression extends from 65 bits");
    CHECK(error_of({0x22, 1, 0x32, 1, 0x27}) == "the expression takes more from its stack than there is");
}
