// The pages that small guests on the host's own KVM store to are known, exactly, and so code that they have changed is
// translated anew, and no other.
#include "accel/kvm/dirty_pages.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "accel/kvm/x86/machine.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kvm_test_machine.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;
using Mode = KvmTestMachine::Mode;

namespace {

constexpr u64 for_ever = ~u64{0};
constexpr u64 page_table = 4, stack = 9; // pages of KvmTestMachine's
using Pages = std::set<u64>;

// All pages are tracked, and what is told of them is noted.
class Guest final : public MemoryListener {
public:
    explicit Guest(DirtyTracking way)
        : machine(&host_system_calls(), {.facts = {.table_edits_seen = true}, .dirty_tracking = way, .failed = {}}) {
        machine.machine().memory().add_listener(*this);
    }
    ~Guest() override { machine.machine().memory().remove_listener(*this); }

    void mapping_changed() override {}
    void tracked_page_written(Ram&, u64 offset, u64) override { told_.insert(offset / page_size); }
    void track() {
        const auto view = machine.machine().memory().view();
        Ram& ram = *view->find({0})->ram;
        for (u64 page = 0; page < KvmTestMachine::memory_bytes; page += page_size)
            ram.flags(page).fetch_or(static_cast<u8>(PageFlag::tracked));
    }

    // The first instruction runs translated, and from then on KVM notes what is stored.
    void begin(Mode mode, std::span<const u8> program) {
        machine.begin(mode, program);
        CHECK(machine.cpu().run(1) == ExitReason::deadline);
        track();
        told_.clear();
    }
    // From `address` on KVM to the halt.
    void run(u64 address) {
        machine.cpu().set_pc(address);
        machine.state().activity = x86::Activity::running;
        const u64 exits = machine.count("KVM exits");
        CHECK(machine.cpu().run(for_ever) == ExitReason::halted);
        CHECK(machine.count("KVM exits") > exits);
        CHECK(machine.count("fallbacks") == 0);
        for (const std::string& failure : machine.failures) FAIL(failure);
    }
    // What KVM's guest has stored to since this was last asked.
    Pages stored() {
        machine.cpu().run(0);
        track();
        return std::exchange(told_, {});
    }

    KvmTestMachine machine;

private:
    Pages told_;
};

// A page that is only read may be told, too, if that is the first time that it is touched: KVM maps it writable. Where
// code is interpreted that isn't so.
bool is_told(const Pages& stored, const Pages& told) {
    static const HostReport host = examine_host(host_system_calls());
    const bool exact = host.facts && !host.facts->kernel_is_fast;
    return exact ? told == stored : std::ranges::includes(told, stored);
}

// nop, then stores to page Dh, atomically to Eh, and by `rep stos` to Bh and Ch.
constexpr u8 stores_16[] = {
    0x90,                         // nop
    0xa3, 0x00, 0xd0,             // mov [d000h], ax
    0xf0, 0xff, 0x06, 0x00, 0xe0, // lock inc word [e000h]
    0xbf, 0x00, 0xb8,             // mov di, b800h
    0xb9, 0x00, 0x08,             // mov cx, 800h
    0xf3, 0xab,                   // rep stosw
    0xf4,                         // hlt
};
constexpr u8 stores_64[] = {
    0x90,                                           // nop
    0x89, 0x04, 0x25, 0x00, 0xd0, 0x00, 0x00,       // mov [d000h], eax
    0xf0, 0xff, 0x04, 0x25, 0x00, 0xe0, 0x00, 0x00, // lock inc dword [e000h]
    0xbf, 0x00, 0xb8, 0x00, 0x00,                   // mov edi, b800h
    0xb9, 0x00, 0x02, 0x00, 0x00,                   // mov ecx, 200h
    0xf3, 0x48, 0xab,                               // rep stosq
    0x0f, 0x0b,                                     // ud2, whose handler halts
};
const Pages stored_to{0xb, 0xc, 0xd, 0xe};

} // namespace

TEST_CASE("every page that a guest stores to is told once, in every mode and way") {
    if (!has_kvm()) return;
    for (const DirtyTracking way : dirty_tracking_ways()) {
        for (const Mode mode : {Mode::real, Mode::kernel_64, Mode::user_64}) {
            INFO("way " << static_cast<u32>(way) << ", mode " << static_cast<u32>(mode));
            Guest guest(way);
            guest.begin(mode, mode == Mode::real ? std::span<const u8>(stores_16) : stores_64);
            CHECK(guest.stored().empty());
            guest.run(KvmTestMachine::code + 1);
            Pages expected = stored_to;
            if (mode != Mode::real) expected.insert({page_table, stack}); // accessed and dirty bits, ud2's frame
            const Pages told = guest.stored();
            CHECK(is_told(expected, told));
            CHECK(guest.machine.count("dirty pages") == told.size()); // each once
            CHECK(guest.stored().empty());
            // Once more: the bits of the page tables are set by now.
            if (mode == Mode::user_64) continue; // the guest is at privilege 0
            guest.run(KvmTestMachine::code + 1);
            expected.erase(page_table);
            CHECK(guest.stored() == expected);
            CHECK(guest.stored().empty());
            if (mode == Mode::real) fmt::print("{}\n", guest.machine.counts());
        }
    }
}

