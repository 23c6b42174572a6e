// Intel's 82077AA floppy disk controller (datasheet 290166-007, here "82077AA") in PC/AT mode, on DMA channel 2 and
// interrupt 6, with up to four drives. A command runs one fixed delay of virtual time after its last byte; so do a seek
// and the drives' poll after a reset. Registers A and B aren't there (AT mode), and neither are the scan commands.
// Sectors have 512 bytes, in MFM, without deleted marks. A command that finds no disk ends with "missing address mark":
// the chip would wait for an index hole that never comes.
#pragma once

#include <array>

#include "devices/dma/i8237.hpp"
#include "devices/storage/floppy_drive.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class FloppyController final : public Component, public DmaDevice {
public:
    static constexpr u32 drive_count = 4;
    // 3F0h to 3F5h and 3F7h; 3F6h between them is the IDE channel's.
    static constexpr u64 ports = 6, input_ports = 1;
    static constexpr u32 dma_channel = 2;
    static constexpr u64 delay_ns = 50'000;

    using Drives = std::array<FloppyDrive::Configuration, drive_count>;
    FloppyController(std::string name, const Drives& drives, Clock& clock, IrqLine irq, Dma8237& dma);

    IoHandler& registers() { return registers_; }
    IoHandler& input() { return input_; }

    // From outside, machine lock held. False: the image isn't a floppy's, and the drive is empty now.
    bool change_disk(u32 drive, Disk* disk) { return drives_[drive].insert(disk); }

    // DmaDevice
    void dma_ready() override;

    [[nodiscard]] std::string_view type() const override { return "i82077aa"; }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    static constexpr std::size_t most_parameters = 9, most_results = 10;
    enum class Phase : u8 { command, execution, result };
    enum class Step : u8 { none, execute, data };

    struct State {
        u8 dor = 0;
        u8 tdr = 0;
        u8 rate = 2; // 250 kbit/s after a hardware reset (DSR)
        Phase phase = Phase::command;
        std::array<u8, most_parameters> command{};
        u8 command_bytes = 0; // received
        std::array<u8, most_results> result{};
        u8 result_bytes = 0;
        u8 result_read = 0;
        bool interrupt = false;
        u8 seeking = 0;   // a bit a drive
        u8 seek_done = 0; // a bit a drive, until SENSE INTERRUPT STATUS
        u8 polled = 0;    // a bit a drive whose state after a reset has not been asked for
        std::array<u8, drive_count> seek_target{};
        std::array<u8, drive_count> seek_status{};
        // SPECIFY, CONFIGURE, PERPENDICULAR MODE, LOCK
        u8 step_and_unload = 0;
        u8 load_and_no_dma = 0;
        u8 configuration = 0x20; // EFIFO: the FIFO is off
        u8 precompensation = 0;
        u8 perpendicular = 0;
        bool locked = false;
        // Execution of a command with data
        u8 cylinder = 0, head = 0, sector = 0;
        u8 last_sector = 0;
        u8 sectors_done = 0;
        std::array<u8, sector_bytes> buffer{};
        u32 buffer_size = 0;
        u32 buffer_at = 0;
        bool terminal_count = false;
        Step step = Step::none;
        u64 step_at_ns = never_ns;
        u64 seek_at_ns = never_ns;
        u64 poll_at_ns = never_ns;
        static constexpr void fields(auto& s, auto&& f) {
            f("dor", s.dor);
            f("tdr", s.tdr);
            f("rate", s.rate);
            f("phase", s.phase);
            f("command", s.command);
            f("command_bytes", s.command_bytes);
            f("result", s.result);
            f("result_bytes", s.result_bytes);
            f("result_read", s.result_read);
            f("interrupt", s.interrupt);
            f("seeking", s.seeking);
            f("seek_done", s.seek_done);
            f("polled", s.polled);
            f("seek_target", s.seek_target);
            f("seek_status", s.seek_status);
            f("step_and_unload", s.step_and_unload);
            f("load_and_no_dma", s.load_and_no_dma);
            f("configuration", s.configuration);
            f("precompensation", s.precompensation);
            f("perpendicular", s.perpendicular);
            f("locked", s.locked);
            f("cylinder", s.cylinder);
            f("head", s.head);
            f("sector", s.sector);
            f("last_sector", s.last_sector);
            f("sectors_done", s.sectors_done);
            f("buffer", s.buffer);
            f("buffer_size", s.buffer_size);
            f("buffer_at", s.buffer_at);
            f("terminal_count", s.terminal_count);
            f("step", s.step);
            f("step_at_ns", s.step_at_ns);
            f("seek_at_ns", s.seek_at_ns);
            f("poll_at_ns", s.poll_at_ns);
        }
    };
    struct CommandKind {
        u8 code;
        u8 code_mask; // the bits of the first byte that name the command
        u8 bytes;     // with the first
        void (FloppyController::*run)();
        bool executes; // takes time, and interrupts at its end
    };
    static const CommandKind command_kinds[];
    static const CommandKind& kind_of(u8 first);

    class Registers final : public IoHandler {
    public:
        explicit Registers(FloppyController& fdc) : fdc_(fdc) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width) override { return fdc_.read(offset); }
        void write(u64 offset, u64 value, Width) override { fdc_.write(offset, static_cast<u8>(value)); }

    private:
        FloppyController& fdc_;
    };
    class Input final : public IoHandler {
    public:
        explicit Input(FloppyController& fdc) : fdc_(fdc) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64, Width) override { return fdc_.read_input(); }
        void write(u64, u64 value, Width) override { fdc_.s_.rate = value & 3; }

    private:
        FloppyController& fdc_;
    };

    u8 read(u64 offset);
    void write(u64 offset, u8 value);
    [[nodiscard]] u8 read_input() const;
    [[nodiscard]] u8 main_status() const;
    void write_output(u8 value);
    void write_rate(u8 value);
    u8 read_data();
    void write_data(u8 value);
    void chip_reset();
    void finish_reset();

    // The bytes of commands and results
    void take_command_byte(u8 value);
    void give_results(std::initializer_list<u8> bytes);
    void end_command();
    [[nodiscard]] bool uses_dma() const { return (s_.load_and_no_dma & 1) == 0; }
    [[nodiscard]] bool outputs_enabled() const { return (s_.dor & 0x08) != 0; }
    void raise_interrupt(bool wanted);
    void schedule(Step step);
    void step();
    void seeks_end();

    // floppy_commands.cpp: commands without data
    void invalid();
    void specify();
    void sense_drive_status();
    void sense_interrupt();
    void recalibrate();
    void seek();
    void relative_seek();
    void start_seek(u32 target, u8 status);
    void version();
    void dump_registers();
    void configure();
    void lock();
    void set_perpendicular();

    // floppy_data.cpp: commands with data
    void read_id();
    void read_sectors();
    void read_track();
    void write_sectors();
    void verify();
    void format_track();
    void begin_sectors();
    bool find_sector();
    void fill_buffer();
    void run_data();
    bool move_buffer();
    void buffer_done();
    void sector_done();
    void format_sector();
    void end_data(u8 status0, u8 status1, u8 status2);
    [[nodiscard]] bool to_host() const;
    [[nodiscard]] u8 code() const { return s_.command[0] & 0x1f; }
    [[nodiscard]] FloppyDrive& drive() { return drives_[s_.command[1] & 3]; }
    [[nodiscard]] u8 head_and_drive() const { return s_.command[1] & 7; }

    // Wiring
    IrqLine irq_;
    Dma8237& dma_;
    Timer step_timer_;
    Timer seek_timer_;
    Timer poll_timer_;
    Registers registers_{*this};
    Input input_{*this};

    // State
    std::array<FloppyDrive, drive_count> drives_;
    State s_;
};

} // namespace orrery
