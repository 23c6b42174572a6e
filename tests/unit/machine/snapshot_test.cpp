#include "machine/snapshot.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "machine/state_hash.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/machine/sample_files.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

struct CounterState {
    u32 count = 0;
    BoundedVector<u8, 1000> queue;
    static constexpr void fields(auto& s, auto&& f) {
        f("count", s.count);
        f("queue", s.queue);
    }
};

class Counter final : public Component {
public:
    Counter(std::string name, u32 version) : Component(std::move(name)), version_(version) {}
    std::string_view type() const override { return "counter"; }
    u32 state_version() const override { return version_; }
    void reset() override { s_ = {}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override { ++restored_count; }

    CounterState s_;
    u32 restored_count = 0;

private:
    u32 version_;
};

struct Shape {
    std::vector<std::string> counters{"a", "b"};
    u64 ram_bytes = 8 * MiB;
    u32 version = 1;
};

struct TestMachine {
    explicit TestMachine(const Shape& shape = {}) : machine(*Machine::create({.deterministic = true})) {
        for (const std::string& name : shape.counters)
            counters.push_back(&machine->add(std::make_unique<Counter>(name, shape.version)));
        ram = &machine->add_ram(*Ram::create("ram", shape.ram_bytes));
        second_ram = &machine->add_ram(*Ram::create("rom", 64 * KiB));
    }
    void fill() {
        counters[0]->s_.count = 7;
        counters[0]->s_.queue.assign(300, 9);
        counters[1]->s_.count = 8;
        for (const u64 offset : {u64{0}, u64{4096}, u64{3 * MiB + 5}, ram->size_bytes() - 1})
            ram->host()[offset] = static_cast<u8>(offset + 1);
        second_ram->host()[100] = 0x55;
    }

    std::unique_ptr<Machine> machine;
    std::vector<Counter*> counters;
    Ram* ram;
    Ram* second_ram;
};

std::vector<u8> contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string saved(TestMachine& from, const TemporaryFolder& folder) {
    const std::string path = folder.path() + "/saved";
    REQUIRE(save_snapshot(*from.machine, path));
    return path;
}

// Tries to restore, expects an error with `part` in it and that nothing has changed.
void refuses(TestMachine& machine, const std::string& path, std::string_view part) {
    const u64 before = state_hash(*machine.machine);
    const Status restored = restore_snapshot(*machine.machine, path);
    REQUIRE_FALSE(restored);
    INFO(restored.error().message());
    CHECK(restored.error().message().find(part) != std::string::npos);
    CHECK(restored.error().message().find(path) != std::string::npos);
    CHECK(state_hash(*machine.machine) == before);
    CHECK(machine.counters[0]->restored_count == 0);
}

} // namespace

TEST_CASE("a restored machine has the saved one's state and memory") {
    const TemporaryFolder folder;
    TestMachine first;
    first.fill();
    const std::string path = saved(first, folder);
    TestMachine second;
    second.ram->host()[1 * MiB] = 1; // must be gone afterwards
    REQUIRE(restore_snapshot(*second.machine, path));
    CHECK(second.counters[0]->s_.count == 7);
    CHECK(second.counters[0]->s_.queue.size() == 300);
    CHECK(second.counters[1]->s_.count == 8);
    CHECK(second.counters[1]->restored_count == 1);
    CHECK(std::memcmp(first.ram->host(), second.ram->host(), first.ram->size_bytes()) == 0);
    CHECK(second.second_ram->host()[100] == 0x55);
    CHECK(state_hash(*first.machine) == state_hash(*second.machine));
}

TEST_CASE("save, restore, save gives the same file") {
    const TemporaryFolder folder;
    TestMachine first;
    first.fill();
    const std::string path = saved(first, folder);
    TestMachine second;
    REQUIRE(restore_snapshot(*second.machine, path));
    REQUIRE(save_snapshot(*second.machine, folder.path() + "/again"));
    CHECK(contents(path) == contents(folder.path() + "/again"));
    CHECK_FALSE(std::filesystem::exists(path + ".unfinished"));
}

TEST_CASE("a snapshot holds only memory that was used") {
    const TemporaryFolder folder;
    TestMachine machine({.ram_bytes = 4 * GiB});
    machine.ram->host()[3 * GiB] = 1;
    CHECK(std::filesystem::file_size(saved(machine, folder)) < 4096);
}

