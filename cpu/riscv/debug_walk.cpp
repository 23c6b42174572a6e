// What the page tables say of an address, in words.

#include <fmt/format.h>

#include "cpu/riscv/debug_view.hpp"
#include "cpu/riscv/hart.hpp"
#include "cpu/riscv/page_table.hpp"

namespace orrery::riscv {
namespace {

std::string_view words(EntryDefect defect) {
    switch (defect) {
    case EntryDefect::none:
        break;
    case EntryDefect::not_valid:
        return "V is 0";
    case EntryDefect::writable_not_readable:
        return "W without R is reserved";
    case EntryDefect::reserved_bits:
        return "bits 60:54 are reserved";
    case EntryDefect::pointer_bits:
        return "an entry that points to a table has U, A, D, PBMT or N set";
    case EntryDefect::memory_type:
        return "PBMT is 3, or menvcfg.PBMTE is 0";
    case EntryDefect::misaligned:
        return "the PPN isn't aligned to the size of the page";
    case EntryDefect::contiguous:
        return "N is set, but not on one of 64 KiB of pages";
    }
    return "the last level points to another table";
}

std::string_view words(Forbidden reason) {
    switch (reason) {
    case Forbidden::no:
        break;
    case Forbidden::supervisor_page:
        return "U is 0";
    case Forbidden::user_page:
        return "user page: supervisor never executes it";
    case Forbidden::user_page_without_sum:
        return "user page: supervisor needs SUM";
    case Forbidden::not_r:
        return "R is 0";
    case Forbidden::not_r_without_mxr:
        return "R is 0: executable page needs MXR";
    case Forbidden::not_w:
        return "W is 0";
    case Forbidden::not_x:
        return "X is 0";
    }
    return {};
}

std::string_view mode_words(Privilege privilege) {
    return privilege == Privilege::machine ? "machine" : privilege == Privilege::supervisor ? "supervisor" : "user";
}

std::string decoded(u64 entry, u32 level) {
    if ((entry & pte::v) == 0) return "not valid";
    std::string text = "V";
    constexpr std::string_view letters = "VRWXUGAD";
    for (u32 i = 1; i < letters.size(); ++i) {
        if ((entry & bit(i)) != 0) text += fmt::format(" {}", letters[i]);
    }
    if ((entry & pte::n) != 0) text += " N";
    if (const u64 type = field(entry, pte::pbmt_low, 2); type != 0)
        text += type == 1 ? " NC" : type == 2 ? " IO" : " PBMT 3";
    if (const u64 software = field(entry, 8, 2); software != 0) text += fmt::format(" RSW {}", software);
    text += fmt::format(", PPN {:#x}", pte::ppn(entry));
    if (level != 0 && !pte::is_leaf(entry)) text += fmt::format(", table at {:#x}", pte::ppn(entry) << page_shift);
    return text;
}

std::string size_words(u64 bytes) {
    constexpr std::string_view units[] = {"KiB", "MiB", "GiB", "TiB"};
    u32 unit = 0;
    u64 number = bytes >> 10;
    for (; number >= 1024 && unit < 3; ++unit) number >>= 10;
    return fmt::format("{} {}", number, units[unit]);
}

// Why an access faults; empty if it doesn't.
struct Refusal {
    std::string_view fault; // "page fault", "access fault"
    std::string_view reason;
};

class Explanation {
public:
    Explanation(Hart& hart, GuestVirtual address)
        : hart_(hart), state_(hart.registers()), address_(address), found_(hart.mmu().inspect(address)) {}

