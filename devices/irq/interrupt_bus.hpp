// The bus between I/O APICs, local APICs and devices that send message-signalled interrupts (SDM 3A 11.6.2, 11.11): who
// is meant by a message, and back again, the end of an interrupt. Everything here is under the machine lock.
#pragma once

#include <string_view>
#include <vector>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/lent_interrupts.hpp"
#include "machine/fabric/msi.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// SDM 3A 11.6.1, and 82093AA 3.2.4.
enum class DeliveryMode : u8 {
    fixed = 0,
    lowest_priority = 1,
    smi = 2,
    reserved = 3,
    nmi = 4,
    init = 5,
    start_up = 6,
    external = 7, // ExtINT: the vector is the 8259s'
};

// "fixed", "lowest priority"…
std::string_view delivery_mode_name(DeliveryMode mode);

struct InterruptMessage {
    static constexpr u32 everyone = 0xffff'ffff;

    u32 destination = 0; // `everyone`, an APIC's identity, or a set of logical ones
    bool logical = false;
    DeliveryMode mode = DeliveryMode::fixed;
    u8 vector = 0;
    bool level_triggered = false;

    // The destination of a sender that has eight bits for it, all of them ones for everyone.
    static constexpr u32 wide(u8 destination) { return destination == 0xff ? everyone : destination; }
    // As a device would store it (SDM 3A 11.11), for destinations of eight bits.
    [[nodiscard]] DeviceMessage stored() const;
};

// A local APIC as the bus sees it.
class InterruptTarget {
public:
    virtual ~InterruptTarget() = default;
    [[nodiscard]] virtual bool is_meant(const InterruptMessage& message) const = 0;
    // Whether it takes fixed and lowest-priority interrupts, and how busy it is (SDM 3A 11.6.2.4).
    [[nodiscard]] virtual bool takes_vectors() const = 0;
    [[nodiscard]] virtual u8 arbitration_priority() const = 0;
    // False: it doesn't take it.
    virtual bool accept(const InterruptMessage& message) = 0;
};

// An I/O APIC as the bus sees it.
class InterruptSource {
public:
    virtual ~InterruptSource() = default;
    // A CPU has ended the level-triggered interrupt `vector`.
    virtual void end_of_interrupt(u8 vector) = 0;
    // A local APIC may take now what it didn't before.
    virtual void targets_changed() = 0;
    // Appends the messages that it sends for levels.
    virtual void add_level_messages(std::vector<DeviceMessage>& messages) const = 0;
};

// As an IoHandler it is the window FEE0'0000h to FEEF'FFFFh, where stores are messages.
class InterruptBus final : public MsiSink, public IoHandler {
public:
    static constexpr GuestPhysical window_base{0xfee0'0000};
    static constexpr u64 window_size_bytes = 1 * MiB;

    // What is constructed with a bus adds itself.
    void add(InterruptTarget& target) { targets_.push_back(&target); }
    void add(InterruptSource& source) { sources_.push_back(&source); }

    // To all who are meant, but for `except`. False: no one has taken it.
    bool send(const InterruptMessage& message, const InterruptTarget* except = nullptr);
    void end_of_interrupt(u8 vector);
    void targets_changed();
    // What sources send for levels has changed.
    void level_messages_changed();
    // Of each local APIC that is lent, and that has come back: as long as there are any, the keeper has the messages.
    void lent(LocalApicKeeper& keeper);
    void returned();

    // MsiSink
    void message(GuestPhysical address, u32 data) override;

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

private:
    bool send_to_least_busy(const InterruptMessage& message, const InterruptTarget* except);

    std::vector<InterruptTarget*> targets_;
    std::vector<InterruptSource*> sources_;
    LocalApicKeeper* keeper_ = nullptr;
    u32 lent_ = 0;
};

} // namespace orrery
