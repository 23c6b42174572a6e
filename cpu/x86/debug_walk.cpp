#include "cpu/x86/debug_walk.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace orrery::x86 {
namespace {

using End = Mmu::Inspection::End;

constexpr std::array<std::string_view, 5> table_names{"page table", "page directory", "page-directory-pointer table",
                                                      "PML4", "PML5"};

// SDM 3A tables 4-4 to 4-20.
struct EntryFlag {
    u64 bit;
    std::string_view name;
};
constexpr std::array entry_flags{EntryFlag{entry::present, "P"}, EntryFlag{entry::writable, "R/W"},
                                 EntryFlag{entry::user, "U/S"},  EntryFlag{1 << 3, "PWT"},
                                 EntryFlag{1 << 4, "PCD"},       EntryFlag{entry::accessed, "A"},
                                 EntryFlag{entry::dirty, "D"},   EntryFlag{entry::large, "PS"},
                                 EntryFlag{entry::global, "G"},  EntryFlag{entry::no_execute, "XD"}};

std::string size_words(u64 bytes) {
    if (bytes >= GiB) return fmt::format("{} GiB", bytes / GiB);
    return bytes >= MiB ? fmt::format("{} MiB", bytes / MiB) : fmt::format("{} KiB", bytes / KiB);
}

std::string_view mode_words(PagingMode mode) {
    switch (mode) {
    case PagingMode::none:
        return "no paging";
    case PagingMode::two_levels:
        return "32-bit paging";
    case PagingMode::pae:
        return "PAE paging";
    case PagingMode::four_levels:
        return "4-level paging";
    case PagingMode::five_levels:
        return "5-level paging";
    }
    return {};
}

// Bits of an entry that must be 0 and aren't, highest first: "63 (XD) and 52".
std::string bit_list(u64 bits) {
    std::string text;
    while (bits != 0) {
        const u32 number = 63 - static_cast<u32>(std::countl_zero(bits));
        bits &= ~(u64{1} << number);
        text += fmt::format("{}{}{}",
                            text.empty() ? ""
                            : bits == 0  ? " and "
                                         : ", ",
                            number, number == 63 ? " (XD, with EFER.NXE 0)" : "");
    }
    return text;
}

class WalkWords {
public:
    WalkWords(const Core& core, u64 linear)
        : state_(core.state()), linear_(linear), found_(core.mmu().inspect(linear)), layout_(layout_of(found_.mode)) {
        for (const auto& one : found_.entries) no_execute_ |= (one.value & entry::no_execute) != 0;
    }

    [[nodiscard]] Walk walk() const {
        Walk walk{.address = found_.address, .page_size_bytes = found_.page_size_bytes, .steps = {}};
        if (found_.mode == PagingMode::none) {
            walk.steps.push_back({.what = "not translated", .meaning = "paging is off (CR0.PG is 0)"});
        } else {
            add_root(walk);
            for (const auto& one : found_.entries)
                walk.steps.push_back({std::string(table_names[one.level]), one.address.value, one.value, meaning(one)});
            walk.steps.push_back(ending());
        }
        if (found_.address && !found_.answered)
            walk.steps.push_back({.what = "open bus", .meaning = "no memory or device is at the physical address"});
        return walk;
    }

    [[nodiscard]] std::string refusal(const PageAccess& access) const {
        if (found_.mode == PagingMode::none) return {};
        if (const std::string why = dead_end(); !why.empty()) return why;
        if (access.action == MemoryAction::execute) return fetch_refusal(access);
        if (access.user && !all(entry::user)) return clear_in(entry::user, "U/S");
        const bool user_page = all(entry::user);
        if (!access.user && user_page && (state_.cr4 & cr4::smap) != 0) {
            if (access.implicit) return "it is a user page, which CR4.SMAP closes to the CPU's own accesses";
            if ((state_.rflags & flag::alignment_check) == 0)
                return "it is a user page, which CR4.SMAP closes to the supervisor while EFLAGS.AC is 0";
        }
        if (access.action != MemoryAction::write || all(entry::writable)) return {};
        if (access.user) return clear_in(entry::writable, "R/W");
        return (state_.cr0 & cr0::wp) != 0 ? clear_in(entry::writable, "R/W") + ", and CR0.WP is 1" : std::string{};
    }

private:
    [[nodiscard]] bool all(u64 bit) const {
        return std::ranges::all_of(found_.entries, [&](const auto& one) { return (one.value & bit) != 0; });
    }

    [[nodiscard]] std::string fetch_refusal(const PageAccess& access) const {
        if (no_execute_ && (state_.efer & efer::nxe) != 0) {
            for (const auto& one : found_.entries)
                if ((one.value & entry::no_execute) != 0)
                    return fmt::format("XD is 1 in the {}'s entry", table_names[one.level]);
        }
        if (access.user) return all(entry::user) ? std::string{} : clear_in(entry::user, "U/S");
        if (all(entry::user) && (state_.cr4 & cr4::smep) != 0)
            return "it is a user page, which CR4.SMEP closes to the supervisor's fetches";
        return {};
    }

    // The first entry that lacks the bit.
    [[nodiscard]] std::string clear_in(u64 bit, std::string_view name) const {
        for (const auto& one : found_.entries)
            if ((one.value & bit) == 0) return fmt::format("{} is 0 in the {}'s entry", name, table_names[one.level]);
        return {};
    }

