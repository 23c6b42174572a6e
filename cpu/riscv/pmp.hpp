// Physical memory protection (II 3.7): 16 entries with a granularity of four bytes. Keeps the entries decoded, since
// every step of a page-table walk asks.
#pragma once

#include <array>

#include "cpu/riscv/state.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::riscv {

struct PmpPermission {
    bool read = false;
    bool write = false;
    bool execute = false;
    bool whole_page = true; // the same for every byte of the 4 KiB page
    // From the address on, as far as the entry that decides it reaches, at most to the end of the page. An access that
    // goes further matches an entry in part only and fails (3.7.1.2).
    u64 bytes = page_size;

    [[nodiscard]] bool allows(MemoryAction action) const {
        return action == MemoryAction::read ? read : action == MemoryAction::write ? write : execute;
    }
};

class Pmp {
public:
    explicit Pmp(State& state) : state_(state) { decode(); }

    // Takes the entries from the state again.
    void decode();
    // What `privilege` may do with the bytes from `address` on.
    [[nodiscard]] PmpPermission permission(GuestPhysical address, Privilege privilege) const;

    // CSR accesses, with lock bits and reserved encodings (3.7.1). `first` is 0 or 8. True: something changed.
    [[nodiscard]] u64 read_configuration(u32 first) const;
    bool write_configuration(u32 first, u64 value);
    bool write_address(u32 entry, u64 value);

private:
    struct Region {
        u64 first;
        u64 last;
        u8 configuration;
    };
    [[nodiscard]] bool locked(u32 entry) const;

    State& state_;
    std::array<Region, pmp_entries> regions_{}; // the entries that are on, in order of priority
    u32 region_count_ = 0;
    bool any_locked_ = false;
};

} // namespace orrery::riscv
