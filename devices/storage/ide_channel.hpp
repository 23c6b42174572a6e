// One IDE channel: two ATA drives on a cable (ATA/ATAPI-6, T13/1410D), the ports of their task files, and the bus
// master. Each command takes one fixed delay of virtual time, in which the drive is busy; so does the last block of
// data that goes to a drive. Blocks in between follow at once: a drive has them in its buffer.
#pragma once

#include <array>

#include "devices/storage/ata_drive.hpp"
#include "devices/storage/ide_bus_master.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class IdeChannel final : public Component {
public:
    static constexpr u64 command_block_ports = 8, control_block_ports = 1, bus_master_ports = 8;
    static constexpr u64 delay_ns = 20'000;

    // Either drive, or both, may be null.
    IdeChannel(std::string name, Clock& clock, AddressSpace& memory, IrqLine irq, std::array<AtaDrive*, 2> drives);

    // At 1F0h and 3F6h for the first channel of a PC, at 170h and 376h for the second.
    IoHandler& command_block() { return command_block_; }
    IoHandler& control_block() { return control_block_; }
    [[nodiscard]] u8 read_bus_master(u64 offset) const { return bus_master_.read(offset); }
    void write_bus_master(u64 offset, u8 value);
    // A channel that isn't decoded leaves its ports alone. True when built; its owner's state.
    void set_decoded(bool decoded) { decoded_ = decoded; }

    [[nodiscard]] std::string_view type() const override { return "ide-channel"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    class CommandBlock final : public IoHandler {
    public:
        explicit CommandBlock(IdeChannel& channel) : channel_(channel) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        IdeChannel& channel_;
    };
    class ControlBlock final : public IoHandler {
    public:
        explicit ControlBlock(IdeChannel& channel) : channel_(channel) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64, Width) override { return channel_.decoded_ ? channel_.status() : 0xff; }
        void write(u64, u64 value, Width) override;

    private:
        IdeChannel& channel_;
    };

    // What happens when the delay is over.
    enum class Step : u8 { none, command, diagnostic, end_of_block, dma, reset };

    struct State {
        u8 device = 0;  // the Device register, of which DEV selects a drive
        u8 control = 0; // the Device Control register
        u8 command = 0; // the last one given
        Step step = Step::none;
        u8 step_drive = 0;
        u64 step_at_ns = never_ns;
        u32 block_offset = 0;            // bytes of the present block that have passed the Data register
        std::array<bool, 2> interrupt{}; // a drive wants one
        bool line = false;               // INTRQ
        static constexpr void fields(auto& s, auto&& f) {
            f("device", s.device);
            f("control", s.control);
            f("command", s.command);
            f("step", s.step);
            f("step_drive", s.step_drive);
            f("step_at_ns", s.step_at_ns);
            f("block_offset", s.block_offset);
            f("interrupt", s.interrupt);
            f("line", s.line);
        }
    };

    [[nodiscard]] u32 selected() const { return s_.device & ata::device::second ? 1 : 0; }
    [[nodiscard]] AtaDrive* drive() const { return drives_[selected()]; }
    [[nodiscard]] bool busy() const;
    [[nodiscard]] u8 status() const;
    [[nodiscard]] u8 floating() const;
    [[nodiscard]] bool has_drives() const { return drives_[0] || drives_[1]; }

    u8 read_register(u64 offset);
    void write_register(u64 offset, u8 value);
    void write_task_file(u64 offset, u8 value);
    void write_control(u8 value);
    void write_command(u8 code);
    u32 read_data(Width width);
    void write_data(u32 value, Width width);
    void block_given(AtaDrive& drive);

    void schedule(Step step, u32 drive);
    void drop_step();
    void step();
    void run_command(AtaDrive& drive);
    void run_diagnostic();
    void end_of_block(AtaDrive& drive);
    void run_dma(AtaDrive& drive);
    void run_reset();
    void want_interrupt(u32 drive);
    void update_irq();

    // Wiring
    IrqLine irq_;
    std::array<AtaDrive*, 2> drives_;
    Timer timer_;
    CommandBlock command_block_{*this};
    ControlBlock control_block_{*this};

    // State
    State s_;
    IdeBusMaster bus_master_;

    // Derived from the owner's state
    bool decoded_ = true;
};

} // namespace orrery
