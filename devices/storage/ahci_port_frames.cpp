// Frames from the drive: what they do to the port's registers, and their copies in guest memory (AHCI 1.3.1, 4.2.1 and
// 5.3; Serial ATA 2.6, 10.3).
#include <array>
#include <cstring>

#include "devices/storage/ahci_port.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {

using namespace ahci;

namespace {

// The fields that a register frame and a PIO setup frame have in the same places.
void put_registers(std::span<u8> frame, const ata::Registers& r) {
    frame[2] = r.status;
    frame[3] = r.error;
    frame[4] = static_cast<u8>(r.lba_low);
    frame[5] = static_cast<u8>(r.lba_mid);
    frame[6] = static_cast<u8>(r.lba_high);
    frame[7] = r.device;
    frame[8] = static_cast<u8>(r.lba_low >> 8);
    frame[9] = static_cast<u8>(r.lba_mid >> 8);
    frame[10] = static_cast<u8>(r.lba_high >> 8);
    frame[12] = static_cast<u8>(r.count);
    frame[13] = static_cast<u8>(r.count >> 8);
}

} // namespace

void AhciPort::post(u32 place, std::span<const u8> frame) {
    if ((s_.cmd & cmd::fis_receive) == 0) return;
    const GuestPhysical at{s_.fb + place};
    const Segment segment{at, static_cast<u32>(frame.size())};
    if (!memory_.write(std::span(&segment, 1), 0, frame)) {
        log::guest_error(name_, "the received frame at {:#x} is not in memory", at.value);
        stop(is::host_bus_fatal);
    }
}

void AhciPort::take_status() {
    const ata::Registers& r = drive_->registers();
    s_.tfd = static_cast<u32>(r.error << 8 | r.status);
}

// An error and the frame's own I bit are two causes, and both show, as PxIS describes its bits (3.3.5). The RegFIS
// states, taken to the letter, would leave the second out; real controllers don't (Linux reports of them irq_stat
// 0x40000001, and 0x40000008 of queued commands), and SeaBIOS before 1.16.3 waits for nothing but the frame.
void AhciPort::receive_registers(bool interrupt) {
    std::array<u8, 20> frame{fis::d2h_register, static_cast<u8>(interrupt ? fis::interrupt : 0)};
    put_registers(frame, drive_->registers());
    post(received::d2h_register, frame);
    take_status();
    if (interrupt) s_.is |= is::d2h_register;
    if (s_.tfd & ata::status::error) stop(is::task_file_error);
}

// The status that a block of data ends with comes with the frame that begins it.
void AhciPort::receive_pio_setup(bool to_host, bool interrupt, u32 size_bytes, u8 end_status) {
    std::array<u8, 20> frame{fis::pio_setup,
                             static_cast<u8>((to_host ? fis::to_host : 0) | (interrupt ? fis::interrupt : 0))};
    put_registers(frame, drive_->registers());
    frame[15] = end_status;
    frame[16] = static_cast<u8>(size_bytes);
    frame[17] = static_cast<u8>(size_bytes >> 8);
    post(received::pio_setup, frame);
    if (interrupt) s_.is |= is::pio_setup;
}

void AhciPort::receive_dma_setup(bool to_host, u32 tag, u64 size_bytes) {
    std::array<u8, 28> frame{fis::dma_setup, static_cast<u8>(to_host ? fis::to_host : 0)};
    frame[4] = static_cast<u8>(tag);
    const u32 size = static_cast<u32>(size_bytes);
    std::memcpy(&frame[20], &size, sizeof size);
    post(received::dma_setup, frame);
}

// Takes the tags of queued commands that have ended out of PxSACT; BSY and DRQ aren't touched.
void AhciPort::receive_set_device_bits(u32 finished) {
    const ata::Registers& r = drive_->registers();
    std::array<u8, 8> frame{fis::set_device_bits, fis::interrupt, static_cast<u8>(r.status & 0x77), r.error};
    std::memcpy(&frame[4], &finished, sizeof finished);
    post(received::set_device_bits, frame);
    s_.sact &= ~finished;
    take_status();
    s_.is |= is::set_device_bits;
    if (s_.tfd & ata::status::error) stop(is::task_file_error);
}

} // namespace orrery