// Where code is interpreted each of the stores is an entry, and KVM may store on though the ring is full. Elsewhere it
// never gets full.
TEST_CASE("of more stores than a ring has room for all are told, or all translations go") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0x90,             // nop
        0xa3, 0x00, 0xd0, // mov [d000h], ax
        0xb9, 0x10, 0x27, // mov cx, 10000
        0xa3, 0x00, 0xe0, // mov [e000h], ax
        0xe2, 0xfb,       // loop mov
        0xf4,             // hlt
    };
    for (const DirtyTracking way : dirty_tracking_ways()) {
        Guest guest(way);
        guest.begin(Mode::real, program);
        guest.run(KvmTestMachine::code + 1);
        const Pages stored = guest.stored();
        const u64 flushes = guest.machine.count("code cache flushes");
        CHECK((is_told({0xd, 0xe}, stored) || flushes > 0));
        CHECK((way == DirtyTracking::ring || flushes == 0));
        fmt::print("engine KVM: {} full dirty rings, {} flushes\n", guest.machine.count("full dirty rings"), flushes);
    }
}

TEST_CASE("a page walk that sets accessed and dirty bits stores to the page table") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0x90,                                     // nop
        0x8b, 0x04, 0x25, 0x00, 0xd0, 0x00, 0x00, // mov eax, [d000h]
        0xf4,                                     // hlt
        0x89, 0x04, 0x25, 0x00, 0xd0, 0x00, 0x00, // mov [d000h], eax
        0xf4,                                     // hlt
    };
    for (const DirtyTracking way : dirty_tracking_ways()) {
        INFO("way " << static_cast<u32>(way));
        Guest guest(way);
        guest.begin(Mode::kernel_64, program);
        guest.run(KvmTestMachine::code + 1);
        CHECK(is_told({page_table}, guest.stored())); // A
        guest.run(KvmTestMachine::code + 1);
        CHECK(guest.stored().empty());
        guest.run(KvmTestMachine::code + 9);
        CHECK(is_told({page_table, 0xd}, guest.stored())); // D
        guest.run(KvmTestMachine::code + 9);
        CHECK(guest.stored() == Pages{0xd});
    }
}

TEST_CASE("code that a guest changes on KVM is translated anew, and no other") {
    if (!has_kvm()) return;
    constexpr u64 routine = 0xb000, changer = KvmTestMachine::code + 0x100, bystander = KvmTestMachine::code + 0x200;
    std::vector<u8> program(0x300);
    const auto put = [&](u64 address, std::initializer_list<u8> bytes) {
        std::ranges::copy(bytes, program.begin() + static_cast<std::ptrdiff_t>(address - KvmTestMachine::code));
    };
    put(KvmTestMachine::code, {0xe8, 0xfb, 0x2f, 0x00, 0x00});              // call routine
    put(changer, {0xc6, 0x04, 0x25, 0x01, 0xb0, 0x00, 0x00, 0xc8, 0xf4});   // mov byte [routine + 1], c8h; hlt
    put(bystander, {0xc6, 0x04, 0x25, 0x00, 0xd0, 0x00, 0x00, 0xc8, 0xf4}); // mov byte [d000h], c8h; hlt
    constexpr u8 inc_eax[] = {0xff, 0xc0, 0xc3};                            // inc eax; ret. With c8h: dec eax
    for (const DirtyTracking way : dirty_tracking_ways()) {
        INFO("way " << static_cast<u32>(way));
        Guest guest(way);
        KvmTestMachine& machine = guest.machine;
        const auto blocks = [&] { return machine.count("blocks compiled (baseline)"); };
        const auto call = [&] {
            machine.cpu().set_pc(KvmTestMachine::code);
            machine.state().activity = x86::Activity::running;
            CHECK(machine.cpu().run(3) == ExitReason::deadline);
            CHECK(machine.cpu().pc() == KvmTestMachine::code + 5);
        };
        machine.begin(Mode::kernel_64, program);
        machine.write(routine, inc_eax);
        guest.run(bystander); // KVM has touched its page before it notes stores
        call();
        const u64 flushes = machine.count("code cache flushes");
        CHECK(machine.state().r[0] == 1);
        const u64 at_first = blocks();
        CHECK(at_first > 0);
        guest.run(bystander);
        call();
        CHECK(machine.state().r[0] == 2);
        CHECK(blocks() == at_first);
        guest.run(changer);
        call();
        CHECK(machine.state().r[0] == 1);
        CHECK(blocks() == at_first + 1); // the routine's
        CHECK(machine.count("code cache flushes") == flushes);
    }
}
