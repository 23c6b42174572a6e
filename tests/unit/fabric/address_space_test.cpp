#include "machine/fabric/address_space.hpp"

#include <numeric>

#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

// Registers that hold what was written, and remember each access.
class Registers final : public IoHandler {
public:
    struct Access {
        char kind;
        u64 offset;
        u64 value;
        Width width;
        bool operator==(const Access&) const = default;
    };
    explicit Registers(MachineLock& lock, Widths widths = {}) : lock_(lock), widths_(widths) {}
    [[nodiscard]] Widths widths() const override { return widths_; }
    u64 read(u64 offset, Width width) override {
        locked = locked && lock_.held_by_this_thread();
        accesses.push_back({'r', offset, 0, width});
        return 0xffff'ffff'ffff'ff00 + offset; // more than asked for: the bus cuts it
    }
    void write(u64 offset, u64 value, Width width) override {
        locked = locked && lock_.held_by_this_thread();
        accesses.push_back({'w', offset, value, width});
    }
    std::vector<Access> accesses;
    bool locked = true;

private:
    MachineLock& lock_;
    Widths widths_;
};

class Listener final : public MemoryListener {
public:
    void mapping_changed() override { ++changes; }
    void tracked_page_written(Ram&, u64 offset, u64 size_bytes) override { written.push_back({offset, size_bytes}); }
    u32 changes = 0;
    std::vector<std::pair<u64, u64>> written;
};

struct Bus {
    MachineLock lock;
    AddressSpace space{"memory", lock};
    Registers device{lock};
    std::unique_ptr<Ram> ram = Ram::create("ram", 4 * page_size).value();
    static constexpr GuestPhysical ram_base{0x8000'0000}, device_base{0x1000};

    Bus() {
        REQUIRE(space.map({ram_base, ram->size_bytes(), ram.get(), 0, false, nullptr, "ram"}));
        REQUIRE(space.map({device_base, 0x100, nullptr, 0, false, &device, "device"}));
    }
    std::string problem(Window window) {
        const Status status = space.map(std::move(window));
        return status ? "" : status.error().message();
    }
};

} // namespace

