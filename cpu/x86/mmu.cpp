#include "cpu/x86/mmu.hpp"

#include <atomic>
#include <bit>
#include <cstring>

namespace orrery::x86 {
namespace {

static_assert(std::endian::native == std::endian::little, "entries are read as host integers");

u64 load_entry(const u8* host, u32 size_bytes) {
    auto* place = const_cast<u8*>(host);
    if (size_bytes == 4) return std::atomic_ref(*reinterpret_cast<u32*>(place)).load(std::memory_order_acquire);
    return std::atomic_ref(*reinterpret_cast<u64*>(place)).load(std::memory_order_acquire);
}

template <typename Integer> bool replace(u8* host, u64 old_value, u64 new_value) {
    auto expected = static_cast<Integer>(old_value);
    return std::atomic_ref(*reinterpret_cast<Integer*>(host))
        .compare_exchange_strong(expected, static_cast<Integer>(new_value), std::memory_order_acq_rel);
}

bool replace_entry(u8* host, u32 size_bytes, u64 old_value, u64 new_value) {
    return size_bytes == 4 ? replace<u32>(host, old_value, new_value) : replace<u64>(host, old_value, new_value);
}

bool is_user(const State& state) { return state.segment(Segment::ss).dpl() == 3; }

} // namespace

// data_view: 0 user, 1 supervisor that user pages are open to, 2 supervisor that they are closed to (SMAP); plus 4
// where read-only pages bind the supervisor (WP). Without paging all are alike, but for A20.
AddressContext Mmu::context() const {
    AddressContext context;
    if (paging_mode(state_) == PagingMode::none) {
        context.data_view = state_.a20 ? 8 : 9;
        context.execute_mode = context.data_view;
        return context;
    }
    const bool user = is_user(state_);
    const bool closed = !user && (state_.cr4 & cr4::smap) != 0 && (state_.rflags & flag::alignment_check) == 0;
    const bool protects = (state_.cr0 & cr0::wp) != 0;
    context.data_view = user ? 0 : (closed ? 2 : 1) + (protects ? 4 : 0);
    context.execute_mode = user ? 0 : 1;
    context.space = space_of(state_);
    return context;
}

u64 Mmu::top_table(u64 linear) const {
    const PagingMode mode = paging_mode(state_);
    if (mode == PagingMode::two_levels) return state_.cr3 & 0xffff'f000;
    if (mode == PagingMode::pae) return state_.pdptes[linear >> 30 & 3] & entry::address;
    return state_.cr3 & entry::address;
}

Mmu::EntryPlace Mmu::entry_place(u64 address, u32 size_bytes, AddressSpace::Reader& reader) const {
    const GuestPhysical at{physical(address)};
    const Window* window = reader.find(at);
    if (!window || !window->ram || window->size_bytes - (at - window->base) < size_bytes) return {};
    const u64 offset = window->ram_offset + (at - window->base);
    // A window may start anywhere, a host word may not.
    if (offset % size_bytes != 0) return {};
    return {window->ram->host() + offset, window->ram, offset, !window->read_only};
}

// `seen` gets every entry that was read.
template <typename Seen> Mmu::End Mmu::descend(u64 linear, AddressSpace::Reader& reader, Path& path, Seen seen) const {
    const PagingMode mode = paging_mode(state_);
    const PagingLayout layout = layout_of(mode);
    if (mode == PagingMode::pae && (state_.pdptes[linear >> 30 & 3] & entry::present) == 0) return End::not_present;
    u64 table = top_table(linear);
    for (u32 level = layout.levels; level-- > 0;) {
        const u64 address = table + layout.index(linear, level) * layout.entry_bytes;
        const EntryPlace place = entry_place(address, layout.entry_bytes, reader);
        if (!place.host) return End::no_memory;
        const u64 value = load_entry(place.host, layout.entry_bytes);
        seen(GuestPhysical{address}, value, level);
        if ((value & entry::present) == 0) return End::not_present;
        path.steps[path.count++] = {value, level, address, place};
        if ((value & reserved_bits(mode, level, value, state_)) != 0) return End::reserved;
        path.rights &= value;
        path.no_execute |= (value & entry::no_execute) != 0;
        if (maps_page(mode, level, value, state_)) return End::page;
        table = value & entry::address;
    }
    return End::not_present;
}

// SDM 3A 4.6.1
bool Mmu::permitted(const Path& path, const Request& request) const {
    const bool user_page = (path.rights & entry::user) != 0;
    const bool writable = (path.rights & entry::writable) != 0;
    if (request.action == MemoryAction::execute) {
        if (path.no_execute && (state_.efer & efer::nxe) != 0) return false;
        return request.user ? user_page : !(user_page && (state_.cr4 & cr4::smep) != 0);
    }
    const bool write = request.action == MemoryAction::write;
    if (request.user) return user_page && (writable || !write);
    if (user_page && (state_.cr4 & cr4::smap) != 0) {
        const bool opened = request.explicit_data && (state_.rflags & flag::alignment_check) != 0;
        if (!opened) return false;
    }
    return !write || writable || (state_.cr0 & cr0::wp) == 0;
}

// SDM 3A 4.8: A in every entry that was used, D in the one that maps the page.
bool Mmu::set_flags(Path& path, bool dirty) {
    const u32 size = layout_of(paging_mode(state_)).entry_bytes;
    for (u32 i = 0; i < path.count; ++i) {
        Step& step = path.steps[i];
        const u64 wanted = step.value | entry::accessed | (dirty && i + 1 == path.count ? entry::dirty : 0);
        // Tables in ROM keep their flags, as they would on a real bus.
        if (wanted == step.value || !step.place.writable) continue;
        if (!replace_entry(step.place.host, size, step.value, wanted)) return false;
        memory_.ram_written(*step.place.ram, step.place.ram_offset, size);
        step.value = wanted;
    }
    return true;
}

Fault Mmu::fault(const Request& request, u32 bits) const {
    const bool tells_fetch = (state_.cr4 & cr4::smep) != 0 ||
                             ((state_.efer & efer::nxe) != 0 && paging_mode(state_) != PagingMode::two_levels);
    if (request.action == MemoryAction::write) bits |= page_fault_code::write;
    if (request.user) bits |= page_fault_code::user;
    if (request.action == MemoryAction::execute && tells_fetch) bits |= page_fault_code::fetch;
    return page_fault(request.linear, bits);
}

std::expected<Translation, Fault> Mmu::translate(u64 linear, MemoryAction action, u8 mmu_index) {
    const PagingMode mode = paging_mode(state_);
    if (mode == PagingMode::none) return Translation{.address = {physical(linear)}, .writable = true};
    const Request request{linear, action, is_user(state_) && mmu_index == explicit_access,
                          mmu_index == explicit_access};
    if (const PagingLayout layout = layout_of(mode);
        layout.levels > 2 && !canonical(linear, layout.shift(layout.levels)))
        return std::unexpected(not_canonical(linear));
    for (;;) {
        Path path;
        switch (descend(linear, reader_, path, [](GuestPhysical, u64, u32) {})) {
        case End::not_present:
        case End::no_memory: // reads as all ones or zeroes on real machines; here it is simply not there
            return std::unexpected(fault(request, 0));
        case End::reserved:
            return std::unexpected(fault(request, page_fault_code::present | page_fault_code::reserved_bit));
        case End::page:
            break;
        }
        if (!permitted(path, request)) return std::unexpected(fault(request, page_fault_code::present));
        if (!set_flags(path, action == MemoryAction::write)) continue;
        const Step& leaf = path.leaf();
        const u64 size = u64{1} << layout_of(mode).shift(leaf.level);
        const u64 base = page_base(mode, leaf.level, leaf.value);
        Request write = request;
        write.action = MemoryAction::write;
        return Translation{.address = {physical(base + (linear & (size - 1)))},
                           // A gate in the middle of a large page would otherwise be forgotten.
                           .page_size_bytes = state_.a20 ? size : page_size,
                           .writable = (leaf.value & entry::dirty) != 0 && permitted(path, write)};
    }
}

std::expected<std::array<u64, 4>, Fault> Mmu::read_pdptes(u64 cr3) {
    std::array<u64, 4> read{};
    const u64 table = cr3 & 0xffff'ffe0;
    for (u32 i = 0; i < read.size(); ++i) {
        const EntryPlace place = entry_place(table + i * sizeof(u64), sizeof(u64), reader_);
        read[i] = place.host ? load_entry(place.host, sizeof(u64)) : 0;
        if ((read[i] & entry::present) != 0 && (read[i] & reserved_bits_of_pdpte()) != 0)
            return std::unexpected(general_protection());
    }
    return read;
}

Mmu::Inspection Mmu::inspect(u64 linear) const {
    Inspection found;
    found.mode = paging_mode(state_);
    AddressSpace::Reader reader(memory_); // the CPU's own belongs to its thread
    if (found.mode == PagingMode::none) {
        found.address = GuestPhysical{physical(linear)};
    } else {
        const PagingLayout layout = layout_of(found.mode);
        if (layout.levels > 2) found.canonical = canonical(linear, layout.shift(layout.levels));
        Path path;
        found.end = found.canonical ? descend(linear, reader, path,
                                              [&](GuestPhysical place, u64 value, u32 level) {
                                                  found.entries.push_back({place, value, level});
                                              })
                                    : End::not_present;
        if (found.end == End::page) {
            const Step& leaf = path.leaf();
            found.page_size_bytes = u64{1} << layout.shift(leaf.level);
            const u64 base = page_base(found.mode, leaf.level, leaf.value);
            found.address = GuestPhysical{physical(base + (linear & (found.page_size_bytes - 1)))};
        }
    }
    found.answered = found.address && reader.find(*found.address) != nullptr;
    return found;
}

std::optional<u64> Mmu::peek(u64 linear, u32 size_bytes) const {
    u64 value = 0;
    for (u32 i = 0; i < size_bytes; ++i) {
        const auto place = inspect(linear + i).address;
        u8 byte = 0;
        if (!place || !memory_.read_memory(*place, {&byte, 1})) return std::nullopt;
        value |= u64{byte} << (8 * i);
    }
    return value;
}

} // namespace orrery::x86
