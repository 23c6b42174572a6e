#include "machine/fabric/state_visitor.hpp"

#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

enum class Phase : u8 { idle, busy };

struct Inner {
    u16 half = 0;
    bool flag = false;
    bool operator==(const Inner&) const = default;
    static constexpr void fields(auto& s, auto&& f) {
        f("half", s.half);
        f("flag", s.flag);
    }
};

struct Outer {
    u64 wide = 0;
    i32 negative = 0;
    Phase phase = Phase::idle;
    std::array<u32, 2> words{};
    std::array<Inner, 2> inner{};
    BoundedVector<u8, 4> queue;
    BoundedVector<Inner, 2> parts;
    bool operator==(const Outer&) const = default;
    static constexpr void fields(auto& s, auto&& f) {
        f("wide", s.wide);
        f("negative", s.negative);
        f("phase", s.phase);
        f("words", s.words);
        f("inner", s.inner);
        f("queue", s.queue);
        f("parts", s.parts);
    }
};

Outer sample() {
    Outer s;
    s.wide = 0x1122'3344'5566'7788;
    s.negative = -2;
    s.phase = Phase::busy;
    s.words = {1, 2};
    s.inner[1] = {7, true};
    s.queue = {9, 8, 7};
    s.parts.push_back({5, true});
    return s;
}

std::vector<u8> save(Outer& state) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    visit_fields(visitor, state);
    return bytes;
}

// The bytes before the queue's length.
constexpr std::size_t queue_offset = 8 + 4 + 1 + 8 + 2 * 3;

} // namespace

TEST_CASE("a restored state is the saved one, and saves to the same bytes") {
    Outer original = sample(), copy;
    const std::vector<u8> bytes = save(original);
    CHECK(bytes.size() == queue_offset + 8 + 3 + 8 + 3);
    CHECK(bytes[0] == 0x88); // little-endian
    RestoreVisitor visitor(bytes);
    visit_fields(visitor, copy);
    CHECK_FALSE(visitor.failed());
    CHECK(visitor.at_end());
    CHECK(copy == original);
    CHECK(save(copy) == bytes);
}

TEST_CASE("an input that ends early fails wherever it ends") {
    Outer original = sample();
    const std::vector<u8> bytes = save(original);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Outer state;
        RestoreVisitor visitor{std::span(bytes).first(size)};
        visit_fields(visitor, state);
        INFO(size);
        REQUIRE(visitor.failed());
    }
}

TEST_CASE("what follows a failure stays as it was") {
    Outer original = sample(), state;
    state.words = {77, 78};
    const std::vector<u8> bytes = save(original);
    RestoreVisitor visitor{std::span(bytes).first(9)};
    visit_fields(visitor, state);
    CHECK(state.wide == original.wide);
    CHECK(state.negative == 0);
    CHECK(state.words == std::array<u32, 2>{77, 78});
}

TEST_CASE("a sequence can't be restored longer than its limit") {
    Outer original = sample(), state;
    std::vector<u8> bytes = save(original);
    bytes[queue_offset] = 5;
    bytes.insert(bytes.end(), 100, 0);
    RestoreVisitor visitor(bytes);
    visit_fields(visitor, state);
    CHECK(visitor.failed());
    CHECK(state.queue.empty());
    bytes[queue_offset + 7] = 0xff; // a length that no memory could hold
    RestoreVisitor again(bytes);
    visit_fields(again, state);
    CHECK(again.failed());
    CHECK(state.queue.empty());
}

TEST_CASE("a longer state becomes shorter when a shorter one is restored") {
    Outer original, state = sample();
    const std::vector<u8> bytes = save(original);
    RestoreVisitor from_bytes(bytes);
    visit_fields(from_bytes, state);
    CHECK_FALSE(from_bytes.failed());
    CHECK(state == original);
}

TEST_CASE("any byte but zero restores as true, so that no bool holds another value") {
    const std::array<u8, 3> bytes{1, 0, 0xff};
    Inner inner;
    RestoreVisitor visitor(bytes);
    visit_fields(visitor, inner);
    CHECK(inner.flag);
    std::vector<u8> saved;
    SaveVisitor save_visitor(saved);
    visit_fields(save_visitor, inner);
    CHECK(saved == std::vector<u8>{1, 0, 1});
}

TEST_CASE("inspection names every value by its path, with type and number") {
    Outer state = sample();
    InspectVisitor visitor("box");
    visit_fields(visitor, state);
    const auto line = [&](std::string_view path) {
        for (const StateLine& each : visitor.lines())
            if (each.path == path) return fmt::format("{} x{} {}", name(each.type), each.count, each.value);
        return std::string("none");
    };
    CHECK(line("box.wide") == "u64 x1 0x1122334455667788");
    CHECK(line("box.negative") == "i32 x1 0xfffffffe");
    CHECK(line("box.phase") == "u8 x1 0x1");
    CHECK(line("box.words") == "u32 x2 0x1 0x2");
    CHECK(line("box.inner[1].half") == "u16 x1 0x7");
    CHECK(line("box.inner[1].flag") == "bool x1 0x1");
    CHECK(line("box.queue.length") == "u64 x1 0x3");
    CHECK(line("box.queue") == "u8 x3 0x9 0x8 0x7");
    CHECK(line("box.parts[0].half") == "u16 x1 0x5");
    CHECK(visitor.lines().size() == 4 + 4 + 2 + 3);
}