TEST_CASE("an address belongs to the window that holds it, or to none") {
    Bus bus;
    const auto name = [&](u64 address) {
        const Window* window = bus.space.view()->find({address});
        return window ? window->name : "";
    };
    CHECK(name(0xfff).empty());
    CHECK(name(0x1000) == "device");
    CHECK(name(0x10ff) == "device");
    CHECK(name(0x1100).empty());
    CHECK(name(0x8000'3fff) == "ram");
    CHECK(name(0x8000'4000).empty());
    CHECK(name(~u64{0}).empty());
}

TEST_CASE("windows may touch but not overlap, and must be possible") {
    Bus bus;
    CHECK(bus.problem({{0xf00}, 0x100, nullptr, 0, false, &bus.device, "below"}).empty());
    CHECK(bus.problem({{0x1100}, 0x100, nullptr, 0, false, &bus.device, "above"}).empty());
    CHECK(bus.problem({{0x10ff}, 1, nullptr, 0, false, &bus.device, "inside"}) ==
          "memory: window 'inside' at 0x10ff overlaps 'device' at 0x1000");
    CHECK(bus.problem({{0x0}, ~u64{0}, nullptr, 0, false, &bus.device, "around"}).find("overlaps") !=
          std::string::npos);
    CHECK(bus.problem({{0x5000}, 0, nullptr, 0, false, &bus.device, "empty"}).find("impossible") != std::string::npos);
    CHECK(bus.problem({{~u64{0}}, 2, nullptr, 0, false, &bus.device, "round"}).find("impossible") != std::string::npos);
    CHECK(bus.problem({{0x5000}, 2 * page_size, bus.ram.get(), 3 * page_size, false, nullptr, "long"}) ==
          "memory: window 'long' reaches beyond its memory");
    CHECK(bus.problem({{~u64{0}}, 1, nullptr, 0, false, &bus.device, "last byte"}).empty());
}

TEST_CASE("an unmapped window answers nothing, and its place is free again") {
    Bus bus;
    bus.space.unmap(Bus::device_base);
    CHECK_FALSE(bus.space.read(Bus::device_base, Width::word));
    CHECK_FALSE(bus.space.write(Bus::device_base, 0, Width::word));
    CHECK(bus.problem({Bus::device_base, 0x1000, nullptr, 0, false, &bus.device, "again"}).empty());
}

TEST_CASE("a device is accessed under the machine lock, with its offset and no more bits than asked for") {
    Bus bus;
    CHECK(bus.space.read({0x1010}, Width::byte) == 0x10);
    CHECK(bus.space.read({0x1014}, Width::word) == 0xffff'ff14);
    CHECK(bus.space.write({0x1012}, 0x12345, Width::half));
    using Access = Registers::Access;
    CHECK(bus.device.accesses == std::vector<Access>{{'r', 0x10, 0, Width::byte},
                                                     {'r', 0x14, 0, Width::word},
                                                     {'w', 0x12, 0x2345, Width::half}});
    CHECK(bus.device.locked);
    CHECK_FALSE(bus.lock.held_by_this_thread());
}

TEST_CASE("an access wider than the device's widest is split, lowest address first") {
    Bus bus;
    Registers narrow(bus.lock, {Width::byte, Width::half});
    REQUIRE(bus.space.map({{0x2000}, 0x10, nullptr, 0, false, &narrow, "narrow"}));
    CHECK(bus.space.read({0x2008}, Width::dword) == 0xff0e'ff0c'ff0a'ff08);
    CHECK(bus.space.write({0x2004}, 0x1122'3344, Width::word));
    using Access = Registers::Access;
    CHECK(narrow.accesses == std::vector<Access>{{'r', 8, 0, Width::half},
                                                 {'r', 10, 0, Width::half},
                                                 {'r', 12, 0, Width::half},
                                                 {'r', 14, 0, Width::half},
                                                 {'w', 4, 0x3344, Width::half},
                                                 {'w', 6, 0x1122, Width::half}});
}

TEST_CASE("an access that is misaligned, too narrow or crosses the window's end never reaches a device") {
    Bus bus;
    Registers words(bus.lock, {Width::word, Width::word});
    REQUIRE(bus.space.map({{0x2000}, 0xc, nullptr, 0, false, &words, "words"}));
    CHECK_FALSE(bus.space.read({0x2002}, Width::word));
    CHECK_FALSE(bus.space.write({0x2002}, 0, Width::word));
    CHECK_FALSE(bus.space.read({0x2000}, Width::byte));
    CHECK_FALSE(bus.space.write({0x2000}, 0, Width::half));
    CHECK_FALSE(bus.space.read({0x2008}, Width::dword));
    CHECK_FALSE(bus.space.write({0x2008}, 0, Width::dword));
    CHECK(words.accesses.empty());
}

TEST_CASE("RAM reads back what was written, and takes DMA of any length and alignment") {
    Bus bus;
    CHECK(bus.space.write({0x8000'0010}, 0x1122'3344'5566'7788, Width::dword));
    CHECK(bus.space.read({0x8000'0012}, Width::half) == 0x5566);
    std::vector<u8> out(5000), back(5000);
    std::iota(out.begin(), out.end(), u8{0});
    REQUIRE(bus.space.write_memory({0x8000'0fff}, out));
    REQUIRE(bus.space.read_memory({0x8000'0fff}, back));
    CHECK(back == out);
}

TEST_CASE("DMA reaches neither devices nor beyond RAM, but crosses from one RAM window to the next") {
    Bus bus;
    std::array<u8, 32> bytes{};
    CHECK_FALSE(bus.space.read_memory(Bus::device_base, bytes));
    CHECK_FALSE(bus.space.write_memory({0x8000'3ff0}, bytes));
    CHECK(bus.device.accesses.empty());
    const auto more = Ram::create("more", page_size).value();
    REQUIRE(bus.space.map({{0x8000'4000}, page_size, more.get(), 0, false, nullptr, "more"}));
    bytes.fill(7);
    CHECK(bus.space.write_memory({0x8000'3ff0}, bytes));
    CHECK(bus.ram->bytes()[0x3fff] == 7);
    CHECK(more->bytes()[15] == 7);
    CHECK(more->bytes()[16] == 0);
}

TEST_CASE("a ROM takes no stores but its loader's; with a device behind it, stores go there") {
    Bus bus;
    const auto rom = Ram::create("rom", page_size).value();
    REQUIRE(bus.space.map({{0x0}, 0x1000, rom.get(), 0, true, nullptr, "rom"}));
    const std::array<u8, 4> image{1, 2, 3, 4};
    CHECK_FALSE(bus.space.write_memory({0x0}, image));
    CHECK(bus.space.write_memory({0x0}, image, true));
    CHECK(bus.space.write({0x0}, 0, Width::word));
    CHECK(bus.space.read({0x0}, Width::word) == 0x0403'0201);
    CHECK(bus.space.memory({0x0}, 4, true).empty());
    REQUIRE(bus.space.remap({{0x0}, 0x1000, rom.get(), 0, true, &bus.device, "flash"}));
    CHECK(bus.space.write({0x8}, 0x98, Width::byte));
    CHECK(bus.device.accesses.back() == Registers::Access{'w', 8, 0x98, Width::byte});
    CHECK(bus.space.read({0x0}, Width::word) == 0x0403'0201);
    CHECK_FALSE(bus.space.remap({{0x0}, 0x800, rom.get(), 0, true, nullptr, "shorter"}));
}

TEST_CASE("a window that is neither memory nor device reads as zero and swallows stores") {
    Bus bus;
    REQUIRE(bus.space.map({{0x4000}, 0x10, nullptr, 0, false, nullptr, "nothing"}));
    CHECK(bus.space.read({0x4000}, Width::dword) == 0);
    CHECK(bus.space.write({0x4000}, 1, Width::dword));
}

TEST_CASE("a reader follows changes, and what it has found stays valid until it looks again") {
    Bus bus;
    AddressSpace::Reader reader(bus.space);
    const Window* device = reader.find(Bus::device_base);
    REQUIRE(device);
    bus.space.unmap(Bus::device_base);
    CHECK(device->name == "device");
    CHECK_FALSE(reader.find(Bus::device_base));
    CHECK(reader.find(Bus::ram_base));
}

TEST_CASE("listeners hear of every change of the windows, until they are removed") {
    Bus bus;
    Listener listener;
    bus.space.add_listener(listener);
    bus.space.unmap(Bus::device_base);
    bus.space.unmap(Bus::device_base); // nothing is there any more
    CHECK(listener.changes == 1);
    REQUIRE(bus.space.map({Bus::device_base, 0x10, nullptr, 0, false, &bus.device, "device"}));
    CHECK(listener.changes == 2);
    bus.space.remove_listener(listener);
    bus.space.unmap(Bus::device_base);
    CHECK(listener.changes == 2);
}

TEST_CASE("stores to tracked pages are reported, page by page, and others are not") {
    Bus bus;
    Listener listener;
    bus.space.add_listener(listener);
    for (const u64 page : {u64{1}, u64{2}}) bus.ram->flags(page * page_size) = static_cast<u8>(PageFlag::tracked);
    const std::vector<u8> bytes(2 * page_size);
    bus.space.write({0x8000'0ff8}, 0, Width::dword);
    CHECK(listener.written.empty());
    bus.space.write({0x8000'1000}, 0, Width::dword);
    REQUIRE(bus.space.write_memory({0x8000'0800}, bytes));
    bus.space.memory_written({0x8000'2ff0}, 0x1000);
    using Writes = std::vector<std::pair<u64, u64>>;
    CHECK(listener.written == Writes{{0x1000, 8}, {0x1000, 0x1000}, {0x2000, 0x800}, {0x2ff0, 0x10}});
}
