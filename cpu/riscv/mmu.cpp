#include "cpu/riscv/mmu.hpp"

#include <atomic>
#include <bit>

#include "cpu/riscv/csr_bits.hpp"

namespace orrery::riscv {
namespace {

static_assert(std::endian::native == std::endian::little, "page-table entries are read as host integers");

// II 4.4.1; N and PBMT by Svnapot and Svpbmt.
namespace pte {
constexpr u64 v = bit(0), r = bit(1), w = bit(2), x = bit(3), u = bit(4), a = bit(6), d = bit(7);
constexpr u64 reserved = u64{0x7f} << 54;
constexpr u32 pbmt_low = 61;
constexpr u64 pbmt = u64{3} << pbmt_low, n = bit(63);
constexpr u64 ppn(u64 entry) { return field(entry, 10, 44); }
} // namespace pte

constexpr u64 napot_pages = 16; // 64 KiB, the only size
constexpr u32 physical_address_bits = 56;

Fault fault(GuestVirtual address, MemoryAction action, Exception read, Exception write, Exception execute) {
    const Exception exception = action == MemoryAction::read ? read : action == MemoryAction::write ? write : execute;
    return {static_cast<u64>(exception), address.value};
}

u32 levels_of(u64 mode) { return static_cast<u32>(mode - satp::sv39) + 3; }

// All bits above the highest translated one must equal it (II 4.4.1, 4.5.1, 4.6.1).
bool canonical(u64 address, u32 levels) {
    const u32 unused = 64 - (page_shift + 9 * levels);
    return static_cast<u64>(static_cast<i64>(address << unused) >> unused) == address;
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

// II 3.1.6.3: MPRV moves loads and stores, not fetches, to the privilege in MPP.
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
    const Walk request{address, action, privilege};
    for (;;) {
        const auto leaf = walk(request, levels);
        if (!leaf) return std::unexpected(leaf.error());
        if (*leaf) return finish(**leaf, request);
    }
}

// The walker reads as supervisor, and its faults are those of the access it walks for (II 3.7.2, 4.3.2).
std::expected<Mmu::EntryPlace, Fault> Mmu::entry_place(u64 address, const Walk& walk) {
    const Window* window = reader_.find({address});
    const PmpPermission permission = pmp_.permission({address}, Privilege::supervisor);
    if (!window || !window->ram || window->size_bytes - (address - window->base.value) < sizeof(u64) ||
        !permission.read || permission.bytes < sizeof(u64))
        return std::unexpected(access_fault(walk.address, walk.action));
    const u64 offset = window->ram_offset + (address - window->base.value);
    // A window may start anywhere, a host word may not.
    if (offset % sizeof(u64) != 0) return std::unexpected(access_fault(walk.address, walk.action));
    return EntryPlace{reinterpret_cast<u64*>(window->ram->host() + offset), window->ram, offset, !window->read_only};
}

// II 4.3.2 steps 2 to 7, with the encodings that are reserved.
std::expected<std::optional<Mmu::Leaf>, Fault> Mmu::walk(const Walk& walk, u32 levels) {
    u64 table = (state_.satp & satp::ppn) << page_shift;
    for (u32 level = levels; level-- > 0;) {
        const u64 address = table + field(walk.address.value, page_shift + 9 * level, 9) * sizeof(u64);
        const auto place = entry_place(address, walk);
        if (!place) return std::unexpected(place.error());
        u64 entry = std::atomic_ref(*place->host).load(std::memory_order_acquire);
        if (malformed(entry, level)) return std::unexpected(page_fault(walk.address, walk.action));
        if ((entry & (pte::r | pte::x)) == 0) {
            table = pte::ppn(entry) << page_shift;
            continue;
        }
        if (!permitted(entry, walk.action, walk.privilege))
            return std::unexpected(page_fault(walk.address, walk.action));
        const auto current = update_leaf(entry, *place, {address}, walk);
        if (!current) return std::unexpected(current.error());
        if (!*current) return std::nullopt;
        return Leaf{entry, level};
    }
    return std::unexpected(page_fault(walk.address, walk.action));
}

bool Mmu::malformed(u64 entry, u32 level) const {
    if ((entry & pte::v) == 0 || (entry & (pte::r | pte::w)) == pte::w || (entry & pte::reserved) != 0) return true;
    if ((entry & (pte::r | pte::x)) == 0) return (entry & (pte::d | pte::a | pte::u | pte::n | pte::pbmt)) != 0;
    const u64 memory_type = field(entry, pte::pbmt_low, 2);
    if (memory_type == 3 || (memory_type != 0 && (state_.menvcfg & envcfg::pbmte) == 0)) return true;
    const u64 ppn = pte::ppn(entry);
    if ((ppn & (bit(9 * level) - 1)) != 0) return true; // misaligned superpage
    return (entry & pte::n) != 0 && (level != 0 || ppn % napot_pages != napot_pages / 2);
}

bool Mmu::permitted(u64 entry, MemoryAction action, Privilege privilege) const {
    const bool user_page = (entry & pte::u) != 0;
    if (privilege == Privilege::user && !user_page) return false;
    if (privilege == Privilege::supervisor && user_page &&
        (action == MemoryAction::execute || (state_.mstatus & mstatus::sum) == 0))
        return false;
    switch (action) {
    case MemoryAction::execute:
        return (entry & pte::x) != 0;
    case MemoryAction::write:
        return (entry & pte::w) != 0;
    case MemoryAction::read:
        break;
    }
    return (entry & pte::r) != 0 || ((entry & pte::x) != 0 && (state_.mstatus & mstatus::mxr) != 0);
}

std::expected<bool, Fault> Mmu::update_leaf(u64& entry, const EntryPlace& place, GuestPhysical pte_address,
                                            const Walk& walk) {
    const u64 wanted = entry | pte::a | (walk.action == MemoryAction::write ? pte::d : 0);
    if (wanted == entry) return true;
    if ((state_.menvcfg & envcfg::adue) == 0) return std::unexpected(page_fault(walk.address, walk.action));
    if (!place.writable || !pmp_.permission(pte_address, Privilege::supervisor).write)
        return std::unexpected(access_fault(walk.address, walk.action));
    if (!std::atomic_ref(*place.host).compare_exchange_strong(entry, wanted, std::memory_order_acq_rel)) return false;
    memory_.ram_written(*place.ram, place.ram_offset, sizeof(u64));
    entry = wanted;
    return true;
}

std::expected<Translation, Fault> Mmu::finish(const Leaf& leaf, const Walk& walk) const {
    u64 ppn = pte::ppn(leaf.pte);
    u64 size = page_size << (9 * leaf.level);
    if ((leaf.pte & pte::n) != 0) {
        ppn &= ~(napot_pages - 1);
        size = page_size * napot_pages;
    }
    const GuestPhysical address{ppn << page_shift | (walk.address.value & (size - 1))};
    const PmpPermission permission = pmp_.permission(address, walk.privilege);
    if (!permission.allows(walk.action)) return std::unexpected(access_fault(walk.address, walk.action));
    const bool writable =
        permission.write && (leaf.pte & pte::d) != 0 && permitted(leaf.pte, MemoryAction::write, walk.privilege);
    return Translation{address, size, writable, permission.whole_page, permission.bytes};
}

} // namespace orrery::riscv
