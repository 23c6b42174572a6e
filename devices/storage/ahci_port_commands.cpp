// Running the slots of a command list (AHCI 1.3.1, 5.3 and 5.5): fetch, data by PIO or DMA, the end, and errors (6.2).
#include <algorithm>
#include <array>
#include <bit>

#include "devices/storage/ahci_port.hpp"
#include "devices/storage/host_pieces.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {

using namespace ahci;

namespace {

log::TracePoint trace_command{"ahci.command"};

// What one callback moves before it lets others have the machine lock.
constexpr u64 most_bytes_a_step = 8 * MiB;

bool is_queued(u8 code) { return code == ata::command::read_fpdma_queued || code == ata::command::write_fpdma_queued; }

} // namespace

// The slots take turns, so that none waits for ever.
u8 AhciPort::next_slot() const {
    const int first = (s_.slot + 1) % static_cast<int>(slot_count);
    return static_cast<u8>((first + std::countr_zero(std::rotr(s_.ci, first))) % static_cast<int>(slot_count));
}

void AhciPort::run_commands() {
    u64 moved = 0;
    while (s_.ci != 0 && started() && !s_.stopped) {
        if (moved >= most_bytes_a_step) return schedule(Step::commands);
        s_.slot = next_slot();
        moved += run_slot(s_.slot);
    }
}

u64 AhciPort::run_slot(u32 slot) {
    const auto header = memory_.load<CommandHeader>({s_.clb + u64{slot} * sizeof(CommandHeader)});
    const GuestPhysical table{header ? header->table & ~u64{0x7f} : 0};
    const auto frame = memory_.load<std::array<u8, 20>>(table);
    if (!header || !frame) {
        log::guest_error(name_, "slot {} of the list at {:#x} is not in memory", slot, s_.clb);
        return stop(is::host_bus_fatal), 0;
    }
    if ((*frame)[0] != fis::h2d_register) {
        log::guest_error(name_, "slot {} holds a frame of type {:#04x}", slot, (*frame)[0]);
        return stop(is::interface_fatal), 0;
    }
    if (((*frame)[1] & fis::is_command) == 0) return control_frame(slot, (*frame)[15]), 0;
    load_registers(*frame);
    Command command{slot, *header, (*frame)[2],
                    AhciRegions(memory_, table + table::regions, header->options >> header::region_count_shift)};
    trace_command("{} slot {}: {:#04x}", name_, slot, command.code);
    drive_->execute(command.code);
    if (!move_data(command)) return command.regions.taken_bytes();
    if (command.regions.wants_interrupt()) s_.is |= is::descriptor_processed;
    if (is_queued(command.code))
        finish_queued(command);
    else
        finish(command);
    return command.regions.taken_bytes();
}

// A frame for the Device Control register: SRST and its end (10.4.1). The drive answers when SRST ends.
void AhciPort::control_frame(u32 slot, u8 control) {
    const bool reset = (control & ata::control::software_reset) != 0;
    const bool ends = s_.soft_reset && !reset;
    s_.soft_reset = reset;
    s_.ci &= ~(u32{1} << slot);
    if (!ends) return;
    drive_->software_reset();
    show_signature();
}

void AhciPort::load_registers(std::span<const u8> frame) {
    ata::Registers& r = drive_->registers();
    const auto pair = [&](std::size_t low, std::size_t high) {
        return static_cast<u16>(frame[low] | frame[high] << 8);
    };
    r.features = pair(3, 11);
    r.lba_low = pair(4, 8);
    r.lba_mid = pair(5, 9);
    r.lba_high = pair(6, 10);
    r.count = pair(12, 13);
    r.device = frame[7];
}

// False: the port has stopped.
bool AhciPort::move_data(Command& command) {
    while (drive_->phase() != AtaDrive::Phase::idle) {
        const bool moved = drive_->phase() == AtaDrive::Phase::packet ? give_packet(command)
                           : drive_->uses_dma()                       ? move_dma(command)
                                                                      : move_block(command);
        if (!moved || s_.stopped) return false;
    }
    return true;
}

bool AhciPort::give_packet(Command& command) {
    const auto packet =
        memory_.load<std::array<u8, AtaDrive::packet_bytes>>({(command.header.table & ~u64{0x7f}) + table::packet});
    if (!packet) return stop(is::host_bus_fatal), false;
    receive_pio_setup(false, false, AtaDrive::packet_bytes, drive_->registers().status);
    std::ranges::copy(*packet, drive_->block().begin());
    drive_->end_block();
    return true;
}

bool AhciPort::move_block(Command& command) {
    const bool to_host = drive_->phase() == AtaDrive::Phase::data_in;
    const std::span<u8> block = drive_->block();
    const bool ends = to_host && drive_->is_last_block() && command.code != ata::command::packet;
    command.status_came_with_data = ends;
    const u8 end_status = ends ? u8{ata::status::ready | ata::status::seek_complete} : drive_->registers().status;
    receive_pio_setup(to_host, to_host, static_cast<u32>(block.size()), end_status);
    const auto part = command.regions.take(block.size(), to_host);
    if (command.regions.bad_memory()) return drive_->abort_transfer(), stop(is::host_bus_fatal), false;
    if (part.size_bytes != block.size()) return drive_->abort_transfer(), stop(is::overflow), false;
    if (to_host) {
        copy_to(part.pieces, 0, block);
        command.regions.written(part);
    } else {
        copy_from(part.pieces, 0, block);
    }
    drive_->end_block();
    return true;
}

bool AhciPort::move_dma(Command& command) {
    const bool to_host = drive_->phase() == AtaDrive::Phase::data_in;
    const u64 wanted = drive_->bytes_left();
    if (is_queued(command.code)) receive_dma_setup(to_host, drive_->registers().count >> 3 & 31U, wanted);
    const auto part = command.regions.take(wanted, to_host);
    if (part.size_bytes != 0) drive_->transfer(part.pieces, part.size_bytes);
    if (to_host) command.regions.written(part);
    if (part.size_bytes == wanted) return true;
    drive_->abort_transfer();
    stop(command.regions.bad_memory() ? is::host_bus_fatal : is::overflow);
    return false;
}

void AhciPort::finish(Command& command) {
    const ata::Registers& r = drive_->registers();
    const bool failed = (r.status & ata::status::error) != 0;
    const u32 moved = static_cast<u32>(command.regions.taken_bytes());
    memory_.store({s_.clb + u64{command.slot} * sizeof(CommandHeader) + offsetof(CommandHeader, moved_bytes)}, moved);
    if (command.status_came_with_data && !failed)
        take_status();
    else
        receive_registers(true);
    if (!failed) s_.ci &= ~(u32{1} << command.slot);
}

// The slot is free as soon as the drive has taken the command; its tag stays in PxSACT until the data have moved.
void AhciPort::finish_queued(Command& command) {
    const bool failed = (drive_->registers().status & ata::status::error) != 0;
    s_.ci &= ~(u32{1} << command.slot);
    receive_set_device_bits(failed ? 0 : u32{1} << (drive_->registers().count >> 3 & 31U));
}

void AhciPort::stop(u32 cause) {
    s_.is |= cause;
    s_.stopped = true;
}

} // namespace orrery
