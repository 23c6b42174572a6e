#include "cpu/riscv/mmu.hpp"

#include <atomic>
#include <bit>

#include "cpu/riscv/page_table.hpp"

namespace orrery::riscv {
namespace {

static_assert(std::endian::native == std::endian::little, "page-table entries are read as host integers");

Fault fault(GuestVirtual address, MemoryAction action, Exception read, Exception write, Exception execute) {
    const Exception exception = action == MemoryAction::read ? read : action == MemoryAction::write ? write : execute;
    return {static_cast<u64>(exception), address.value};
}

} // namespace

Fault page_fault(GuestVirtual address, MemoryAction action) {
    return fault(address, action, Exception::load_page_fault, Exception::store_page_fault,
                 Exception::instruction_page_fault);
}

Fault access_fault(GuestVirtual address, MemoryAction action) {
    return fault(address, action, Exception::load_access_fault, Exception::store_access_fault,
                 Exception::instruction_access_fault);
}

Fault misaligned_fault(GuestVirtual address, MemoryAction action) {
    return fault(address, action, Exception::load_address_misaligned, Exception::store_address_misaligned,
                 Exception::instruction_address_misaligned);
}

Privilege Mmu::effective_privilege(MemoryAction action) const {
    if (action == MemoryAction::execute || (state_.mstatus & mstatus::mprv) == 0) return state_.privilege;
    return static_cast<Privilege>(field(state_.mstatus, mstatus::mpp_low, 2));
}

// data_view: privilege (machine 3, supervisor 2 with and 1 without SUM, user 0), plus 4 under MXR. Where nothing is
// translated user and supervisor are alike, SUM and MXR mean nothing. execute_mode is the privilege, likewise.
AddressContext Mmu::context() const {
    const Privilege data = effective_privilege(MemoryAction::read);
    const bool paging = field(state_.satp, satp::mode_low, 4) != satp::bare;
    AddressContext context;
    if (data == Privilege::machine) {
        context.data_view = 3;
    } else if (!paging) {
        context.data_view = 1;
    } else {
        const bool sum = data == Privilege::supervisor && (state_.mstatus & mstatus::sum) != 0;
        context.data_view = static_cast<u32>(data) + (sum ? 1 : 0) + ((state_.mstatus & mstatus::mxr) != 0 ? 4 : 0);
    }
    // A fetch in machine mode with translated data (MPRV) is told apart by its execute_mode.
    if (paging && (data != Privilege::machine || state_.privilege != Privilege::machine))
        context.space = space_of(state_.satp);
    const bool user = paging && state_.privilege == Privilege::user;
    context.execute_mode = state_.privilege == Privilege::machine ? 3 : user ? 0 : 1;
    return context;
}

std::expected<Translation, Fault> Mmu::untranslated(GuestVirtual address, MemoryAction action,
                                                    Privilege privilege) const {
    if (address.value >> physical_address_bits != 0) return std::unexpected(access_fault(address, action));
    const PmpPermission permission = pmp_.permission({address.value}, privilege);
    if (!permission.allows(action)) return std::unexpected(access_fault(address, action));
    return Translation{{address.value}, page_size, permission.write, permission.whole_page, permission.bytes};
}

std::expected<Translation, Fault> Mmu::translate(GuestVirtual address, MemoryAction action) {
    const Privilege privilege = effective_privilege(action);
    const u64 mode = field(state_.satp, satp::mode_low, 4);
    if (privilege == Privilege::machine || mode == satp::bare) return untranslated(address, action, privilege);
    const u32 levels = levels_of(mode);
    if (!canonical(address.value, levels)) return std::unexpected(page_fault(address, action));
    const Walk request{address, action, privilege, reader_};
    for (;;) {
        const auto leaf = walk(request, levels);
        if (!leaf) return std::unexpected(leaf.error());
        if (*leaf) return finish(**leaf, request);
    }
}

// The walker reads as supervisor, and its faults are those of the access it walks for (II 3.7.2, 4.3.2).
std::expected<Mmu::EntryPlace, Fault> Mmu::entry_place(u64 address, const Walk& walk) const {
    const Window* window = walk.reader.find({address});
    const PmpPermission permission = pmp_.permission({address}, Privilege::supervisor);
    if (!window || !window->ram || window->size_bytes - (address - window->base.value) < sizeof(u64) ||
        !permission.read || permission.bytes < sizeof(u64))
        return std::unexpected(access_fault(walk.address, walk.action));
    const u64 offset = window->ram_offset + (address - window->base.value);
    // A window may start anywhere, a host word may not.
    if (offset % sizeof(u64) != 0) return std::unexpected(access_fault(walk.address, walk.action));
    return EntryPlace{reinterpret_cast<u64*>(window->ram->host() + offset), window->ram, offset, !window->read_only};
}

// II 4.3.2 steps 2 to 5, with the encodings that are reserved. `seen` gets every entry that was read.
template <typename Seen> std::expected<Mmu::Leaf, Fault> Mmu::descend(const Walk& walk, u32 levels, Seen seen) const {
    u64 table = (state_.satp & satp::ppn) << page_shift;
    for (u32 level = levels; level-- > 0;) {
        const u64 address = table_entry_address(table, walk.address, level);
        const auto place = entry_place(address, walk);
        if (!place) return std::unexpected(place.error());
        const u64 entry = std::atomic_ref(*place->host).load(std::memory_order_acquire);
        seen(GuestPhysical{address}, entry, level);
        if (defect_of(entry, level, state_.menvcfg) != EntryDefect::none) break;
        if (pte::is_leaf(entry)) return Leaf{entry, level, {address}, *place};
        table = pte::ppn(entry) << page_shift;
    }
    return std::unexpected(page_fault(walk.address, walk.action));
}

std::expected<std::optional<Mmu::Leaf>, Fault> Mmu::walk(const Walk& walk, u32 levels) {
    auto leaf = descend(walk, levels, [](GuestPhysical, u64, u32) {});
    if (!leaf) return std::unexpected(leaf.error());
    if (!permitted(leaf->pte, walk.action, walk.privilege))
        return std::unexpected(page_fault(walk.address, walk.action));
    const auto current = update_leaf(*leaf, walk);
    if (!current) return std::unexpected(current.error());
    if (!*current) return std::nullopt;
    return *leaf;
}

bool Mmu::permitted(u64 entry, MemoryAction action, Privilege privilege) const {
    return forbidden(entry, action, privilege, state_.mstatus) == Forbidden::no;
}

std::expected<bool, Fault> Mmu::update_leaf(Leaf& leaf, const Walk& walk) {
    const u64 wanted = leaf.pte | accessed_and_dirty(walk.action);
    if (wanted == leaf.pte) return true;
    if ((state_.menvcfg & envcfg::adue) == 0) return std::unexpected(page_fault(walk.address, walk.action));
    if (!may_update(leaf)) return std::unexpected(access_fault(walk.address, walk.action));
    const EntryPlace& place = leaf.place;
    if (!std::atomic_ref(*place.host).compare_exchange_strong(leaf.pte, wanted, std::memory_order_acq_rel))
        return false;
    memory_.ram_written(*place.ram, place.ram_offset, sizeof(u64));
    leaf.pte = wanted;
    return true;
}

bool Mmu::may_update(const Leaf& leaf) const {
    return leaf.place.writable && pmp_.permission(leaf.pte_address, Privilege::supervisor).write;
}

std::expected<Translation, Fault> Mmu::finish(const Leaf& leaf, const Walk& walk) const {
    const Reach reach = reach_of(leaf.pte, leaf.level, walk.address);
    const PmpPermission permission = pmp_.permission(reach.address, walk.privilege);
    if (!permission.allows(walk.action)) return std::unexpected(access_fault(walk.address, walk.action));
    const bool writable =
        permission.write && (leaf.pte & pte::d) != 0 && permitted(leaf.pte, MemoryAction::write, walk.privilege);
    return Translation{reach.address, reach.size_bytes, writable, permission.whole_page, permission.bytes};
}

Mmu::Inspection Mmu::inspect(GuestVirtual address) const {
    Inspection found;
    found.privilege = effective_privilege(MemoryAction::read);
    AddressSpace::Reader reader(memory_); // the hart's own belongs to its thread
    const u64 mode = field(state_.satp, satp::mode_low, 4);
    if (found.privilege == Privilege::machine || mode == satp::bare) {
        if (address.value >> physical_address_bits == 0) found.reach = Reach{{address.value}, page_size};
    } else {
        found.levels = levels_of(mode);
        found.canonical = canonical(address.value, found.levels);
        if (found.canonical) inspect_tables(address, reader, found);
    }
    found.answered = found.reach && reader.find(found.reach->address);
    return found;
}

void Mmu::inspect_tables(GuestVirtual address, AddressSpace::Reader& reader, Inspection& found) const {
    const auto leaf =
        descend({address, MemoryAction::read, found.privilege, reader}, found.levels,
                [&](GuestPhysical place, u64 entry, u32 level) { found.entries.push_back({place, entry, level}); });
    if (!leaf) return;
    found.updatable = may_update(*leaf);
    found.reach = reach_of(leaf->pte, leaf->level, address);
}

} // namespace orrery::riscv
