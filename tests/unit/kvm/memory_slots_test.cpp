// Memory slots follow the address space.
#include "accel/kvm/memory_slots.hpp"

#include <cerrno>

#include "accel/kvm/x86/machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;

namespace {

struct Bus {
    Bus() : machine(create_x86_machine(fake).value()), ram(Ram::create("ram", 16 * page_size).value()) {}
    Window window(u64 base, u64 pages, u64 first_page, bool read_only = false) {
        return {.base = {base},
                .size_bytes = pages * page_size,
                .ram = ram.get(),
                .ram_offset = first_page * page_size,
                .read_only = read_only,
                .name = "window"};
    }
    // Of the slot at an address.
    [[nodiscard]] const kvm_userspace_memory_region* at(u64 address) const {
        for (const auto& [number, slot] : fake.slots)
            if (slot.guest_phys_addr == address) return &slot;
        return nullptr;
    }
    std::function<void(Error)> note() {
        return [this](const Error& why) { failures.push_back(why.message()); };
    }

    FakeKvm fake;
    std::unique_ptr<VirtualMachine> machine;
    MachineLock lock;
    AddressSpace space{"memory", lock};
    std::unique_ptr<Ram> ram;
    std::vector<std::string> failures;
};

struct Nothing final : IoHandler {
    u64 read(u64, Width) override { return 0; }
    void write(u64, u64, Width) override {}
};

} // namespace

TEST_CASE("RAM becomes a slot, ROM one that can't be written, and devices none") {
    Bus bus;
    Nothing device;
    REQUIRE(bus.space.map(bus.window(0, 4, 0)));
    REQUIRE(bus.space.map(bus.window(0x10'0000, 2, 4, true)));
    REQUIRE(bus.space.map({.base = {0x20'0000}, .size_bytes = page_size, .io = &device, .name = "device"}));
    const MemorySlots slots(*bus.machine, bus.space, bus.note());
    CHECK(slots.count() == 2);
    REQUIRE(bus.at(0));
    CHECK(bus.at(0)->flags == 0);
    CHECK(bus.at(0)->memory_size == 4 * page_size);
    CHECK(bus.at(0)->userspace_addr == reinterpret_cast<u64>(bus.ram->host()));
    REQUIRE(bus.at(0x10'0000));
    CHECK(bus.at(0x10'0000)->flags == KVM_MEM_READONLY);
    CHECK(bus.at(0x10'0000)->userspace_addr == reinterpret_cast<u64>(bus.ram->host() + 4 * page_size));
}

TEST_CASE("slots follow what is mapped, taken away and changed while it runs") {
    Bus bus;
    MemorySlots slots(*bus.machine, bus.space, bus.note());
    CHECK(bus.fake.slots.empty());
    REQUIRE(bus.space.map(bus.window(0, 4, 0)));
    REQUIRE(bus.space.map(bus.window(0x10'0000, 2, 4)));
    CHECK(bus.fake.slots.size() == 2);
    const u32 requests = bus.fake.requests[KVM_SET_USER_MEMORY_REGION];
    REQUIRE(bus.space.remap(bus.window(0x10'0000, 2, 4, true)));
    CHECK(bus.at(0x10'0000)->flags == KVM_MEM_READONLY);
    CHECK(bus.fake.requests[KVM_SET_USER_MEMORY_REGION] == requests + 2); // the other one stayed
    bus.space.unmap({0});
    CHECK_FALSE(bus.at(0));
    slots.renew(false);
    CHECK(bus.fake.slots.size() == 1);
    CHECK(bus.failures.empty());
}

TEST_CASE("of a window that isn't whole pages the whole ones are a slot") {
    Bus bus;
    Window window = bus.window(0x800, 2, 0);
    window.ram_offset = 0x800;
    REQUIRE(bus.space.map(window));
    const MemorySlots slots(*bus.machine, bus.space, bus.note());
    REQUIRE(bus.at(0x1000));
    CHECK(bus.at(0x1000)->memory_size == page_size);
    CHECK(bus.at(0x1000)->userspace_addr == reinterpret_cast<u64>(bus.ram->host() + page_size));
}

TEST_CASE("a window whose pages don't lie on the host's is reached by exits") {
    Bus bus;
    Window window = bus.window(0x1000, 2, 0);
    window.ram_offset = 0x800;
    REQUIRE(bus.space.map(window));
    const MemorySlots slots(*bus.machine, bus.space, bus.note());
    CHECK(bus.fake.slots.empty());
}

TEST_CASE("a KVM that has no slot left is a failure with a place") {
    Bus bus;
    bus.fake.most_slots = 1;
    MemorySlots slots(*bus.machine, bus.space, bus.note());
    REQUIRE(bus.space.map(bus.window(0, 1, 0)));
    REQUIRE(bus.space.map(bus.window(0x7000, 1, 1)));
    REQUIRE(bus.failures.size() == 1);
    CHECK_THAT(bus.failures.front(), Catch::Matchers::ContainsSubstring("0x7000"));
}
