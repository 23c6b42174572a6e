// Local APICs whose registers an engine keeps elsewhere for a while, since its CPUs have APICs of their own there: all
// of a machine's at once, or none. Everything here is under the machine lock.
#pragma once

#include <array>
#include <span>

#include "machine/fabric/msi.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// Of one local APIC: the first KiB of its page, of which register n of SDM 3A table 11-1 is word 4 * n, and two MSRs.
// The identity is where xAPIC has it, and the command in two registers, in x2APIC mode, too.
struct LocalApicRegisters {
    static constexpr std::size_t words = 256;
    std::array<u32, words> page{};
    u64 base = 0;         // IA32_APIC_BASE
    u64 tsc_deadline = 0; // IA32_TSC_DEADLINE

    [[nodiscard]] u32& operator[](u32 number) { return page[std::size_t{4} * number]; }
    [[nodiscard]] u32 operator[](u32 number) const { return page[std::size_t{4} * number]; }
};

// Who keeps them.
class LocalApicKeeper {
public:
    virtual ~LocalApicKeeper() = default;
    // A message for any of them. False: no one takes it.
    virtual bool take(const DeviceMessage& message) = 0;
    // Whose level-triggered interrupts, that of each of these messages, have an end that must be told, by
    // LendableApic::tell_end(). Again whenever they change.
    virtual void follow_ends(std::span<const DeviceMessage> messages) = 0;
};

// A local APIC that can be lent.
class LendableApic {
public:
    virtual ~LendableApic() = default;
    // From now on messages go to `keeper`, and this has no interrupt but those of the 8259s; what else comes to it, it
    // keeps until the registers are back. Without `timer` the registers tell of none that counts: it goes on here, for
    // a CPU that doesn't run meanwhile.
    virtual LocalApicRegisters lend(LocalApicKeeper& keeper, bool timer) = 0;
    // The last one's ends the time of all.
    virtual void take_back(const LocalApicRegisters& registers) = 0;
    // The CPU has ended a level-triggered interrupt while the registers were lent.
    virtual void tell_end(u8 vector) = 0;
    // Whether its timer will interrupt. Takes the machine lock.
    [[nodiscard]] virtual bool timer_counts() = 0;
};

} // namespace orrery
