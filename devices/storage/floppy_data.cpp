// The commands of the 82077AA that move data (82077AA, data transfer commands): sector after sector through a buffer,
// by DMA or byte by byte.
#include <algorithm>

#include "devices/storage/floppy.hpp"
#include "devices/storage/floppy_registers.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {

using namespace floppy;

namespace {

enum Code : u8 {
    read_track_code = 0x02,
    write_code = 0x05,
    write_deleted_code = 0x09,
    format_code = 0x0d,
    verify_code = 0x16
};

constexpr u8 multi_track = 0x80;
constexpr u8 count_given = 0x80; // EC of VERIFY
constexpr u8 size_of_512 = 2;    // N
constexpr u32 id_bytes = 4;      // what FORMAT TRACK wants for each sector

} // namespace

bool FloppyController::to_host() const {
    return code() != write_code && code() != write_deleted_code && code() != format_code;
}

void FloppyController::end_data(u8 status0, u8 status1, u8 status2) {
    dma_.set_request(dma_channel, false);
    s_.buffer_size = s_.buffer_at = 0;
    give_results(
        {static_cast<u8>(status0 | head_and_drive()), status1, status2, s_.cylinder, s_.head, s_.sector, size_of_512});
    raise_interrupt(true);
}

// READ ID: the mark that comes by next.
void FloppyController::read_id() {
    FloppyDrive& from = drive();
    const u8 head = s_.command[1] >> 2 & 1;
    s_.cylinder = static_cast<u8>(from.cylinder());
    s_.head = head;
    s_.sector = 1;
    const FloppyGeometry& geometry = from.geometry();
    if (!from.readable_at(static_cast<FloppyRate>(s_.rate)) || head >= geometry.heads ||
        from.cylinder() >= geometry.cylinders)
        return end_data(st0::abnormal, st1::missing_mark, 0);
    s_.sector = static_cast<u8>(from.s.next_id % geometry.sectors + 1);
    from.s.next_id = s_.sector;
    end_data(0, 0, 0);
}

// ---- READ, WRITE and VERIFY ----

void FloppyController::read_sectors() { begin_sectors(); }
void FloppyController::write_sectors() {
    if (drive().write_protected()) {
        s_.cylinder = s_.command[2], s_.head = s_.command[3], s_.sector = s_.command[4];
        return end_data(st0::abnormal, st1::not_writable, 0);
    }
    begin_sectors();
}
void FloppyController::verify() { begin_sectors(); }

// READ TRACK: all sectors from the index hole on, whatever R says.
void FloppyController::read_track() {
    s_.command[4] = 1;
    begin_sectors();
}

void FloppyController::begin_sectors() {
    s_.cylinder = s_.command[2];
    s_.head = s_.command[3];
    s_.sector = s_.command[4];
    s_.last_sector = s_.command[6];
    s_.terminal_count = false;
    s_.sectors_done = 0;
    if ((s_.configuration & configuration::implied_seek) && drive().present()) {
        const bool double_steps = drive().geometry().cylinders == 40 && drive().cylinder() != drive().s.track;
        drive().step_to(double_steps ? s_.cylinder * 2U : s_.cylinder);
    }
    if (find_sector()) fill_buffer();
    if (uses_dma() || code() == verify_code) run_data();
}

// The marks on the track are those of the geometry. Ends the command if none is what it wants.
bool FloppyController::find_sector() {
    FloppyDrive& on = drive();
    const FloppyGeometry& geometry = on.geometry();
    const u8 side = static_cast<u8>(s_.command[1] >> 2 & 1) ^ static_cast<u8>((s_.head ^ s_.command[3]) & 1);
    const bool readable =
        on.readable_at(static_cast<FloppyRate>(s_.rate)) && on.cylinder() < geometry.cylinders && side < geometry.heads;
    if (!readable) return end_data(st0::abnormal, st1::missing_mark, 0), false;
    if (s_.cylinder != on.cylinder()) return end_data(st0::abnormal, st1::no_data, st2::wrong_cylinder), false;
    const bool exists =
        s_.head == side && s_.sector >= 1 && s_.sector <= geometry.sectors && s_.command[5] == size_of_512;
    if (!exists) return end_data(st0::abnormal, st1::no_data, 0), false;
    return true;
}

void FloppyController::fill_buffer() {
    s_.buffer_size = sector_bytes;
    s_.buffer_at = 0;
    if (to_host()) {
        const Status read = drive().read(s_.head, s_.sector, s_.buffer);
        if (!read) {
            if (log::guest_error_allowed(name() + ".host"))
                log::warning("{}: reading: {}", name(), read.error().message());
            return end_data(st0::abnormal, st1::data_error, st2::data_error);
        }
    }
    // Byte by byte: the host is asked.
    if (!uses_dma() && code() != verify_code) raise_interrupt(true);
}

