// Address translation (II 4.3–4.5, Svnapot, Svpbmt, Svadu): Sv39, Sv48, Sv57 and Bare, with the checks of physical
// memory protection. Walks guest RAM on the hart's own thread. Remembers nothing: the engine's soft TLB does.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "cpu/riscv/page_table.hpp"
#include "cpu/riscv/pmp.hpp"
#include "cpu/riscv/state.hpp"
#include "machine/fabric/address_space.hpp"

namespace orrery::riscv {

// The space in which engines remember what `satp` gives: its MODE and ASID; 0 is Bare, and machine mode.
constexpr u64 space_of(u64 satp) { return satp >> 44; }

class Mmu {
public:
    Mmu(State& state, AddressSpace& memory, const Pmp& pmp)
        : state_(state), memory_(memory), reader_(memory), pmp_(pmp) {}

    [[nodiscard]] AddressContext context() const;
    // Sets A and D as `action` needs. The physical address is not checked to be there.
    // `page_size_bytes` is the size of the leaf; permissions are those of the 4 KiB page around the address, since
    // physical memory protection may cut a larger one.
    std::expected<Translation, Fault> translate(GuestVirtual address, MemoryAction action);
    [[nodiscard]] const AddressSpace& memory() const { return memory_; }
    // Whether a window of the bus holds `address`.
    [[nodiscard]] bool is_mapped(GuestPhysical address) { return reader_.find(address) != nullptr; }

    // The way of a load in the present mode through the tables, whatever they permit. Changes nothing.
    struct Inspection {
        struct Entry {
            GuestPhysical address;
            u64 value = 0;
            u32 level = 0;
        };
        Privilege privilege = Privilege::machine; // that loads and stores have
        u32 levels = 0;                           // 0: addresses are physical
        bool canonical = true;
        bool updatable = false;     // the leaf lies where A and D can be set
        bool answered = false;      // a window of the bus holds what was reached
        std::vector<Entry> entries; // in the order they were read
        std::optional<Reach> reach; // empty: the way ends at the last entry, or the next one isn't readable RAM
    };
    [[nodiscard]] Inspection inspect(GuestVirtual address) const;
    // II 3.1.6.3: MPRV moves loads and stores, not fetches, to the privilege in MPP.
    [[nodiscard]] Privilege effective_privilege(MemoryAction action) const;

private:
    // A page-table entry's place in guest RAM.
    struct EntryPlace {
        u64* host;
        Ram* ram;
        u64 ram_offset;
        bool writable;
    };
    struct Leaf {
        u64 pte;
        u32 level;
        GuestPhysical pte_address;
        EntryPlace place;
    };
    struct Walk {
        GuestVirtual address;
        MemoryAction action;
        Privilege privilege;
        AddressSpace::Reader& reader;
    };

    std::expected<Translation, Fault> untranslated(GuestVirtual address, MemoryAction action,
                                                   Privilege privilege) const;
    template <typename Seen> std::expected<Leaf, Fault> descend(const Walk& walk, u32 levels, Seen seen) const;
    // Empty: another agent changed the leaf during the walk, which must start again.
    std::expected<std::optional<Leaf>, Fault> walk(const Walk& walk, u32 levels);
    std::expected<EntryPlace, Fault> entry_place(u64 address, const Walk& walk) const;
    // False: as for walk().
    std::expected<bool, Fault> update_leaf(Leaf& leaf, const Walk& walk);
    void inspect_tables(GuestVirtual address, AddressSpace::Reader& reader, Inspection& found) const;
    [[nodiscard]] bool may_update(const Leaf& leaf) const;
    [[nodiscard]] bool permitted(u64 pte, MemoryAction action, Privilege privilege) const;
    std::expected<Translation, Fault> finish(const Leaf& leaf, const Walk& walk) const;

    State& state_;
    AddressSpace& memory_;
    AddressSpace::Reader reader_;
    const Pmp& pmp_;
};

// The faults of an access, with the address as their value.
Fault page_fault(GuestVirtual address, MemoryAction action);
Fault access_fault(GuestVirtual address, MemoryAction action);
Fault misaligned_fault(GuestVirtual address, MemoryAction action);

} // namespace orrery::riscv
