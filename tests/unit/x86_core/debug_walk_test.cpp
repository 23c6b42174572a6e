#include "cpu/x86/debug_walk.hpp"

#include <random>

#include "cpu/x86/delivery_words.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/x86_core/core_fixture.hpp"

namespace orrery::x86::test {
namespace {

constexpr u64 root = 0x10000, pointers = 0x11000, directory = 0x12000, table = 0x13000;
constexpr u64 user_rw = entry::present | entry::writable | entry::user;
constexpr PageAccess supervisor_reads{.action = MemoryAction::read};
constexpr PageAccess supervisor_writes{.action = MemoryAction::write};
constexpr PageAccess supervisor_fetches{.action = MemoryAction::execute};
constexpr PageAccess user_writes{.action = MemoryAction::write, .user = true};

struct WalkFixture : CoreFixture {
    WalkFixture() {
        state.cr0 |= cr0::pe | cr0::pg;
        state.cr4 |= cr4::pae;
        state.efer |= efer::lme | efer::lma | efer::nxe;
        state.cr3 = root;
        write(root, pointers | user_rw, 8);
        write(pointers, directory | user_rw, 8);
        write(directory, table | user_rw, 8);
        write(table + 5 * 8, 0x77000 | user_rw, 8);
    }
    std::string refusal(const PageAccess& access, u64 linear = 0x5123) { return page_refusal(core, linear, access); }
    std::string text(u64 linear) {
        std::vector<std::string> lines;
        add_walk_lines(core, linear, "", lines);
        std::string all;
        for (const std::string& line : lines) all += line + "\n";
        return all;
    }
    void outside_long_mode() { state.efer &= ~efer::lma; }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE_METHOD(WalkFixture, "a walk through four levels tells each entry's fields and what the page permits") {
    CHECK(refusal(supervisor_reads).empty());
    const std::string words = text(0x5123);
    CHECK(contains(words, "CR3: 0x10000: 4-level paging, table at 0x10000\n"));
    CHECK(contains(words, "PML4: entry 0x11007 at 0x10000: P R/W U/S: table at 0x11000\n"));
    CHECK(contains(words, "page table: entry 0x77007 at 0x13028: P R/W U/S: page of 4 KiB at 0x77000\n"));
    CHECK(contains(words, "user: read yes, write yes, fetch yes\n"));
}

TEST_CASE_METHOD(WalkFixture, "a refusal names the first entry and the bit, or the control bit, that forbids it") {
    write(directory, table | (user_rw & ~entry::user & ~entry::writable), 8);
    CHECK(refusal(user_writes) == "U/S is 0 in the page directory's entry");
    CHECK(refusal(supervisor_writes).empty());
    state.cr0 |= cr0::wp;
    CHECK(refusal(supervisor_writes) == "R/W is 0 in the page directory's entry, and CR0.WP is 1");
    write(directory, table | user_rw, 8);
    state.cr4 |= cr4::smep | cr4::smap;
    CHECK(contains(refusal(supervisor_fetches), "CR4.SMEP"));
    CHECK(contains(refusal(supervisor_reads), "CR4.SMAP"));
    state.rflags |= flag::alignment_check;
    CHECK(refusal(supervisor_reads).empty());
    CHECK(contains(refusal({.action = MemoryAction::read, .implicit = true}), "CR4.SMAP"));
    write(table + 5 * 8, 0x77000 | user_rw | entry::no_execute, 8);
    CHECK(refusal(supervisor_fetches) == "XD is 1 in the page table's entry");
    state.efer &= ~efer::nxe;
    CHECK(contains(refusal(supervisor_reads), "aren't 0: 63 (XD, with EFER.NXE 0)"));
}

TEST_CASE_METHOD(WalkFixture, "a walk that ends early says at which entry, and why") {
    CHECK(refusal(supervisor_reads, 0x6000) == "P is 0 in the page table's entry");
    CHECK(contains(refusal(supervisor_reads, u64{1} << 50), "isn't canonical"));
    write(pointers, u64{0x7'0000'0000} | user_rw, 8);
    CHECK(refusal(supervisor_reads) == "the page directory's entry would be at 0x700000000, where no memory is");
    write(pointers, directory | user_rw | u64{1} << 51 | u64{1} << 40, 8);
    CHECK(contains(refusal(supervisor_reads), "aren't 0: 51 and 40"));
}

TEST_CASE_METHOD(WalkFixture, "large pages are told in every mode") {
    write(directory, 0x200000 | user_rw | entry::large, 8);
    CHECK(contains(text(0x5123), "page directory: entry 0x200087 at 0x12000: P R/W U/S PS: page of 2 MiB at 0x200000"));
    outside_long_mode();
    state.pdptes[0] = directory | entry::present;
    CHECK(contains(text(0x5123), "PAE paging"));
    CHECK(contains(text(0x5123), "PDPTE 0, as it was read when CR3 was loaded: entry 0x12001 at 0x10000"));
    CHECK(refusal(supervisor_reads, 0x4000'0000) == "P is 0 in PDPTE 1");
    state.cr4 = cr4::pse;
    write(root, 0x400000 | user_rw | entry::large, 4);
    CHECK(contains(text(0x5123), "32-bit paging"));
    CHECK(contains(text(0x5123), "page of 4 MiB at 0x400000"));
    write(root, 0x600000 | user_rw | entry::large, 4);
    CHECK(contains(refusal(supervisor_reads), "aren't 0: 21"));
}

TEST_CASE_METHOD(WalkFixture, "what a refusal says agrees with what the MMU does, whatever the entries") {
    std::mt19937_64 random(5);                  // NOLINT: the same numbers every time
    constexpr u64 bits = 0x800f'ff00'0000'01ff; // more than entries use
    for (u32 round = 0; round < 20'000; ++round) {
        const auto entry_with = [&](u64 next) {
            u64 value = next | user_rw;
            for (u64 i = random() % 3; i > 0; --i) value ^= (u64{1} << random() % 64) & bits;
            return value;
        };
        write(root, entry_with(pointers), 8);
        write(pointers, entry_with(directory), 8);
        write(directory, entry_with(table), 8);
        write(table + 5 * 8, entry_with(0x77000), 8);
        state.cr0 = (state.cr0 & ~cr0::wp) | (random() % 2 ? cr0::wp : 0);
        state.cr4 = cr4::pae | (random() % 2 ? cr4::smep : 0) | (random() % 2 ? cr4::smap : 0);
        state.efer = efer::lme | efer::lma | (random() % 2 ? efer::nxe : 0);
        state.rflags = rflags_fixed | (random() % 2 ? flag::alignment_check : 0);
        const bool user = random() % 2 != 0;
        state.segment(Segment::ss).rights = static_cast<u16>(data_at_reset | (user ? 3 << access::dpl_low : 0));
        for (const auto action : {MemoryAction::read, MemoryAction::write, MemoryAction::execute}) {
            const std::string why = refusal({.action = action, .user = user});
            const bool works = core.mmu().translate(0x5123, action, explicit_access).has_value();
            INFO(why << " in round " << round);
            REQUIRE(works == why.empty());
        }
    }
}

TEST_CASE_METHOD(ProtectedFixture, "a refused delivery names the descriptor, and its table's entry in full") {
    write_gate(vector::gp, gate(data0, 0x7000, SystemType::interrupt_gate, 0));
    const RefusedDelivery refusal = why_refused(core, general_protection(0x18), general_protection(data0 | 1));
    CHECK(refusal.reason == "its gate's code segment, GDT entry 2 (selector 0x10), isn't code but data, writable, big");
    CHECK(contains(refusal.lines[1], "IDT entry 13 at 0x2068"));
    CHECK(contains(refusal.lines[1], "32-bit interrupt gate to 0x10:0x7000, DPL 0"));
    CHECK(contains(refusal.lines[2], "data, writable, big, DPL 0, base 0x0, limit 0xffffffff"));
    CHECK(fault_words(general_protection(0x1b)) ==
          "#GP general protection (error code 0x1b: IDT entry 3, while an event was delivered)");
}

} // namespace orrery::x86::test
