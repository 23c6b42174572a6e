// One port of an AHCI controller (AHCI 1.3.1, 3.3 and chapter 5): its registers, its command list of 32 slots in guest
// memory, and the drive at its other end. Commands run one fixed delay of virtual time after they are issued, in the
// order of their slots, from a timer: never within the guest's access. A callback moves a bounded number of bytes.
#pragma once

#include <functional>

#include "devices/storage/ahci_regions.hpp"
#include "devices/storage/ahci_registers.hpp"
#include "devices/storage/ata_drive.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery {

class AhciPort {
public:
    static constexpr u32 slot_count = 32;
    static constexpr u64 delay_ns = 20'000;

    // `drive` may be null. `interrupt_changed` is called whenever interrupting() may have changed. `name` is for lines
    // about what the guest does wrong.
    AhciPort(std::string name, Clock& clock, AddressSpace& memory, AtaDrive* drive,
             std::function<void()> interrupt_changed);

    [[nodiscard]] u32 read(u32 offset) const;
    // The bits of `written` come from `value`.
    void write(u32 offset, u32 value, u32 written);
    [[nodiscard]] bool interrupting() const { return (interrupt_status() & s_.ie) != 0; }

    // Power-on, and what GHC.HR does (10.4.3): the places of list and received frames stay.
    void reset();
    void host_reset();
    void state(StateVisitor& visitor) { visit_fields(visitor, s_); }
    void restored();

private:
    enum class Step : u8 { none, commands, link };
    struct State {
        u64 clb = 0;
        u64 fb = 0;
        u32 is = 0;
        u32 ie = 0;
        u32 cmd = 0; // the bits that are kept
        u32 tfd = 0;
        u32 sig = 0;
        u32 ssts = 0;
        u32 sctl = 0;
        u32 serr = 0;
        u32 sact = 0;
        u32 ci = 0;
        u8 slot = 0;                    // the one run last
        bool stopped = false;           // by an error, until ST is cleared (6.2.2)
        bool soft_reset = false;        // the drive is held by SRST
        bool signature_waiting = false; // for FRE
        Step step = Step::none;
        u64 step_at_ns = never_ns;
        static constexpr void fields(auto& s, auto&& f) {
            f("clb", s.clb);
            f("fb", s.fb);
            f("is", s.is);
            f("ie", s.ie);
            f("cmd", s.cmd);
            f("tfd", s.tfd);
            f("sig", s.sig);
            f("ssts", s.ssts);
            f("sctl", s.sctl);
            f("serr", s.serr);
            f("sact", s.sact);
            f("ci", s.ci);
            f("slot", s.slot);
            f("stopped", s.stopped);
            f("soft_reset", s.soft_reset);
            f("signature_waiting", s.signature_waiting);
            f("step", s.step);
            f("step_at_ns", s.step_at_ns);
        }
    };
    // A command under way.
    struct Command {
        u32 slot;
        ahci::CommandHeader header;
        u8 code;
        AhciRegions regions;
        bool status_came_with_data = false; // a read by PIO ends without a frame of its own (5.3, PIO:Update)
    };

    [[nodiscard]] u32 interrupt_status() const;
    [[nodiscard]] bool started() const { return (s_.cmd & ahci::cmd::start) != 0; }
    void write_command(u32 value, u32 written);
    void write_control(u32 value, u32 written);
    void issue(u32 slots);

    void schedule(Step step);
    void drop_step();
    void step();
    void bring_link_up();
    void show_signature();

    // ahci_port_commands.cpp
    void run_commands();
    [[nodiscard]] u8 next_slot() const;
    u64 run_slot(u32 slot); // bytes moved
    void control_frame(u32 slot, u8 control);
    void load_registers(std::span<const u8> frame);
    bool move_data(Command& command);
    bool give_packet(Command& command);
    bool move_block(Command& command);
    bool move_dma(Command& command);
    void finish(Command& command);
    void finish_queued(Command& command);
    void stop(u32 cause);

    // ahci_port_frames.cpp: frames from the drive
    void receive_registers(bool interrupt);
    void receive_pio_setup(bool to_host, bool interrupt, u32 size_bytes, u8 end_status);
    void receive_dma_setup(bool to_host, u32 tag, u64 size_bytes);
    void receive_set_device_bits(u32 finished);
    void post(u32 place, std::span<const u8> frame);
    void take_status();

    const std::string name_;
    GuestMemory memory_;
    AtaDrive* const drive_;
    Timer timer_;
    std::function<void()> interrupt_changed_;
    State s_;
};

} // namespace orrery
