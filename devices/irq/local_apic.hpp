// The local APIC of an x86 CPU (SDM 3A chapter 11), as xAPIC and x2APIC, with a timer that knows TSC deadlines,
// directed EOI, and no CMCI. Its CPU speaks to it through LocalInterrupts on its own thread, everyone else (its pins,
// the interrupt bus, the timer) under the machine lock. As an IoHandler it is its register page.
#pragma once

#include <array>
#include <atomic>

#include "devices/irq/interrupt_bus.hpp"
#include "devices/irq/local_apic_registers.hpp"
#include "devices/irq/local_apic_timer.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/local_interrupts.hpp"
#include "machine/fabric/lock.hpp"

namespace orrery {

class LocalApic final : public Component,
                        public IoHandler,
                        public IrqSink,
                        public LocalInterrupts,
                        public LendableApic,
                        public InterruptTarget {
public:
    static constexpr u64 window_size_bytes = 0x1000;
    static constexpr GuestPhysical default_base{0xfee0'0000};
    enum Pin : u32 { lint0 = 0, lint1 = 1, thermal = 2, performance = 3, pins = 4 };

    struct Configuration {
        u32 id = 0;
        bool bootstrap = true; // the BSP flag
        // CPUID 15h tells them to the guest.
        u64 timer_hz = 1'000'000'000;
        u64 tsc_hz = 1'000'000'000;
        u32 physical_address_bits = 40;
    };
    struct Wiring {
        MachineLock& lock;
        Clock& clock;
        InterruptBus& bus;
        InterruptAcknowledge* external = nullptr; // who gives the vector of an ExtINT
    };

    LocalApic(std::string name, const Configuration& configuration, const Wiring& wiring);
    // The CPU; before the machine runs.
    void connect(LocalInterruptSink& cpu) { cpu_ = &cpu; }

    // LocalInterrupts
    [[nodiscard]] bool deliverable() const override { return deliverable_.load(std::memory_order_acquire); }
    std::optional<u8> acknowledge() override;
    [[nodiscard]] u8 task_priority() const override;
    void set_task_priority(u8 priority) override;
    [[nodiscard]] std::optional<u64> read_msr(u32 index) override;
    bool write_msr(u32 index, u64 value) override;
    [[nodiscard]] std::optional<GuestPhysical> register_page() const override;
    [[nodiscard]] u64 read_register(u64 offset, Width width) override;
    void write_register(u64 offset, u64 value, Width width) override;
    [[nodiscard]] bool enabled() const override;
    void set_tsc_offset(u64 offset) override;
    [[nodiscard]] const TableSource* tables() const override { return &table_; }
    [[nodiscard]] LendableApic* lendable() override { return this; }

    // LendableApic (local_apic_lending.cpp)
    LocalApicRegisters lend(LocalApicKeeper& keeper, bool timer) override;
    void take_back(const LocalApicRegisters& registers) override;
    void tell_end(u8 vector) override;
    [[nodiscard]] bool timer_counts() override;

    // IoHandler: the register page.
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // IrqSink: the pins LINT0 and LINT1, and what the CPU itself asks of its thermal and performance vectors.
    void set_irq(u32 pin, bool level) override;

    // InterruptTarget
    [[nodiscard]] bool is_meant(const InterruptMessage& message) const override;
    [[nodiscard]] bool takes_vectors() const override;
    [[nodiscard]] u8 arbitration_priority() const override { return processor_priority(); }
    bool accept(const InterruptMessage& message) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "x86-local-apic"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    static constexpr u32 words = 8;
    using Vectors = std::array<u32, words>;
    static constexpr u32 no_vector = 256;

    struct State {
        u64 base = default_base.value | local_apic::base::enabled;
        u8 task_priority = 0;
        u8 logical_destination = 0;       // xAPIC
        u32 destination_format = ~u32{0}; // xAPIC
        u32 spurious = 0xff;              // SVR
        Vectors in_service{};
        Vectors trigger_mode{};
        Vectors requests{};
        u32 error_status = 0;
        u32 new_errors = 0; // what the next write of ESR will show
        u64 command = 0;
        std::array<u32, local_apic::local::count> local{};
        u8 pins = 0;           // bit n: the level of pin n
        bool external = false; // an ExtINT message waits

        static constexpr void fields(auto& s, auto&& f) {
            f("base", s.base);
            f("task_priority", s.task_priority);
            f("logical_destination", s.logical_destination);
            f("destination_format", s.destination_format);
            f("spurious", s.spurious);
            f("in_service", s.in_service);
            f("trigger_mode", s.trigger_mode);
            f("requests", s.requests);
            f("error_status", s.error_status);
            f("new_errors", s.new_errors);
            f("command", s.command);
            f("local", s.local);
            f("pins", s.pins);
            f("external", s.external);
        }
    };

    // What shows the registers decoded (local_apic_table.cpp). The CPU has it among its own tables.
    class Decoded final : public TableSource {
    public:
        explicit Decoded(const LocalApic& apic) : apic_(apic) {}
        [[nodiscard]] std::vector<TableName> tables() const override {
            return {{"apic", "the local APIC's registers"}};
        }
        [[nodiscard]] Table table(std::string_view name) const override;

    private:
        const LocalApic& apic_;
    };

    // Registers (local_apic.cpp)
    [[nodiscard]] bool is_on() const { return (s_.base & local_apic::base::enabled) != 0; }
    [[nodiscard]] bool has_page() const { return is_on() && !x2apic(); }
    [[nodiscard]] bool x2apic() const { return (s_.base & local_apic::base::x2apic) != 0; }
    [[nodiscard]] u32 identity() const { return x2apic() ? configuration_.id : configuration_.id & 0xff; }
    [[nodiscard]] u32 x2apic_logical_destination() const;
    [[nodiscard]] std::optional<u64> read_numbered(u32 number) const;
    bool write_numbered(u32 number, u64 value);
    bool write_common(u32 number, u32 value);
    bool write_xapic(u32 number, u32 value);
    bool write_x2apic(u32 number, u64 value);
    [[nodiscard]] static bool x2apic_allows(u32 number, u64 value);
    void write_spurious(u32 value);
    void write_local(u32 index, u32 value);
    void write_timer_local(u32 value);
    bool write_base(u64 value);
    void reset_registers(bool keep_tsc);

    // Interrupts (local_apic_interrupts.cpp)
    [[nodiscard]] static u32 highest(const Vectors& vectors);
    [[nodiscard]] u8 processor_priority() const;
    [[nodiscard]] bool external_waits() const;
    [[nodiscard]] bool vector_waits() const;
    [[nodiscard]] bool pin_active(u32 pin) const;
    bool accept_vector(u32 vector, bool level);
    bool deliver_local(u32 index);
    void service_level(u32 pin);
    void end_of_interrupt();
    void send_command(u32 command, u32 destination);
    void send_self(u32 vector);
    void raise_error(u32 error);
    void timer_expired();
    void schedule_timer();
    void publish();
    void update();

    // Configuration
    const Configuration configuration_;

    // Wiring
    MachineLock& lock_;
    InterruptBus& bus_;
    InterruptAcknowledge* const pic_;
    LocalInterruptSink* cpu_ = nullptr;

    const Decoded table_{*this};

    // State
    LocalApicTimer timer_;
    State s_;
    // While the registers are lent, `requests` and their modes are what has come since; that is over before anyone
    // looks at the state.
    enum class Lent : u8 { nothing, registers, registers_and_timer };
    Lent lent_ = Lent::nothing;

    // Derived: what the CPU reads without the lock while others may change the state.
    std::atomic<bool> deliverable_ = false;
    std::atomic<u64> seen_base_ = 0;
    std::atomic<u8> seen_task_priority_ = 0;
};

} // namespace orrery
