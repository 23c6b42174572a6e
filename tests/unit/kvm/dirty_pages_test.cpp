// What guests on KVM have stored to becomes known, in each way that KVM has of saying it.
#include "accel/kvm/dirty_pages.hpp"

#include <cerrno>
#include <set>

#include "accel/kvm/x86/machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_kvm.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr u64 ram_pages = 200, rom_base = 0x1000'0000;
constexpr DirtyTracking ways[] = {DirtyTracking::ring, DirtyTracking::cleared_log, DirtyTracking::log};

using Pages = std::set<u64>;
using Capabilities = std::map<long, int>;
constexpr long ring = KVM_CAP_DIRTY_LOG_RING, newer_ring = KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
               clearing = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2;
constexpr int most_ring_bytes = 1 << 20;

// A machine of RAM at 0, ROM, and vCPUs on a scripted KVM. Every page is tracked, so all that is told is noted.
class Guest final : public MemoryListener {
public:
    explicit Guest(DirtyTracking wanted, u32 vcpus = 1, Capabilities capabilities = {{newer_ring, most_ring_bytes}})
        : fake(std::move(capabilities)), machine(create_x86_machine(fake).value()),
          way(DirtyPages::enable(*machine, wanted).value()), pages(*machine, slots, space, way) {
        for (u32 id = 0; id < vcpus; ++id) pages.add(*vcpus_.emplace_back(machine->create_vcpu(id).value()));
        space.add_listener(*this);
        const bool mapped =
            space.map({.base = {0}, .size_bytes = ram_pages * page_size, .ram = ram.get(), .name = "ram"}) &&
            space.map(
                {.base = {rom_base}, .size_bytes = page_size, .ram = rom.get(), .read_only = true, .name = "rom"});
        REQUIRE(mapped);
        track();
    }
    ~Guest() override { space.remove_listener(*this); }

    void mapping_changed() override {}
    void tracked_page_written(Ram& where, u64 offset, u64 size_bytes) override {
        CHECK(&where == ram.get());
        CHECK(size_bytes == page_size);
        told_.insert(offset / page_size);
        protections_before_told = fake.requests[protects()];
    }
    // The request by which KVM hears of a page's next store again.
    [[nodiscard]] unsigned long protects() const {
        return way == DirtyTracking::ring          ? KVM_RESET_DIRTY_RINGS
               : way == DirtyTracking::cleared_log ? KVM_CLEAR_DIRTY_LOG
                                                   : KVM_GET_DIRTY_LOG;
    }
    void track() {
        for (u64 page = 0; page < ram_pages; ++page) ram->flags(page * page_size) = static_cast<u8>(PageFlag::tracked);
    }
    // As a CPU that is on KVM and then runs translated code, after the vCPU has stored.
    bool run(const Pages& stored) {
        pages.begin_run();
        for (const u64 page : stored) {
            store(page);
            store(page); // a ring may list it again
        }
        pages.end_run();
        return run_translated();
    }
    bool run_translated() {
        const bool known = pages.begin_translated();
        pages.end_translated();
        return known;
    }
    Pages told() { return std::exchange(told_, {}); }
    // Of the slot at an address; slots' numbers change.
    [[nodiscard]] u32 slot_at(u64 address) const {
        for (const auto& [number, slot] : fake.slots)
            if (slot.guest_phys_addr == address) return number;
        FAIL("no slot is there");
        return 0;
    }
    [[nodiscard]] u32 flags(u64 address = 0) const { return fake.slots.at(slot_at(address)).flags; }
    void store(u64 page, u32 vcpu = 0) { fake.store(slot_at(0), page, vcpu); }

    FakeKvm fake;
    std::unique_ptr<VirtualMachine> machine;
    DirtyTracking way;
    MachineLock lock;
    AddressSpace space{"memory", lock};
    std::unique_ptr<Ram> ram = Ram::create("ram", ram_pages* page_size).value();
    std::unique_ptr<Ram> rom = Ram::create("rom", page_size).value();
    std::vector<std::string> failures;
    u32 protections_before_told = 0;
    MemorySlots slots{*machine, space, [this](const Error& why) { failures.push_back(why.message()); }};
    DirtyPages pages;

private:
    std::vector<std::unique_ptr<Vcpu>> vcpus_;
    Pages told_;
};

} // namespace

TEST_CASE("pages that a guest on KVM has stored to are told once") {
    for (const DirtyTracking way : ways) {
        INFO("way " << static_cast<u32>(way));
        Guest guest(way);
        CHECK(guest.run_translated()); // KVM didn't run yet
        const Pages stored{0, 3, 63, 64, 130, 199};
        CHECK(guest.run(stored));
        CHECK(guest.told() == stored);
        CHECK(guest.pages.told() == stored.size());
        CHECK(guest.protections_before_told == 1); // what was stored before that wouldn't be told otherwise
        CHECK(guest.run_translated());
        CHECK(guest.run({}));
        CHECK(guest.told().empty());
        CHECK(guest.run({130}));
        CHECK(guest.told() == Pages{130});
        CHECK(guest.fake.logged(guest.slot_at(0)).empty());
    }
}

