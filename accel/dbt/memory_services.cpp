// Guest memory and ports for a frontend: what helpers and the delivery of exceptions access, and what a trace or a
// watchpoint wants to know of it.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/dbt/host_bytes.hpp"

namespace orrery::dbt {
namespace {

template <typename T> u64 update_host(u8* host, const std::function<u64(u64)>& next) {
    std::atomic_ref<T> memory(*reinterpret_cast<T*>(host));
    T old = memory.load();
    while (!memory.compare_exchange_weak(old, static_cast<T>(next(old)))) {
    }
    return old;
}

u64 update_host(u8* host, u64 size_bytes, const std::function<u64(u64)>& next) {
    switch (size_bytes) {
    case 1:
        return update_host<u8>(host, next);
    case 2:
        return update_host<u16>(host, next);
    case 4:
        return update_host<u32>(host, next);
    default:
        return update_host<u64>(host, next);
    }
}

} // namespace

// Where the soft TLB has the answer to an access that comes from C++; null if it hasn't.
u8* DbtCpu::remembered_host(u64 address, u64 size_bytes, bool write, u8 mmu_index) const {
    if (mmu_index != 0 || crosses_page(address, size_bytes)) return nullptr;
    const jit::TlbEntry* entry = tlb_.find_data(address, write);
    return entry ? reinterpret_cast<u8*>(address + entry->addend) : nullptr;
}

std::expected<std::span<u8>, Fault> DbtCpu::direct(GuestVirtual address, u64 size_bytes, MemoryAction action) {
    const bool write = action == MemoryAction::write;
    if (observes_data_) return std::span<u8>{};
    u8* host = remembered_host(address.value, 1, write, 0);
    if (!host) {
        const auto target = resolve(address, action, 1, 0);
        if (!target) return std::unexpected(target.error());
        // What isn't remembered now is a device, or memory whose stores someone has to hear of.
        host = remembered_host(address.value, 1, write, 0);
        if (!host) return std::span<u8>{};
    }
    return std::span(host, std::min(size_bytes, page_size - (address.value & (page_size - 1))));
}

std::expected<u64, Fault> DbtCpu::load(GuestVirtual address, Width width, u8 mmu_index) {
    if (const u8* host = unobserved_host(address.value, bytes(width), false, mmu_index))
        return load_host(host, bytes(width));
    // What was remembered counts also while a trace looks on: the guest may have changed its tables since.
    const u8* host = !watches_any() ? remembered_host(address.value, bytes(width), false, mmu_index) : nullptr;
    const auto value = host ? load_host(host, bytes(width)) : load_slow(address.value, bytes(width), mmu_index);
    if (value) trace_memory(address.value, bytes(width), false, *value);
    return value;
}

std::expected<void, Fault> DbtCpu::store(GuestVirtual address, u64 value, Width width, u8 mmu_index) {
    if (u8* host = unobserved_host(address.value, bytes(width), true, mmu_index)) {
        store_host(host, value, bytes(width));
        return {};
    }
    if (u8* host = !watches_any() ? remembered_host(address.value, bytes(width), true, mmu_index) : nullptr) {
        store_host(host, value, bytes(width));
    } else if (const auto stored = store_slow(address.value, value, bytes(width), mmu_index); !stored) {
        return stored;
    }
    trace_memory(address.value, bytes(width), true, value);
    return {};
}

void DbtCpu::trace_memory(u64 address, u64 size_bytes, bool write, u64 value) {
    if (tracer_) tracer_->accessed_by_helper(address, size_bytes, write, value & mask(width_of(size_bytes)));
}

std::expected<u64, Fault> DbtCpu::update(GuestVirtual address, Width width, const std::function<u64(u64 old)>& next) {
    const auto old = update_memory(address, width, next);
    if (!old || !observes_data_) return old;
    trace_memory(address.value, bytes(width), false, *old);
    trace_memory(address.value, bytes(width), true, next(*old));
    return old;
}

std::expected<u64, Fault> DbtCpu::update_memory(GuestVirtual address, Width width,
                                                const std::function<u64(u64 old)>& next) {
    const u64 size = bytes(width);
    if (const auto stop = watched(address.value, size, true, true)) return std::unexpected(*stop);
    const u64 on_first = std::min(size, page_size - (address.value & (page_size - 1)));
    const auto first = resolve(address, MemoryAction::write, on_first, 0);
    if (!first) return std::unexpected(first.error());
    const auto second = on_first == size ? first : resolve(address + on_first, MemoryAction::write, size - on_first, 0);
    if (!second) return std::unexpected(second.error());
    if (!first->host || !second->host) { // devices have no such cycle
        const auto old = load_slow(address.value, size, 0);
        if (!old) return old;
        const auto stored = store_slow(address.value, next(*old), size, 0);
        if (!stored) return std::unexpected(stored.error());
        return old;
    }
    u64 old = 0;
    if (address.value % size == 0) {
        old = update_host(first->host, size, next);
    } else { // no host instruction does it at one stroke, so the other CPUs stop meanwhile
        translator_.gate().run_exclusive([&] {
            std::memcpy(&old, first->host, on_first);
            std::memcpy(reinterpret_cast<u8*>(&old) + on_first, second->host, size - on_first);
            const u64 value = next(old);
            std::memcpy(first->host, &value, on_first);
            std::memcpy(second->host, reinterpret_cast<const u8*>(&value) + on_first, size - on_first);
        });
    }
    written(*first, on_first);
    if (on_first != size) written(*second, size - on_first);
    return old;
}

std::expected<EngineServices::Pair, Fault> DbtCpu::compare_exchange_pair(GuestVirtual address, const Pair& expected,
                                                                         const Pair& replacement) {
    const auto old = compare_exchange_memory(address, expected, replacement);
    if (!old || !observes_data_) return old;
    constexpr u64 half = sizeof(u64);
    for (const u64 i : {u64{0}, u64{1}}) trace_memory(address.value + half * i, half, false, (*old)[i]);
    if (*old != expected) return old;
    for (const u64 i : {u64{0}, u64{1}}) trace_memory(address.value + half * i, half, true, replacement[i]);
    return old;
}

std::expected<EngineServices::Pair, Fault> DbtCpu::compare_exchange_memory(GuestVirtual address, const Pair& expected,
                                                                           const Pair& replacement) {
    constexpr u64 size = sizeof(Pair);
    if (const auto stop = watched(address.value, size, true, true)) return std::unexpected(*stop);
    const auto target = resolve(address, MemoryAction::write, size, 0);
    if (!target) return std::unexpected(target.error());
    if (!target->host) return std::unexpected(frontend_.bus_fault(address, MemoryAction::write));
    Pair old{};
    // Compilers have no inline form of it that every host takes.
    translator_.gate().run_exclusive([&] {
        std::memcpy(old.data(), target->host, size);
        if (old == expected) std::memcpy(target->host, replacement.data(), size);
    });
    written(*target, size);
    return old;
}

std::expected<void, Fault> DbtCpu::zero(GuestVirtual address, u64 size_bytes) {
    if (const auto stop = watched(address.value, size_bytes, false, true)) return std::unexpected(*stop);
    const auto target = resolve(address, MemoryAction::write, size_bytes, 0);
    if (!target) return std::unexpected(target.error());
    if (!target->host) return std::unexpected(frontend_.bus_fault(address, MemoryAction::write));
    std::memset(target->host, 0, size_bytes);
    written(*target, size_bytes);
    if (tracer_) tracer_->zeroed(address.value, size_bytes);
    return {};
}

u64 DbtCpu::read_port(u16 port, Width width) {
    const u64 value = read_open_bus(environment_.ports(), {port}, width);
    return value & mask(width);
}

void DbtCpu::write_port(u16 port, u64 value, Width width) {
    write_open_bus(environment_.ports(), {port}, value, width);
}

void DbtCpu::run_waiting(const std::function<void()>& work) {
    ExclusiveGate::Outside outside(translator_.gate());
    work();
}

} // namespace orrery::dbt
