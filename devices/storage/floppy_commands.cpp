// The commands of the 82077AA that move no data: head movements, questions, settings (82077AA, command set).
#include "devices/storage/floppy.hpp"
#include "devices/storage/floppy_registers.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {

using namespace floppy;

namespace {

constexpr u8 chip_version = 0x90; // an enhanced controller
constexpr u32 recalibrate_steps = 79;

} // namespace

void FloppyController::invalid() {
    log::guest_error(name(), "no command {:#04x}", s_.command[0]);
    give_results({st0::invalid});
}

// SENSE INTERRUPT STATUS: the drives that have been polled after a reset, then those whose seek has ended, one at a
// time.
void FloppyController::sense_interrupt() {
    raise_interrupt(false);
    for (u8 i = 0; i < drive_count; ++i) {
        const u8 bit = static_cast<u8>(1 << i);
        if (s_.polled & bit) {
            s_.polled &= static_cast<u8>(~bit);
            return give_results({static_cast<u8>(st0::polled | i), drives_[i].s.track});
        }
    }
    for (u8 i = 0; i < drive_count; ++i) {
        const u8 bit = static_cast<u8>(1 << i);
        if ((s_.seek_done & bit) == 0) continue;
        s_.seek_done &= static_cast<u8>(~bit);
        return give_results({static_cast<u8>(s_.seek_status[i] | i), drives_[i].s.track});
    }
    give_results({st0::invalid});
}

void FloppyController::sense_drive_status() {
    u8 status = static_cast<u8>(st3::two_sided | st3::ready | head_and_drive());
    if (drive().at_track_0()) status |= st3::track_0;
    if (drive().write_protected()) status |= st3::write_protected;
    give_results({status});
}

void FloppyController::start_seek(u32 target, u8 status) {
    const u32 index = s_.command[1] & 3;
    const u8 bit = static_cast<u8>(1 << index);
    s_.seeking |= bit;
    s_.seek_done &= static_cast<u8>(~bit);
    s_.seek_target[index] = static_cast<u8>(target);
    s_.seek_status[index] = status;
    s_.seek_at_ns = seek_timer_.clock().now_ns() + delay_ns;
    seek_timer_.arm_at(s_.seek_at_ns);
}

// At most 79 steps outwards; who isn't at track 0 then, or isn't there at all, has an equipment check.
void FloppyController::recalibrate() {
    const u32 track = drive().s.track;
    const bool arrives = drive().present() && track <= recalibrate_steps;
    const u32 target = track > recalibrate_steps ? track - recalibrate_steps : 0;
    start_seek(target, static_cast<u8>(arrives ? st0::seek_end : st0::seek_end | st0::abnormal | st0::equipment_check));
}

void FloppyController::seek() { start_seek(s_.command[2], static_cast<u8>(st0::seek_end | (head_and_drive() & 4))); }

void FloppyController::relative_seek() {
    const bool inwards = (s_.command[0] & 0x40) != 0;
    const u32 track = drive().s.track, steps = s_.command[2];
    const u32 target = inwards ? track + steps : track - std::min(track, steps);
    start_seek(std::min(target, 0xffU), static_cast<u8>(st0::seek_end | (head_and_drive() & 4)));
}

void FloppyController::specify() {
    s_.step_and_unload = s_.command[1];
    s_.load_and_no_dma = s_.command[2];
}

void FloppyController::configure() {
    s_.configuration = s_.command[2] & 0x7f;
    s_.precompensation = s_.command[3];
}

// OW lets the bits of the drives be written, too.
void FloppyController::set_perpendicular() {
    const u8 value = s_.command[1];
    const u8 writable = (value & 0x80) ? 0x3f : 0x03;
    s_.perpendicular = static_cast<u8>((s_.perpendicular & ~writable) | (value & writable));
}

void FloppyController::lock() {
    s_.locked = (s_.command[0] & 0x80) != 0;
    give_results({static_cast<u8>(s_.locked ? 0x10 : 0x00)});
}

void FloppyController::version() { give_results({chip_version}); }

void FloppyController::dump_registers() {
    give_results({drives_[0].s.track, drives_[1].s.track, drives_[2].s.track, drives_[3].s.track, s_.step_and_unload,
                  s_.load_and_no_dma, s_.last_sector, static_cast<u8>((s_.locked ? 0x80 : 0) | s_.perpendicular),
                  s_.configuration, s_.precompensation});
}

} // namespace orrery
