// What is done about each of KVM's exits (API document, "The kvm_run structure").
#include <cstring>

#include "accel/dbt/translator.hpp"
#include "accel/kvm/x86/kvm_cpu.hpp"
#include "accel/kvm/x86/machine.hpp"
#include "cpu/x86/msr.hpp"

namespace orrery::kvm {
namespace {

// On a bus where nobody answers, reads are all ones. What isn't aligned, or of no width that there is, comes as single
// bytes, lowest address first.
bool is_whole(u64 address, u64 size_bytes) {
    return (size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8) && address % size_bytes == 0;
}

u64 read_bus(AddressSpace& bus, GuestPhysical address, u64 size_bytes) {
    if (is_whole(address.value, size_bytes))
        if (const auto value = bus.read(address, static_cast<Width>(size_bytes))) return *value;
    u64 value = 0;
    for (u64 i = 0; i < size_bytes; ++i) value |= (bus.read(address + i, Width::byte).value_or(0xff) & 0xff) << (8 * i);
    return value;
}

void write_bus(AddressSpace& bus, GuestPhysical address, u64 value, u64 size_bytes) {
    if (is_whole(address.value, size_bytes) && bus.write(address, value, static_cast<Width>(size_bytes))) return;
    for (u64 i = 0; i < size_bytes; ++i) bus.write(address + i, value >> (8 * i) & 0xff, Width::byte);
}

constexpr u32 time_stamp_counter = 0x10, tsc_adjust = 0x3b;

} // namespace

KvmCpu::Next KvmCpu::handle_exit() {
    const kvm_run& exit = vcpu_->shared();
    switch (exit.exit_reason) {
    case KVM_EXIT_IO:
        return handle_io();
    case KVM_EXIT_MMIO:
        return handle_mmio();
    case KVM_EXIT_X86_RDMSR:
        return read_msr();
    case KVM_EXIT_X86_WRMSR:
        return write_msr();
    case KVM_EXIT_IOAPIC_EOI:
        return end_of_interrupt();
    case KVM_EXIT_HLT:
        return Next::halted;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_SET_TPR:
    case KVM_EXIT_INTR:
        return Next::run;
    case KVM_EXIT_SHUTDOWN:
        return Next::shutdown;
    case KVM_EXIT_INTERNAL_ERROR:
        return internal_error();
    case KVM_EXIT_DIRTY_RING_FULL:
        return dirty_ring_full();
    case KVM_EXIT_FAIL_ENTRY:
        return fail(fmt::format("the processor refuses to enter the guest (KVM_EXIT_FAIL_ENTRY, reason {:#x}) at {:#x}",
                                u64{exit.fail_entry.hardware_entry_failure_reason}, pc()));
    case KVM_EXIT_UNKNOWN:
        return fail(fmt::format("the kernel doesn't know the processor's exit (KVM_EXIT_UNKNOWN, reason {:#x})",
                                u64{exit.hw.hardware_exit_reason}));
    default:
        return fail(fmt::format("an exit of kind {} came, which nothing here asks for", exit.exit_reason));
    }
}

KvmCpu::Next KvmCpu::handle_io() {
    const kvm_run& exit = vcpu_->shared();
    u8* data = vcpu_->io_data();
    const u8 size = exit.io.size;
    if (!data || !is_whole(0, size) || size > 4) return fail("the bytes of KVM_EXIT_IO aren't where they should be");
    ++counts_.port_exits;
    AddressSpace& ports = shared_.environment.ports();
    const GuestPhysical port{exit.io.port};
    // A device may make another exit of the shared pages' contents: not while this one is handled.
    const bool out = exit.io.direction == KVM_EXIT_IO_OUT;
    for (u32 i = 0; i < exit.io.count; ++i, data += size) {
        u64 value = 0;
        if (out) {
            std::memcpy(&value, data, size);
            write_bus(ports, port, value, size);
        } else {
            value = read_bus(ports, port, size);
            std::memcpy(data, &value, size);
        }
    }
    return Next::run;
}

KvmCpu::Next KvmCpu::handle_mmio() {
    kvm_run& exit = vcpu_->shared();
    if (exit.mmio.len == 0 || exit.mmio.len > sizeof exit.mmio.data)
        return fail(fmt::format("KVM_EXIT_MMIO has {} bytes", u32{exit.mmio.len}));
    ++counts_.memory_exits;
    u64 value = 0;
    if (exit.mmio.is_write) {
        std::memcpy(&value, exit.mmio.data, exit.mmio.len);
        write_memory({exit.mmio.phys_addr}, value, exit.mmio.len);
    } else {
        value = read_memory({exit.mmio.phys_addr}, exit.mmio.len);
        std::memcpy(exit.mmio.data, &value, exit.mmio.len);
    }
    return Next::run;
}

// The page of the CPU's own APIC isn't on the bus.
u64 KvmCpu::read_memory(GuestPhysical address, u64 size_bytes) {
    const auto page = processor_.local_page();
    if (!page || address - *page >= page_size) return read_bus(shared_.environment.memory(), address, size_bytes);
    const u64 offset = address - *page;
    if (is_whole(offset, size_bytes)) return processor_.read_local(offset, static_cast<Width>(size_bytes));
    u64 value = 0;
    for (u64 i = 0; i < size_bytes; ++i) value |= (processor_.read_local(offset + i, Width::byte) & 0xff) << (8 * i);
    return value;
}

void KvmCpu::write_memory(GuestPhysical address, u64 value, u64 size_bytes) {
    const auto page = processor_.local_page();
    if (!page || address - *page >= page_size)
        return write_bus(shared_.environment.memory(), address, value, size_bytes);
    const u64 offset = address - *page;
    if (is_whole(offset, size_bytes)) return processor_.write_local(offset, value, static_cast<Width>(size_bytes));
    for (u64 i = 0; i < size_bytes; ++i) processor_.write_local(offset + i, value >> (8 * i) & 0xff, Width::byte);
}

// Registers that aren't KVM's are kept in the state, at all times.
KvmCpu::Next KvmCpu::read_msr() {
    kvm_run& exit = vcpu_->shared();
    exit.msr.error = 1;
    if (kept_by_kvm(exit.msr.index, shared_.options.irqchip)) return Next::run;
    software_->inside([&] {
        const auto value = x86::read_msr(processor_, exit.msr.index);
        if (!value) return;
        exit.msr.data = *value;
        exit.msr.error = 0;
    });
    return Next::run;
}

KvmCpu::Next KvmCpu::write_msr() {
    kvm_run& exit = vcpu_->shared();
    exit.msr.error = 1;
    if (kept_by_kvm(exit.msr.index, shared_.options.irqchip)) return Next::run;
    software_->inside([&] { exit.msr.error = !x86::write_msr(processor_, exit.msr.index, exit.msr.data); });
    if (exit.msr.index != time_stamp_counter && exit.msr.index != tsc_adjust) return Next::run;
    time_is_stale_ = true;
    return Next::software;
}

KvmCpu::Next KvmCpu::end_of_interrupt() {
    if (!stay_) return fail("KVM_EXIT_IOAPIC_EOI came, and the local APICs aren't KVM's");
    if (const Status told = stay_->tell_end(); !told) return fail(told.error().message());
    return Next::run;
}

// An instruction that KVM can't emulate leaves the state as it was before, and so do exits in the middle of an event.
KvmCpu::Next KvmCpu::internal_error() {
    const u32 kind = vcpu_->shared().internal.suberror;
    if (kind == KVM_INTERNAL_ERROR_EMULATION || kind == KVM_INTERNAL_ERROR_SIMUL_EX ||
        kind == KVM_INTERNAL_ERROR_DELIVERY_EV)
        return Next::fallback;
    return fail(fmt::format("KVM_EXIT_INTERNAL_ERROR, kind {}", kind));
}

// Until there is room again, KVM runs no guest.
KvmCpu::Next KvmCpu::dirty_ring_full() {
    ++counts_.full_rings;
    if (!shared_.dirty_pages.empties_rings())
        return fail("its dirty ring is full and can't be emptied (KVM_EXIT_DIRTY_RING_FULL)");
    if (!shared_.dirty_pages.tell()) translator_.flush();
    return Next::run;
}

} // namespace orrery::kvm