TEST_CASE("the hash sees every byte of state and memory, but not whether zeroes were written") {
    TestMachine machine;
    machine.fill();
    const u64 before = state_hash(*machine.machine);
    machine.ram->host()[5 * MiB] = 0;
    CHECK(state_hash(*machine.machine) == before);
    machine.ram->host()[5 * MiB] = 1;
    CHECK(state_hash(*machine.machine) != before);
    machine.ram->host()[5 * MiB] = 0;
    machine.counters[1]->s_.count ^= 1;
    CHECK(state_hash(*machine.machine) != before);
    machine.counters[1]->s_.count ^= 1;
    std::swap(machine.ram->host()[0], machine.ram->host()[4096]);
    machine.ram->host()[1] = 1;
    CHECK(state_hash(*machine.machine) != before);
}

TEST_CASE("a hash of bytes depends on each of them, on their order and on their number") {
    std::vector<u8> bytes(100);
    const u64 zeroes = hash_bytes(bytes, 0);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = 1;
        const u64 here = hash_bytes(bytes, 0);
        CHECK(here != zeroes);
        if (i + 1 < bytes.size()) {
            std::swap(bytes[i], bytes[i + 1]);
            CHECK(hash_bytes(bytes, 0) != here);
            std::swap(bytes[i], bytes[i + 1]);
        }
        bytes[i] = 0;
    }
    CHECK(hash_bytes(std::span(bytes).first(99), 0) != zeroes);
    CHECK(hash_bytes(bytes, 1) != zeroes);
}

TEST_CASE("a snapshot of another machine is refused and names the difference") {
    const TemporaryFolder folder;
    TestMachine machine;
    machine.fill();
    const std::string path = saved(machine, folder);
    TestMachine fewer({.counters = {"a"}});
    refuses(fewer, path, "is of another machine: it has 3 devices, this one has 2");
    TestMachine renamed({.counters = {"a", "c"}});
    refuses(renamed, path, "it has b (counter) where this one has c (counter)");
    TestMachine smaller({.ram_bytes = 4 * MiB});
    refuses(smaller, path, "its memory 'ram' has 8388608 bytes");
    TestMachine newer({.version = 2});
    refuses(newer, path, "has version 1 of a's state, but this orrery has version 2");
}

TEST_CASE("what is no snapshot, or one of another format, is refused") {
    const TemporaryFolder folder;
    TestMachine machine;
    refuses(machine, folder.path() + "/none", "can't be opened");
    refuses(machine, folder.path(), "is not a file");
    refuses(machine, folder.file("text", {'h', 'e', 'l', 'l', 'o'}), "is no snapshot");
    refuses(machine, folder.file("empty", {}), "is no snapshot");
    std::vector<u8> bytes = contents(saved(machine, folder));
    bytes[8] = 99;
    refuses(machine, folder.file("newer", bytes), "has format 99, but this orrery reads format 1");
}

TEST_CASE("a snapshot cut short anywhere is refused, and the machine stays as it was") {
    const TemporaryFolder folder;
    TestMachine machine;
    machine.fill();
    const std::vector<u8> whole = contents(saved(machine, folder));
    TestMachine target;
    for (std::size_t size = 8; size < whole.size(); size += 3)
        refuses(target, folder.file("cut", {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}),
                "is damaged");
    CHECK(restore_snapshot(*target.machine, folder.file("whole", whole)));
}

// Some bits of packed data mean nothing; then the restored state must be the saved one.
TEST_CASE("a snapshot with any byte changed is refused, or restored to what was saved") {
    const TemporaryFolder folder;
    TestMachine machine;
    machine.fill();
    const std::vector<u8> whole = contents(saved(machine, folder));
    TestMachine target;
    REQUIRE(save_snapshot(*target.machine, folder.path() + "/fresh"));
    const std::vector<u8> fresh = contents(folder.path() + "/fresh");
    const u64 untouched = state_hash(*target.machine);
    u64 refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const u8 bit : {u8{0x04}, u8{0x80}}) {
            std::vector<u8> changed = whole;
            changed[at] ^= bit;
            const Status restored = restore_snapshot(*target.machine, folder.file("changed", changed));
            INFO("bit " << int{bit} << " of byte " << at);
            CHECK(state_hash(*target.machine) == (restored ? state_hash(*machine.machine) : untouched));
            if (restored) REQUIRE(restore_snapshot(*target.machine, folder.file("fresh", fresh)));
            refused += !restored;
        }
    }
    CHECK(refused > whole.size() * 3 / 2);
}

TEST_CASE("a snapshot that can't be written says why and leaves the old one") {
    const TemporaryFolder folder;
    TestMachine machine;
    const Status saved_nowhere = save_snapshot(*machine.machine, folder.path() + "/none/saved");
    REQUIRE_FALSE(saved_nowhere);
    CHECK(saved_nowhere.error().message().find("can't be written: No such file") != std::string::npos);
}
