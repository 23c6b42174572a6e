// The slow side of guest memory accesses: what happens when the soft TLB in translated code has no answer.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/dbt/host_bytes.hpp"

namespace orrery::dbt {
namespace {

u64 extend(u64 value, ir::MemoryAccess access, bool sign) {
    const u32 unused = 64 - 8 * static_cast<u32>(access.size_bytes());
    value <<= unused;
    return sign ? static_cast<u64>(static_cast<i64>(value) >> unused) : value >> unused;
}

// Guest atomics are host atomics on the same bytes.
template <typename T> T apply(T* host, ir::AtomicOp op, T value) {
    using Signed = std::make_signed_t<T>;
    std::atomic_ref<T> memory(*host);
    const auto exchange = [&](auto&& next) {
        T old = memory.load();
        while (!memory.compare_exchange_weak(old, next(old))) {
        }
        return old;
    };
    switch (op) {
    case ir::AtomicOp::swap:
        return memory.exchange(value);
    case ir::AtomicOp::add:
        return memory.fetch_add(value);
    case ir::AtomicOp::xor_:
        return memory.fetch_xor(value);
    case ir::AtomicOp::and_:
        return memory.fetch_and(value);
    case ir::AtomicOp::or_:
        return memory.fetch_or(value);
    case ir::AtomicOp::min:
        return exchange([&](T old) { return static_cast<Signed>(old) < static_cast<Signed>(value) ? old : value; });
    case ir::AtomicOp::max:
        return exchange([&](T old) { return static_cast<Signed>(old) > static_cast<Signed>(value) ? old : value; });
    case ir::AtomicOp::minu:
        return exchange([&](T old) { return old < value ? old : value; });
    case ir::AtomicOp::maxu:
        return exchange([&](T old) { return old > value ? old : value; });
    }
    return 0;
}

template <typename T> bool swap_if_equal(u8* host, u64 expected, u64 value) {
    T wanted = static_cast<T>(expected);
    return std::atomic_ref<T>(*reinterpret_cast<T*>(host)).compare_exchange_strong(wanted, static_cast<T>(value));
}

DbtCpu& cpu_of(jit::Context* context) { return *static_cast<DbtCpu*>(context->engine); }

// What a faulting access yields to translated code is never looked at: the fault makes it leave.
u64 value_or_leave(DbtCpu& cpu, const std::expected<u64, Fault>& result) {
    if (result) return *result;
    cpu.leave_raising(result.error());
    return 0;
}

} // namespace

// Translates, and remembers the page for translated code if it is RAM.
std::expected<DbtCpu::Target, Fault> DbtCpu::resolve(GuestVirtual address, MemoryAction action, u64 size_bytes,
                                                     u8 mmu_index) {
    ++counts_.tlb_misses;
    const auto translation = frontend_.translate_address(address, action, mmu_index);
    if (!translation) return std::unexpected(translation.error());
    if (translation->bytes < size_bytes) return std::unexpected(frontend_.bus_fault(address, action));
    Target target{.physical = translation->address, .local = is_local(translation->address)};
    if (target.local) return target;
    const Window* window = reader_.find(translation->address);
    if (!window && frontend_.bus_is_open()) return target;
    if (!window) return std::unexpected(frontend_.bus_fault(address, action));
    const bool writing = action == MemoryAction::write;
    if (!window->ram || (writing && window->read_only)) return target;
    target.ram = window->ram;
    target.ram_offset = window->ram_offset + (translation->address - window->base);
    target.host = window->ram->host() + target.ram_offset;
    std::atomic<u8>& flags = window->ram->flags(target.ram_offset);
    target.tracked = (flags.load(std::memory_order_relaxed) & static_cast<u8>(PageFlag::tracked)) != 0;
    if (!translation->cacheable || mmu_index != 0 || on_watched_page(address.value)) return target;
    bool writable = (writing || translation->writable) && !window->read_only && !target.tracked;
    if (writable) {
        const u8 before = flags.fetch_or(static_cast<u8>(PageFlag::writable));
        writable = (before & static_cast<u8>(PageFlag::tracked)) == 0;
        target.tracked = !writable;
    }
    tlb_.fill_data(address, target.host, target.physical, translation->page_size_bytes, !writing, writable);
    return target;
}

// The same through the soft TLB, for what translated code leaves to C++ although its pages are there.
std::expected<DbtCpu::Target, Fault> DbtCpu::find_or_resolve(u64 address, bool write, ir::MemoryAccess access) {
    const jit::TlbEntry* entry = access.mmu_index == 0 ? tlb_.find_data(address, write) : nullptr;
    if (entry)
        return Target{.host = reinterpret_cast<u8*>(address + entry->addend),
                      .physical = {entry->physical + (address & (page_size - 1))}};
    return resolve({address}, write ? MemoryAction::write : MemoryAction::read, access.size_bytes(), access.mmu_index);
}

bool DbtCpu::on_watched_page(u64 address) const {
    const u64 page = address & ~(page_size - 1);
    const auto touches = [&](const Watch& watch) { return watch.overlaps(page, page_size); };
    return std::ranges::any_of(watches_, touches) || std::ranges::any_of(guest_watches_, touches);
}

// The fault that stands for a stop before an access, or for an instruction that has to be begun anew, unless none is
// wanted there.
std::optional<Fault> DbtCpu::watched(u64 address, u64 size_bytes, bool reads, bool writes, u8 mmu_index) {
    if (!watches_any()) return std::nullopt;
    const auto hit = [&](const Watch& watch) {
        return watch.overlaps(address, size_bytes) && ((watch.reads && reads) || (watch.writes && writes));
    };
    if (heeds_watches_ && std::ranges::any_of(watches_, hit)) {
        watch_hit_ = {address, size_bytes, writes};
        return Fault{watch_fault_code, address};
    }
    if (!std::ranges::any_of(guest_watches_, hit) || !frontend_.watches_accesses(mmu_index)) return std::nullopt;
    if (!alone_) return Fault{alone_fault_code, address};
    frontend_.note_access(address, size_bytes, writes);
    return std::nullopt;
}

// Of a store by translated code. One to a device may have raised an interrupt, moved a deadline or changed the memory
// map; loads don't: reading a register lowers interrupt lines at most. And the block that stored may be stale now, so
// that what follows is fetched again. Stores by helpers ask for nothing: nothing would look at it before another block
// does. A frontend ends the block behind them, and requests are looked at when the budget is used up.
void DbtCpu::after_store(u64 removals_before, u64 device_accesses_before) {
    const bool to_device = counts_.device_accesses != device_accesses_before;
    const bool asked = to_device && (requests_.load(std::memory_order_relaxed) != 0 || frontend_.wakes());
    if (!asked && translator_.removals() == removals_before) return;
    if (context_.leave == jit::LeaveRequest::none) context_.leave = jit::LeaveRequest::after;
}

// Since `target` was resolved another vCPU may have begun to track the page: either it reads the bytes that were stored
// or its flag is seen here. (Without `ram`, the store went by a direct write path, which is taken away before that.)
void DbtCpu::written(const Target& target, u64 size_bytes) {
    if (!target.ram) return;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const u8 flags = target.ram->flags(target.ram_offset).load(std::memory_order_relaxed);
    if ((flags & static_cast<u8>(PageFlag::tracked)) != 0)
        translator_.code_written(*target.ram, target.ram_offset, size_bytes);
}

bool DbtCpu::is_local(GuestPhysical address) const {
    const auto page = frontend_.local_page();
    return page && address - *page < page_size;
}

// The CPU's own registers may ask others for something, and so take locks. What isn't aligned comes as single bytes.
u64 DbtCpu::read_local(u64 offset, u64 size_bytes) {
    ExclusiveGate::Outside outside(translator_.gate());
    if (offset % size_bytes == 0) return frontend_.read_local(offset, width_of(size_bytes));
    u64 value = 0;
    for (u64 i = 0; i < size_bytes; ++i) value |= (frontend_.read_local(offset + i, Width::byte) & 0xff) << (8 * i);
    return value;
}

void DbtCpu::write_local(u64 offset, u64 value, u64 size_bytes) {
    ExclusiveGate::Outside outside(translator_.gate());
    if (offset % size_bytes == 0) return frontend_.write_local(offset, value, width_of(size_bytes));
    for (u64 i = 0; i < size_bytes; ++i) frontend_.write_local(offset + i, value >> (8 * i) & 0xff, Width::byte);
}

// What nobody answers is all ones; what isn't aligned comes as single bytes, lowest address first.
u64 DbtCpu::read_open_bus(AddressSpace& bus, GuestPhysical address, Width width) {
    ExclusiveGate::Outside outside(translator_.gate());
    if (address.value % bytes(width) == 0)
        if (const auto value = bus.read(address, width)) return *value;
    u64 value = 0;
    for (u64 i = 0; i < bytes(width); ++i) value |= bus.read(address + i, Width::byte).value_or(0xff) << (8 * i);
    return value;
}

void DbtCpu::write_open_bus(AddressSpace& bus, GuestPhysical address, u64 value, Width width) {
    ExclusiveGate::Outside outside(translator_.gate());
    if (address.value % bytes(width) == 0 && bus.write(address, value, width)) return;
    for (u64 i = 0; i < bytes(width); ++i) bus.write(address + i, value >> (8 * i) & 0xff, Width::byte);
}

// Empty: nothing answers there.
std::optional<u64> DbtCpu::read_bus(GuestPhysical address, u64 size_bytes) {
    AddressSpace& memory = environment_.memory();
    if (frontend_.bus_is_open()) return read_open_bus(memory, address, width_of(size_bytes));
    ExclusiveGate::Outside outside(translator_.gate());
    return memory.read(address, width_of(size_bytes));
}

bool DbtCpu::write_bus(GuestPhysical address, u64 value, u64 size_bytes) {
    AddressSpace& memory = environment_.memory();
    if (frontend_.bus_is_open()) {
        write_open_bus(memory, address, value, width_of(size_bytes));
        return true;
    }
    ExclusiveGate::Outside outside(translator_.gate());
    return memory.write(address, value, width_of(size_bytes));
}

std::expected<u64, Fault> DbtCpu::load_within_page(u64 address, u64 size_bytes, u8 mmu_index) {
    const auto target = resolve({address}, MemoryAction::read, size_bytes, mmu_index);
    if (!target) return std::unexpected(target.error());
    if (target->host) return load_host(target->host, size_bytes);
    ++counts_.device_accesses;
    if (target->local) return read_local(target->physical.value % page_size, size_bytes);
    const std::optional<u64> value = read_bus(target->physical, size_bytes);
    if (!value) return std::unexpected(frontend_.bus_fault({address}, MemoryAction::read));
    if (tracer_) trace_device(target->physical, size_bytes, false, *value);
    return *value;
}

void DbtCpu::trace_device(GuestPhysical address, u64 size_bytes, bool write, u64 value) {
    if (!tracer_->wants_devices()) return;
    const Window* window = reader_.find(address);
    if (!window || !window->io) return;
    tracer_->device(
        current_pc(), frontend_.key().mode, retired(),
        {window->name, address - window->base, value & mask(width_of(size_bytes)), static_cast<u8>(size_bytes), write});
}

std::expected<u64, Fault> DbtCpu::load_slow(u64 address, u64 size_bytes, u8 mmu_index) {
    if (const auto stop = watched(address, size_bytes, true, false, mmu_index)) return std::unexpected(*stop);
    if (!crosses_page(address, size_bytes)) return load_within_page(address, size_bytes, mmu_index);
    // Both pages are translated before a device behind either could see anything. Byte by byte, the bytes of the first
    // page come first, so that its fault wins.
    const u64 boundary = (address | (page_size - 1)) + 1;
    for (const u64 page : {address, boundary}) {
        const auto target = resolve({page}, MemoryAction::read, 1, mmu_index);
        if (!target) return std::unexpected(target.error());
    }
    u64 value = 0;
    for (u64 i = 0; i < size_bytes; ++i) {
        const auto byte = load_within_page(address + i, 1, mmu_index);
        if (!byte) return std::unexpected(byte.error());
        value |= *byte << (8 * i);
    }
    return value;
}

std::expected<void, Fault> DbtCpu::store_to(const Target& target, GuestVirtual address, u64 value, u64 size_bytes) {
    if (target.host) {
        store_host(target.host, value, size_bytes);
        written(target, size_bytes);
        return {};
    }
    ++counts_.device_accesses;
    if (target.local) {
        write_local(target.physical.value % page_size, value, size_bytes);
        return {};
    }
    if (!write_bus(target.physical, value, size_bytes))
        return std::unexpected(frontend_.bus_fault(address, MemoryAction::write));
    if (tracer_) trace_device(target.physical, size_bytes, true, value);
    return {};
}

std::expected<void, Fault> DbtCpu::store_slow(u64 address, u64 value, u64 size_bytes, u8 mmu_index) {
    if (const auto stop = watched(address, size_bytes, false, true, mmu_index)) return std::unexpected(*stop);
    if (!crosses_page(address, size_bytes)) {
        const auto target = resolve({address}, MemoryAction::write, size_bytes, mmu_index);
        if (!target) return std::unexpected(target.error());
        return store_to(*target, {address}, value, size_bytes);
    }
    const u64 boundary = (address | (page_size - 1)) + 1;
    const auto first = resolve({address}, MemoryAction::write, boundary - address, mmu_index);
    if (!first) return std::unexpected(first.error());
    const auto second = resolve({boundary}, MemoryAction::write, address + size_bytes - boundary, mmu_index);
    if (!second) return std::unexpected(second.error());
    for (u64 i = 0; i < size_bytes; ++i) {
        const u64 at = address + i;
        Target byte = at < boundary ? *first : *second;
        const u64 offset = at < boundary ? i : at - boundary;
        if (byte.host) byte.host += offset;
        byte.ram_offset += offset;
        byte.physical = byte.physical + offset;
        const auto stored = store_to(byte, {at}, (value >> (8 * i)) & 0xff, 1);
        if (!stored) return stored;
    }
    return {};
}

std::expected<u64, Fault> DbtCpu::amo_slow(u64 address, ir::MemoryAccess access, u64 value) {
    if (const auto stop = watched(address, access.size_bytes(), true, true)) return std::unexpected(*stop);
    if (address % access.size_bytes() != 0)
        return std::unexpected(frontend_.alignment_fault({address}, MemoryAction::write));
    const auto target = find_or_resolve(address, true, access);
    if (!target) return std::unexpected(target.error());
    if (!target->host) return std::unexpected(frontend_.bus_fault({address}, MemoryAction::write));
    const u64 old = access.size_log2 == 2
                        ? apply(reinterpret_cast<u32*>(target->host), access.atomic, static_cast<u32>(value))
                        : apply(reinterpret_cast<u64*>(target->host), access.atomic, value);
    written(*target, access.size_bytes());
    return extend(old, access, true);
}

std::expected<u64, Fault> DbtCpu::load_reserved_slow(u64 address, ir::MemoryAccess access) {
    if (const auto stop = watched(address, access.size_bytes(), true, false)) return std::unexpected(*stop);
    if (address % access.size_bytes() != 0)
        return std::unexpected(frontend_.alignment_fault({address}, MemoryAction::read));
    const auto target = find_or_resolve(address, false, access);
    if (!target) return std::unexpected(target.error());
    if (!target->host) return std::unexpected(frontend_.bus_fault({address}, MemoryAction::read));
    const u64 value = access.size_log2 == 2 ? std::atomic_ref<u32>(*reinterpret_cast<u32*>(target->host)).load()
                                            : std::atomic_ref<u64>(*reinterpret_cast<u64*>(target->host)).load();
    frontend_.reservation() = {1, target->physical.value, value};
    return extend(value, access, true);
}

std::expected<u64, Fault> DbtCpu::store_conditional_slow(u64 address, ir::MemoryAccess access, u64 value) {
    if (const auto stop = watched(address, access.size_bytes(), false, true)) return std::unexpected(*stop);
    if (address % access.size_bytes() != 0)
        return std::unexpected(frontend_.alignment_fault({address}, MemoryAction::write));
    const Reservation reservation = std::exchange(frontend_.reservation(), {});
    if (reservation.valid == 0) return 1;
    const auto target = find_or_resolve(address, true, access);
    if (!target) return std::unexpected(target.error());
    if (!target->host) return std::unexpected(frontend_.bus_fault({address}, MemoryAction::write));
    if (target->physical.value != reservation.address) return 1;
    const bool stored = access.size_log2 == 2 ? swap_if_equal<u32>(target->host, reservation.value, value)
                                              : swap_if_equal<u64>(target->host, reservation.value, value);
    if (stored) written(*target, access.size_bytes());
    return stored ? 0 : 1;
}

jit::SlowPaths DbtCpu::slow_paths() {
    return {
        .load =
            [](jit::Context* context, u64 address, u32 packed) {
                DbtCpu& cpu = cpu_of(context);
                const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
                return extend(value_or_leave(cpu, cpu.load_slow(address, access.size_bytes(), access.mmu_index)),
                              access, access.sign_extend);
            },
        .store =
            [](jit::Context* context, u64 address, u32 packed, u64 value) {
                DbtCpu& cpu = cpu_of(context);
                const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
                const u64 removals = cpu.translator_.removals();
                const u64 device_accesses = cpu.counts_.device_accesses;
                const auto stored = cpu.store_slow(address, value, access.size_bytes(), access.mmu_index);
                if (!stored) return cpu.leave_raising(stored.error());
                cpu.after_store(removals, device_accesses);
            },
        .amo =
            [](jit::Context* context, u64 address, u32 packed, u64 value) {
                DbtCpu& cpu = cpu_of(context);
                return value_or_leave(cpu,
                                      cpu.amo_slow(address, ir::MemoryAccess::unpack(static_cast<u16>(packed)), value));
            },
        .load_reserved =
            [](jit::Context* context, u64 address, u32 packed) {
                DbtCpu& cpu = cpu_of(context);
                return value_or_leave(
                    cpu, cpu.load_reserved_slow(address, ir::MemoryAccess::unpack(static_cast<u16>(packed))));
            },
        .store_conditional =
            [](jit::Context* context, u64 address, u32 packed, u64 value) {
                DbtCpu& cpu = cpu_of(context);
                return value_or_leave(cpu, cpu.store_conditional_slow(
                                               address, ir::MemoryAccess::unpack(static_cast<u16>(packed)), value));
            },
    };
}

} // namespace orrery::dbt
