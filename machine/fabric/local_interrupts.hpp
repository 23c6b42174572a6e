// What an x86 CPU and its local APIC are to each other, so that neither knows the other's class. Numbers of MSRs and
// registers are those of Intel's manual ("SDM", volume 3A, chapter 11: APIC).
#pragma once

#include <optional>

#include "machine/fabric/lent_interrupts.hpp"
#include "machine/fabric/table_source.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// The CPU's end: what its local APIC asks of it. Called under the machine lock, on any thread, perhaps while the CPU
// itself is inside one of the calls below; it must only take note and see to it that the CPU looks soon.
class LocalInterruptSink {
public:
    virtual ~LocalInterruptSink() = default;
    // LocalInterrupts::deliverable() has changed. A restore doesn't tell: a CPU's restored() asks deliverable() anew.
    virtual void set_interrupt(bool deliverable) = 0;
    virtual void nmi() = 0;
    // The INIT signal. The APIC itself has been reset already.
    virtual void init() = 0;
    // A start-up message: counts only for a CPU that waits for one. Execution begins at vector * 4096.
    virtual void start_up(u8 vector) = 0;
};

// The local APIC's end: for the CPU that it belongs to, on that CPU's own thread. Whatever may reach further than this
// APIC takes the machine lock, unless the thread has it.
class LocalInterrupts {
public:
    virtual ~LocalInterrupts() = default;

    // Whether an interrupt waits that the CPU may take as soon as its flags allow. Any thread, no lock.
    [[nodiscard]] virtual bool deliverable() const = 0;
    // Takes the interrupt and gives its vector; from the 8259s if it is theirs. Empty: it has gone meanwhile.
    virtual std::optional<u8> acknowledge() = 0;

    // CR8: bits 7:4 of the task priority.
    [[nodiscard]] virtual u8 task_priority() const = 0;
    virtual void set_task_priority(u8 priority) = 0;

    // IA32_APIC_BASE (1Bh), IA32_TSC_DEADLINE (6E0h) and the x2APIC registers (800h to 8FFh). Empty, false: #GP.
    [[nodiscard]] virtual std::optional<u64> read_msr(u32 index) = 0;
    virtual bool write_msr(u32 index, u64 value) = 0;

    // The page of registers that this CPU alone sees there: its accesses to the page go to the two functions below and
    // never to the bus. Empty while the APIC is disabled or in x2APIC mode. Changes only by write_msr() and resets.
    [[nodiscard]] virtual std::optional<GuestPhysical> register_page() const = 0;
    [[nodiscard]] virtual u64 read_register(u64 offset, Width width) = 0;
    virtual void write_register(u64 offset, u64 value, Width width) = 0;

    // Its registers, decoded for people; null: there is nothing to show.
    [[nodiscard]] virtual const TableSource* tables() const { return nullptr; }

    // By which engines with APICs of their own have its registers; null: they can't.
    [[nodiscard]] virtual LendableApic* lendable() { return nullptr; }

    // Whether the APIC is there at all (IA32_APIC_BASE.EN), as CPUID.1:EDX.APIC shows it.
    [[nodiscard]] virtual bool enabled() const = 0;
    // What the guest has put its time stamp counter forward by, modulo 2^64: deadlines are in that counter's time.
    virtual void set_tsc_offset(u64 offset) = 0;
};

} // namespace orrery