    [[nodiscard]] Walk walk() const {
        Walk walk;
        for (const auto& entry : found_.entries) {
            walk.steps.push_back({fmt::format("level {}", entry.level), entry.address.value, entry.value,
                                  decoded(entry.value, entry.level)});
        }
        if (!found_.reach) {
            walk.steps.push_back(dead_end());
            return walk;
        }
        walk.page_size_bytes = found_.reach->size_bytes;
        const Refusal load = refusal(MemoryAction::read);
        const std::string what = found_.levels == 0 ? "not translated" : size_words(walk.page_size_bytes) + " page";
        if (load.fault.empty()) {
            walk.address = found_.reach->address;
            walk.steps.push_back({what, 0, 0, permissions()});
        } else {
            walk.steps.push_back(
                {fmt::format("load {}", load.fault), 0, 0, fmt::format("{}, {}", what, permissions())});
        }
        return walk;
    }

private:
    [[nodiscard]] WalkStep dead_end() const {
        if (found_.levels == 0) return {"load access fault", 0, 0, "physical addresses have 56 bits"};
        if (!found_.canonical)
            return {"load page fault", 0, 0,
                    fmt::format("not an address of Sv{}: its upper bits differ from bit {}",
                                page_shift + 9 * found_.levels, page_shift + 9 * found_.levels - 1)};
        u64 table = (state_.satp & satp::ppn) << page_shift;
        u32 level = found_.levels - 1;
        if (!found_.entries.empty()) {
            const auto& last = found_.entries.back();
            const EntryDefect defect = defect_of(last.value, last.level, state_.menvcfg);
            if (defect != EntryDefect::none || last.level == 0)
                return {"load page fault", 0, 0, std::string(words(defect))};
            table = pte::ppn(last.value) << page_shift;
            level = last.level - 1;
        }
        const u64 place = table_entry_address(table, address_, level);
        const PmpPermission permission = hart_.pmp().permission({place}, Privilege::supervisor);
        const bool readable = permission.read && permission.bytes >= sizeof(u64);
        return {"load access fault", 0, 0,
                fmt::format("the entry of level {} would be at {:#x}, {}", level, place,
                            readable ? "where no RAM is" : "which PMP doesn't let the walk read")};
    }

    [[nodiscard]] Refusal refusal(MemoryAction action) const {
        const Privilege privilege = hart_.mmu().effective_privilege(action);
        if (found_.levels != 0) {
            const u64 leaf = found_.entries.back().value;
            if (const Forbidden why = forbidden(leaf, action, privilege, state_.mstatus); why != Forbidden::no)
                return {"page fault", words(why)};
            if (const u64 missing = accessed_and_dirty(action) & ~leaf; missing != 0) {
                const bool is_accessed = (missing & pte::a) != 0;
                if ((state_.menvcfg & envcfg::adue) == 0)
                    return {"page fault",
                            is_accessed ? "A is 0, and menvcfg.ADUE too" : "D is 0, and menvcfg.ADUE too"};
                if (!found_.updatable)
                    return {"access fault",
                            is_accessed ? "A can't be set in this entry" : "D can't be set in this entry"};
            }
        }
        if (!hart_.pmp().permission(found_.reach->address, privilege).allows(action))
            return {"access fault", "PMP forbids it"};
        if (!found_.answered) return {"access fault", "nothing answers there"};
        return {};
    }

    // MPRV may send data through the tables and leave fetches alone.
    [[nodiscard]] bool fetches_alike() const {
        const bool is_machine = state_.privilege == Privilege::machine;
        const bool paging = field(state_.satp, satp::mode_low, 4) != satp::bare;
        return (paging && !is_machine) == (found_.levels != 0);
    }

    [[nodiscard]] std::string verdict(std::string_view name, MemoryAction action) const {
        const Refusal why = refusal(action);
        return why.fault.empty() ? fmt::format("{} yes", name) : fmt::format("{} no ({})", name, why.reason);
    }

    [[nodiscard]] std::string permissions() const {
        const std::string_view by_mprv = (state_.mstatus & mstatus::mprv) != 0 ? " by MPRV" : "";
        return fmt::format("as {}{}: {}, {}, {}", mode_words(found_.privilege), by_mprv,
                           verdict("load", MemoryAction::read), verdict("store", MemoryAction::write),
                           fetches_alike()      ? verdict("fetch", MemoryAction::execute)
                           : found_.levels != 0 ? "fetch not translated"
                                                : "fetch translated");
    }

    Hart& hart_;
    const State& state_;
    const GuestVirtual address_;
    const Mmu::Inspection found_;
};

} // namespace

std::optional<GuestPhysical> HartDebugView::translate(GuestVirtual address) const {
    const Mmu::Inspection found = hart_.mmu().inspect(address);
    if (!found.reach) return std::nullopt;
    return found.reach->address;
}

Walk HartDebugView::walk(GuestVirtual address) const { return Explanation(hart_, address).walk(); }

} // namespace orrery::riscv
