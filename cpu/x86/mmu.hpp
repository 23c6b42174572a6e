// Address translation from linear to physical (SDM 3A chapter 4): no paging, 32-bit, PAE, 4-level and 5-level paging,
// with the access rights of 4.6 (WP, NX, SMEP, SMAP) and the accessed and dirty flags of 4.8, which are set atomically.
// Walks guest RAM on the CPU's own thread. Remembers nothing: the engine's soft TLB does.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "cpu/x86/fault.hpp"
#include "cpu/x86/paging.hpp"
#include "machine/fabric/address_space.hpp"

namespace orrery::x86 {

// MemoryAccess::mmu_index: as the code that runs; as the CPU itself, which reads descriptors and task states with
// supervisor rights in any privilege (SDM 3A 4.6.1, implicit accesses); likewise to the stack of an inner privilege.
inline constexpr u8 explicit_access = 0;
inline constexpr u8 implicit_access = 1;
inline constexpr u8 inner_stack_access = 2;

// The space in which engines remember translations: the PCID where there are such, else the tables' root, for a load of
// CR3 forgets only what the root it loads gave (SDM 3A 4.10.4.1 lets us forget less than all).
inline constexpr u64 space_of_pcids = u64{1} << 63;
constexpr u64 space_of_pcid(u64 pcid) { return space_of_pcids | pcid; }
constexpr u64 space_of(const State& state) {
    return (state.cr4 & cr4::pcide) != 0 ? space_of_pcid(state.cr3 & cr3::pcid) : state.cr3 | 1;
}

class Mmu {
public:
    Mmu(State& state, AddressSpace& memory) : state_(state), memory_(memory), reader_(memory) {}

    [[nodiscard]] AddressContext context() const;
    // Sets A and D as `action` needs. The physical address is not checked to be there.
    std::expected<Translation, Fault> translate(u64 linear, MemoryAction action, u8 mmu_index);
    // With PAE paging, what a load of CR3 does: reads the four PDPTEs, or #GP(0) (SDM 3A 4.4.1).
    std::expected<std::array<u64, 4>, Fault> read_pdptes(u64 cr3);

    // The way of a supervisor's read through the tables, whatever they permit. Changes nothing.
    struct Inspection {
        struct Entry {
            GuestPhysical address;
            u64 value = 0;
            u32 level = 0;
        };
        // How it ended: at a page, or at an entry that leads no further or isn't in RAM.
        enum class End : u8 { page, not_present, reserved, no_memory };
        PagingMode mode = PagingMode::none;
        bool canonical = true;
        End end = End::page;
        std::vector<Entry> entries; // in the order they were read
        std::optional<GuestPhysical> address;
        u64 page_size_bytes = page_size;
        bool answered = false; // a window of the bus holds it
    };
    [[nodiscard]] Inspection inspect(u64 linear) const;
    // What lies at a linear address, by the same way, if all of it is memory. At most 8 bytes, least significant first.
    [[nodiscard]] std::optional<u64> peek(u64 linear, u32 size_bytes) const;
    [[nodiscard]] const AddressSpace& memory() const { return memory_; }

private:
    struct Request {
        u64 linear;
        MemoryAction action;
        bool user;
        bool explicit_data; // SMAP heeds EFLAGS.AC
    };
    // An entry's place in guest RAM.
    struct EntryPlace {
        u8* host = nullptr;
        Ram* ram = nullptr;
        u64 ram_offset = 0;
        bool writable = false;
    };
    struct Step {
        u64 value = 0;
        u32 level = 0;
        u64 address = 0;
        EntryPlace place;
    };
    struct Path {
        std::array<Step, 5> steps;
        u32 count = 0;
        u64 rights = entry::writable | entry::user; // what all entries grant
        bool no_execute = false;
        [[nodiscard]] const Step& leaf() const { return steps[count - 1]; }
    };
    using End = Inspection::End;

    template <typename Seen> End descend(u64 linear, AddressSpace::Reader& reader, Path& path, Seen seen) const;
    [[nodiscard]] EntryPlace entry_place(u64 address, u32 size_bytes, AddressSpace::Reader& reader) const;
    [[nodiscard]] u64 top_table(u64 linear) const;
    [[nodiscard]] bool permitted(const Path& path, const Request& request) const;
    // False: another agent changed an entry meanwhile, and the walk must start again.
    bool set_flags(Path& path, bool dirty);
    [[nodiscard]] Fault fault(const Request& request, u32 bits) const;
    [[nodiscard]] u64 physical(u64 address) const { return state_.a20 ? address : address & ~(u64{1} << 20); }

    State& state_;
    AddressSpace& memory_;
    AddressSpace::Reader reader_;
};

} // namespace orrery::x86