TEST_CASE("KVM notes stores to RAM, not to ROM, from the first translated run on, and in the same slots") {
    Guest guest(DirtyTracking::best);
    const auto before = guest.fake.slots;
    CHECK(guest.flags() == 0);
    CHECK(guest.run_translated());
    CHECK(guest.flags() == KVM_MEM_LOG_DIRTY_PAGES);
    CHECK(guest.flags(rom_base) == KVM_MEM_READONLY);
    for (const auto& [number, slot] : guest.fake.slots) CHECK(slot.userspace_addr == before.at(number).userspace_addr);
    REQUIRE(guest.space.map(
        {.base = {0x2000'0000}, .size_bytes = page_size, .ram = guest.rom.get(), .name = "rom's memory, as RAM"}));
    CHECK(guest.flags(0x2000'0000) == KVM_MEM_LOG_DIRTY_PAGES);
}

TEST_CASE("what was stored before KVM noted it costs all translations") {
    for (const DirtyTracking way : ways) {
        Guest guest(way);
        CHECK_FALSE(guest.run({5}));
        CHECK(guest.run({5}));
        CHECK(guest.told() == Pages{5});
    }
}

TEST_CASE("without a way to know, every run on KVM costs all translations") {
    Guest guest(DirtyTracking::none);
    CHECK(guest.run_translated());
    CHECK(guest.flags() == 0);
    for (u32 i = 0; i < 3; ++i) CHECK_FALSE(guest.run({}));
    CHECK(guest.run_translated());
}

TEST_CASE("while one CPU runs translated code, another's stores are told at its exits") {
    for (const DirtyTracking way : ways) {
        Guest guest(way, 2);
        guest.pages.begin_run();
        CHECK_FALSE(guest.pages.begin_translated()); // what the other one stores from now on is known
        guest.store(7, 1);
        CHECK(guest.told().empty());
        CHECK(guest.pages.exited());
        CHECK(guest.told() == Pages{7});
        guest.store(8, 1);
        guest.pages.end_translated();
        CHECK(guest.pages.exited()); // nobody needs to know now
        CHECK(guest.told().empty());
        CHECK(guest.pages.begin_translated()); // while the other one is in KVM_RUN
        CHECK(guest.told() == Pages{8});
    }
}

TEST_CASE("a slot that is taken away counts as stored to") {
    for (const DirtyTracking way : ways) {
        Guest guest(way);
        CHECK(guest.run_translated());
        guest.pages.begin_run();
        guest.store(9);
        REQUIRE(guest.space.remap({.base = {0},
                                   .size_bytes = ram_pages * page_size,
                                   .ram = guest.ram.get(),
                                   .read_only = true,
                                   .name = "ram"}));
        guest.pages.end_run();
        CHECK(guest.run_translated());
        CHECK(guest.told().size() == ram_pages);
    }
}

TEST_CASE("slots that are renewed count as stored to only if another vCPU may store meanwhile") {
    for (const DirtyTracking way : ways) {
        Guest alone(way), together(way, 2);
        for (Guest* guest : {&alone, &together}) {
            CHECK(guest->run_translated());
            guest->pages.begin_run();
            guest->store(9);
            guest->pages.end_run();
            guest->pages.renew_slots();
            CHECK(guest->flags() == KVM_MEM_LOG_DIRTY_PAGES);
            CHECK(guest->run_translated());
        }
        CHECK(alone.told() == Pages{9});
        CHECK(together.told().size() == ram_pages);
        CHECK(alone.run({10}));
        CHECK(alone.told() == Pages{10});
    }
}

TEST_CASE("after a long time without translated code KVM notes nothing any more") {
    for (const DirtyTracking way : ways) {
        Guest guest(way);
        CHECK(guest.run_translated());
        guest.pages.begin_run();
        guest.store(1);
        u32 exits = 0;
        while (guest.flags() != 0 && exits < 1'000'000 && guest.pages.exited()) ++exits;
        CHECK(exits > 1000);
        CHECK(guest.flags() == 0);
        guest.pages.end_run();
        CHECK_FALSE(guest.run_translated());
        CHECK(guest.run({2}));
        CHECK(guest.told() == Pages{2}); // nothing is left from before
    }
}

TEST_CASE("a ring goes round and round, and signals don't leave pages unprotected") {
    Guest guest(DirtyTracking::ring);
    CHECK(guest.run_translated());
    for (u64 round = 0; round < 30; ++round) {
        guest.fake.reset_signals = 3;
        Pages stored;
        for (u64 page = 0; page < ram_pages; ++page) stored.insert(page);
        CHECK(guest.run(stored));
        CHECK(guest.told() == stored);
        CHECK(guest.fake.reset_signals == 0);
    }
}

TEST_CASE("a ring that KVM has filled to its end costs all translations, and isn't used again") {
    Guest guest(DirtyTracking::ring);
    CHECK(guest.run_translated());
    constexpr u64 entries = 4096;
    guest.pages.begin_run();
    for (u64 i = 0; i < entries - 1; ++i) guest.store(1);
    CHECK(guest.run_translated());
    CHECK(guest.told() == Pages{1});
    for (u64 i = 0; i < entries + 1; ++i) guest.store(i == 0 ? 2 : 1);
    CHECK_FALSE(guest.run_translated());
    CHECK_FALSE(guest.pages.empties_rings());
    guest.pages.end_run();
    CHECK_FALSE(guest.run({3}));
    CHECK(guest.flags() == 0);
}

TEST_CASE("a ring's entries that name no page are left out") {
    Guest guest(DirtyTracking::ring);
    CHECK(guest.run_translated());
    guest.pages.begin_run();
    guest.store(~u64{0});
    guest.store(ram_pages);
    guest.store(4);
    guest.pages.end_run();
    CHECK(guest.run_translated());
    CHECK(guest.told() == Pages{4});
}

TEST_CASE("the best way is what the kernel has") {
    const auto best = [](DirtyTracking wanted, Capabilities capabilities) {
        return Guest(wanted, 1, std::move(capabilities)).way;
    };
    CHECK(best(DirtyTracking::best, {{newer_ring, most_ring_bytes}}) == DirtyTracking::ring);
    CHECK(best(DirtyTracking::best, {{ring, 0}, {newer_ring, 0}}) == DirtyTracking::cleared_log);
    CHECK(best(DirtyTracking::best, {{ring, 0}, {newer_ring, 0}, {clearing, 0}}) == DirtyTracking::log);
    CHECK(best(DirtyTracking::best_log, {{newer_ring, most_ring_bytes}}) == DirtyTracking::cleared_log);
    CHECK(best(DirtyTracking::best_log, {{clearing, 0}}) == DirtyTracking::log);
    constexpr int too_small = 16;
    CHECK(best(DirtyTracking::best, {{ring, too_small}, {newer_ring, too_small}}) == DirtyTracking::cleared_log);
    // As before rings were told apart by their ordering.
    Guest guest(DirtyTracking::best, 1, {{ring, most_ring_bytes}, {newer_ring, 0}});
    CHECK(guest.way == DirtyTracking::ring);
    CHECK(guest.run_translated());
    CHECK(guest.run({6}));
    CHECK(guest.told() == Pages{6});
}

TEST_CASE("a way that the kernel hasn't got is refused with what is missing") {
    FakeKvm fake;
    auto machine = create_x86_machine(fake).value();
    fake.capabilities = {{ring, 0}, {newer_ring, 0}, {clearing, 0}};
    const auto rings = DirtyPages::enable(*machine, DirtyTracking::ring);
    REQUIRE_FALSE(rings);
    CHECK_THAT(rings.error().message(), ContainsSubstring("no dirty rings"));
    const auto log = DirtyPages::enable(*machine, DirtyTracking::cleared_log);
    REQUIRE_FALSE(log);
    CHECK_THAT(log.error().message(), ContainsSubstring("MANUAL_DIRTY_LOG_PROTECT2"));
    fake.capabilities[ring] = most_ring_bytes;
    fake.failures[KVM_ENABLE_CAP] = -EPERM;
    const auto refused = DirtyPages::enable(*machine, DirtyTracking::ring);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(), ContainsSubstring("KVM_CAP_DIRTY_LOG_RING"));
    CHECK(DirtyPages::enable(*machine, DirtyTracking::best).value() == DirtyTracking::log);
}

TEST_CASE("a ring that can't be mapped is an error, and nothing stays open") {
    FakeKvm fake;
    {
        auto machine = create_x86_machine(fake).value();
        fake.capabilities[newer_ring] = most_ring_bytes;
        REQUIRE(DirtyPages::enable(*machine, DirtyTracking::ring));
        fake.maps_rings = false;
        const auto vcpu = machine->create_vcpu(0);
        REQUIRE_FALSE(vcpu);
        CHECK_THAT(vcpu.error().message(), ContainsSubstring("dirty ring"));
    }
    CHECK(fake.open_files == 0);
}

TEST_CASE("a request that fails costs all translations, then and after every later run on KVM") {
    struct Case {
        DirtyTracking way;
        unsigned long request;
    };
    const Case cases[] = {{DirtyTracking::ring, KVM_RESET_DIRTY_RINGS},
                          {DirtyTracking::log, KVM_GET_DIRTY_LOG},
                          {DirtyTracking::cleared_log, KVM_GET_DIRTY_LOG},
                          {DirtyTracking::cleared_log, KVM_CLEAR_DIRTY_LOG}};
    for (const Case& c : cases) {
        INFO("request " << c.request);
        Guest guest(c.way);
        CHECK(guest.run_translated());
        guest.fake.failures[c.request] = -EIO;
        CHECK_FALSE(guest.run({3}));
        guest.fake.failures.clear();
        CHECK(guest.run_translated()); // KVM hasn't run since
        CHECK_FALSE(guest.run({3}));
        CHECK(guest.flags() == 0);
        CHECK_FALSE(guest.pages.tell());
    }
    Guest guest(DirtyTracking::log);
    guest.fake.failures[KVM_SET_USER_MEMORY_REGION] = -ENOMEM;
    CHECK(guest.run_translated());
    CHECK_FALSE(guest.run({3}));
    CHECK(guest.failures.empty()); // the guest lacks no memory
}