    // Why the walk reaches no page; empty if it does.
    [[nodiscard]] std::string dead_end() const {
        if (!found_.canonical)
            return fmt::format("the address isn't canonical: its upper bits differ from bit {}",
                               layout_.shift(layout_.levels) - 1);
        const auto* last = found_.entries.empty() ? nullptr : &found_.entries.back();
        switch (found_.end) {
        case End::page:
            return {};
        case End::not_present:
            if (!last) return fmt::format("P is 0 in PDPTE {}", linear_ >> 30 & 3);
            return fmt::format("P is 0 in the {}'s entry", table_names[last->level]);
        case End::reserved:
            return fmt::format("reserved bits of the {}'s entry aren't 0: {}", table_names[last->level],
                               bit_list(last->value & reserved_bits(found_.mode, last->level, last->value, state_)));
        case End::no_memory: {
            const u32 level = last ? last->level - 1 : layout_.levels - 1;
            const u64 table = last ? last->value & entry::address : root();
            return fmt::format("the {}'s entry would be at {:#x}, where no memory is", table_names[level],
                               table + layout_.index(linear_, level) * layout_.entry_bytes);
        }
        }
        return {};
    }

    [[nodiscard]] u64 root() const {
        if (found_.mode == PagingMode::two_levels) return state_.cr3 & 0xffff'f000;
        if (found_.mode == PagingMode::pae) return state_.pdptes[linear_ >> 30 & 3] & entry::address;
        return state_.cr3 & entry::address;
    }

    void add_root(Walk& walk) const {
        const bool identified = (state_.cr4 & cr4::pcide) != 0;
        const u64 table = found_.mode == PagingMode::pae ? state_.cr3 & 0xffff'ffe0 : root();
        walk.steps.push_back(
            {.what = "CR3",
             .meaning = fmt::format("{:#x}: {}, table at {:#x}{}", state_.cr3, mode_words(found_.mode), table,
                                    identified ? fmt::format(", PCID {}", state_.cr3 & cr3::pcid) : "")});
        if (found_.mode != PagingMode::pae) return;
        const u64 number = linear_ >> 30 & 3;
        const u64 value = state_.pdptes[number];
        const bool present = (value & entry::present) != 0;
        walk.steps.push_back({fmt::format("PDPTE {}, as it was read when CR3 was loaded", number), table + number * 8,
                              value,
                              present ? fmt::format("P: table at {:#x}", value & entry::address) : "not present"});
    }

    [[nodiscard]] std::string meaning(const Mmu::Inspection::Entry& one) const {
        if ((one.value & entry::present) == 0) return "not present";
        const bool page = maps_page(found_.mode, one.level, one.value, state_);
        std::string text;
        for (const EntryFlag& known : entry_flags) {
            const bool is_pat = known.bit == entry::large && one.level == 0;
            const bool of_pages = known.bit == entry::dirty || known.bit == entry::global;
            const bool exists = known.bit != entry::no_execute || found_.mode != PagingMode::two_levels;
            if ((one.value & known.bit) == 0 || (of_pages && !page) || !exists) continue;
            text += fmt::format("{}{}", text.empty() ? "" : " ", is_pat ? "PAT" : known.name);
        }
        if (!page) return text + fmt::format(": table at {:#x}", one.value & entry::address);
        return text + fmt::format(": page of {} at {:#x}", size_words(u64{1} << layout_.shift(one.level)),
                                  page_base(found_.mode, one.level, one.value));
    }

    [[nodiscard]] WalkStep ending() const {
        if (const std::string why = dead_end(); !why.empty())
            return {.what = found_.canonical ? "page fault" : "general protection", .meaning = why};
        return {.what = fmt::format("page of {}", size_words(found_.page_size_bytes)),
                .meaning = fmt::format("supervisor: {}; user: {}", rights(false), rights(true))};
    }

    [[nodiscard]] std::string rights(bool user) const {
        const auto verdict = [&](std::string_view name, MemoryAction action) {
            const std::string why = refusal({.action = action, .user = user});
            return why.empty() ? fmt::format("{} yes", name) : fmt::format("{} no ({})", name, why);
        };
        return fmt::format("{}, {}, {}", verdict("read", MemoryAction::read), verdict("write", MemoryAction::write),
                           verdict("fetch", MemoryAction::execute));
    }

    const State& state_;
    const u64 linear_;
    const Mmu::Inspection found_;
    const PagingLayout layout_;
    bool no_execute_ = false;
};

} // namespace

Walk tell_walk(const Core& core, u64 linear) { return WalkWords(core, linear).walk(); }

PageAccess access_of(u32 page_fault_code) {
    const auto is = [&](u32 bit) { return (page_fault_code & bit) != 0; };
    return {.action = is(page_fault_code::fetch)   ? MemoryAction::execute
                      : is(page_fault_code::write) ? MemoryAction::write
                                                   : MemoryAction::read,
            .user = is(page_fault_code::user)};
}

std::string page_refusal(const Core& core, u64 linear, const PageAccess& access) {
    return WalkWords(core, linear).refusal(access);
}

} // namespace orrery::x86
