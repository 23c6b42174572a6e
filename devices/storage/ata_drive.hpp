// What ATA disks and ATAPI drives have in common: a task file, and commands that move data by PIO blocks or by DMA. A
// drive knows neither wire nor time. Its transport (ide_channel.hpp, ahci_port.hpp) writes the registers, calls
// execute() when the command's time has come, and then moves data until phase() is idle. Machine lock held throughout.
#pragma once

#include <span>

#include <sys/uio.h>

#include "devices/storage/ata_registers.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/result.hpp"

namespace orrery {

class AtaDrive : public Component {
public:
    static constexpr std::size_t buffer_bytes = 64 * KiB;
    static constexpr std::size_t packet_bytes = 12;

    // What the drive waits for, once it isn't busy.
    enum class Phase : u8 {
        idle,     // nothing: the last command has ended
        data_in,  // the host takes data
        data_out, // the host gives data
        packet,   // the host gives a command packet
    };

    [[nodiscard]] ata::Registers& registers() { return s_.registers; }
    [[nodiscard]] const ata::Registers& registers() const { return s_.registers; }
    [[nodiscard]] Phase phase() const { return s_.phase; }
    // Whether the data of the present phase goes by DMA, or by blocks.
    [[nodiscard]] bool uses_dma() const { return s_.dma; }
    // Whether `command` needs no time before its first phase: it only asks for data.
    [[nodiscard]] virtual bool begins_at_once(u8 command) const = 0;

    // Runs a command up to its first data phase, or its end.
    void execute(u8 command);
    // The reset of the wire (RESET-, COMRESET) and the one of SRST: the signature appears (9.12).
    void hardware_reset();
    void software_reset();
    // Places the signature, with DRDY as after EXECUTE DEVICE DIAGNOSTIC.
    virtual void place_signature() = 0;

    // PIO: the bytes of the present block, and the step to the next one once the host has moved them all.
    [[nodiscard]] std::span<u8> block();
    void end_block();
    [[nodiscard]] bool is_last_block() const { return s_.left == s_.block_bytes; }

    // DMA: what is still to be moved, and the move of `size_bytes` bytes of it, not more, to or from `pieces`. The end
    // or a failure make the phase idle.
    [[nodiscard]] u64 bytes_left() const { return s_.left; }
    void transfer(std::span<const iovec> pieces, u64 size_bytes);
    // The transport can't move the rest: the command ends with ABRT.
    void abort_transfer() { fail(ata::error::aborted); }

    void reset() override;
    void restored() override;

protected:
    using Component::Component;

    enum class Source : u8 { medium, buffer };

    virtual void command(u8 code) = 0;
    virtual void set_power_on_values() = 0;
    virtual void packet_received(std::span<const u8, packet_bytes>) {}
    // All of the data that were to go to the buffer are there.
    virtual void data_received() { complete(); }
    // Everything has been moved; calls complete() or fail().
    virtual void transfer_done() { complete(); }
    // A block of data is to be shown to the host.
    virtual void block_ready() {}
    virtual void complete();
    virtual Status read_medium(u64 offset, std::span<const iovec> pieces) = 0;
    virtual Status write_medium(u64 offset, std::span<const iovec> pieces) = 0;
    // The medium could not be read or written at byte `offset`.
    virtual void medium_failed(u64 offset, bool writing) = 0;
    [[nodiscard]] virtual u64 medium_bytes() const = 0;

    // Asks the host for a packet, or starts to move `size_bytes` bytes, which isn't 0, from byte `position` on. A block
    // has at most `block_limit` bytes.
    void ask_for_packet();
    void begin(Phase phase, bool dma, Source source, u64 position, u64 size_bytes, u32 block_limit);
    // The same for data that the drive makes up itself.
    void give(std::span<const u8> data, bool dma, u32 block_limit);
    virtual void fail(u8 error);
    void warn_of_host(const Error& error, const char* what);

    struct State {
        ata::Registers registers;
        Phase phase = Phase::idle;
        bool dma = false;
        Source source = Source::buffer;
        u64 position = 0;    // of the next byte, on the medium or in the buffer
        u64 left = 0;        // bytes, the present block's among them
        u32 block_bytes = 0; // of the present block
        u32 block_limit = 0;
        BoundedVector<u8, buffer_bytes> buffer;
        static constexpr void fields(auto& s, auto&& f) {
            f("registers", s.registers);
            f("phase", s.phase);
            f("dma", s.dma);
            f("source", s.source);
            f("position", s.position);
            f("left", s.left);
            f("block_bytes", s.block_bytes);
            f("block_limit", s.block_limit);
            f("buffer", s.buffer);
        }
    };
    State s_;

private:
    void end_transfer();
    void next_block();
    bool move_medium(u64 offset, std::span<const iovec> pieces, u64 size_bytes);
    bool move_part_of_sector(u64 offset, std::span<const iovec> pieces, u64 skip, u64 size_bytes);
    [[nodiscard]] bool state_is_possible() const;
};

} // namespace orrery