// Sectors, or the four bytes of each that is formatted, as long as the other side keeps up.
void FloppyController::run_data() {
    while (s_.phase == Phase::execution && s_.buffer_size != 0) {
        if (!move_buffer()) return;
        buffer_done();
        if (!uses_dma() && code() != verify_code) return;
    }
}

// False: the channel isn't ready, and will say when it is.
bool FloppyController::move_buffer() {
    if (code() == verify_code || !uses_dma()) return true;
    const bool gate = outputs_enabled();
    dma_.set_request(dma_channel, gate);
    if (!gate) return false;
    const auto rest = std::span(s_.buffer).subspan(s_.buffer_at, s_.buffer_size - s_.buffer_at);
    const auto moved = dma_.transfer(dma_channel, rest, to_host());
    s_.buffer_at += static_cast<u32>(moved.bytes);
    s_.terminal_count = moved.terminal_count;
    if (s_.buffer_at < s_.buffer_size && !moved.terminal_count) return false;
    // What a write doesn't get to the end of the sector is 0 (82077AA, WRITE DATA).
    if (!to_host()) std::fill(s_.buffer.begin() + s_.buffer_at, s_.buffer.end(), u8{0});
    return true;
}

void FloppyController::buffer_done() {
    if (code() == format_code) return format_sector();
    if (!to_host()) {
        // The disk may have been taken out meanwhile.
        if (!find_sector()) return;
        const Status written = drive().write(s_.head, s_.sector, s_.buffer);
        if (!written) {
            if (log::guest_error_allowed(name() + ".host"))
                log::warning("{}: writing: {}", name(), written.error().message());
            return end_data(st0::abnormal, st1::data_error, st2::data_error);
        }
    }
    sector_done();
}

// Where the result says the next sector is; EOT is the last of a track, and MT goes on to side 1.
void FloppyController::sector_done() {
    const bool at_end = s_.sector == s_.last_sector;
    const bool next_side = at_end && (s_.command[0] & multi_track) != 0 && (s_.head & 1) == 0;
    const bool last = at_end && !next_side;
    if (!at_end) {
        ++s_.sector;
    } else {
        s_.sector = 1;
        if (s_.command[0] & multi_track) s_.head ^= 1;
        if (last) ++s_.cylinder;
    }
    // VERIFY has no terminal count: with EC it ends after SC sectors, else at EOT.
    const bool counted = (s_.command[1] & count_given) != 0 && ++s_.sectors_done == s_.command[8];
    const bool verified = code() == verify_code && (counted || last);
    if (s_.terminal_count || verified) return end_data(0, 0, 0);
    // The host wanted more than the track has (without DMA this is how a transfer ends).
    if (last) return end_data(st0::abnormal, st1::end_of_cylinder, 0);
    if (find_sector()) fill_buffer();
}

// ---- FORMAT TRACK ----

void FloppyController::format_track() {
    s_.cylinder = static_cast<u8>(drive().cylinder());
    s_.head = s_.command[1] >> 2 & 1;
    s_.sector = 1;
    s_.last_sector = s_.command[3];
    s_.sectors_done = 0;
    s_.terminal_count = false;
    const FloppyGeometry& geometry = drive().geometry();
    if (drive().write_protected()) return end_data(st0::abnormal, st1::not_writable, 0);
    const bool possible = drive().readable_at(static_cast<FloppyRate>(s_.rate)) &&
                          drive().cylinder() < geometry.cylinders && s_.head < geometry.heads &&
                          s_.command[2] == size_of_512 && s_.last_sector != 0;
    if (!possible) return end_data(st0::abnormal, st1::missing_mark, 0);
    s_.buffer_size = id_bytes;
    s_.buffer_at = 0;
    if (uses_dma()) return run_data();
    raise_interrupt(true);
}

// An image keeps the marks of its geometry: a sector that isn't one of them is formatted and then not found.
void FloppyController::format_sector() {
    FloppyDrive& on = drive();
    const u8 cylinder = s_.buffer[0], head = s_.buffer[1], sector = s_.buffer[2];
    const bool kept = on.has_disk() && !on.write_protected() && cylinder == on.cylinder() && head == s_.head &&
                      head < on.geometry().heads && cylinder < on.geometry().cylinders && sector >= 1 &&
                      sector <= on.geometry().sectors;
    if (kept) {
        s_.buffer.fill(s_.command[5]);
        const Status written = on.write(head, sector, s_.buffer);
        if (!written) return end_data(st0::abnormal, st1::data_error, st2::data_error);
    } else {
        log::guest_error(name(), "sector {} of cylinder {} can't be formatted on this image", sector, cylinder);
    }
    ++s_.sectors_done;
    if (s_.terminal_count || s_.sectors_done == s_.last_sector) return end_data(0, 0, 0);
    s_.buffer_at = 0;
    if (!uses_dma()) raise_interrupt(true);
}

} // namespace orrery
