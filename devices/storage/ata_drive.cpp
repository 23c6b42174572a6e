#include "devices/storage/ata_drive.hpp"

#include <algorithm>
#include <array>

#include "devices/storage/disk.hpp"
#include "devices/storage/host_pieces.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_command{"ata.command"};
log::TracePoint trace_end{"ata.end"};

} // namespace

void AtaDrive::execute(u8 code) {
    const ata::Registers& r = s_.registers;
    trace_command("{}: {:#04x} features {:#06x} count {:#06x} lba {:#x} device {:#04x}", name(), code, r.features,
                  r.count, r.lba48(), r.device);
    end_transfer();
    s_.registers.error = 0;
    s_.registers.status = ata::status::ready | ata::status::seek_complete;
    command(code);
}

void AtaDrive::hardware_reset() {
    end_transfer();
    set_power_on_values();
    place_signature();
}

void AtaDrive::software_reset() {
    end_transfer();
    place_signature();
}

void AtaDrive::reset() {
    s_ = {};
    set_power_on_values();
    place_signature();
}

void AtaDrive::end_transfer() {
    s_.phase = Phase::idle;
    s_.dma = false;
    s_.source = Source::buffer;
    s_.position = s_.left = 0;
    s_.block_bytes = s_.block_limit = 0;
    s_.buffer.clear();
}

void AtaDrive::complete() {
    end_transfer();
    s_.registers.status = ata::status::ready | ata::status::seek_complete;
    trace_end("{}: done", name());
}

void AtaDrive::fail(u8 error) {
    end_transfer();
    s_.registers.status = ata::status::ready | ata::status::seek_complete | ata::status::error;
    s_.registers.error = error;
    trace_end("{}: error {:#04x}", name(), error);
}

void AtaDrive::warn_of_host(const Error& error, const char* what) {
    if (log::guest_error_allowed(name() + ".host")) log::warning("{}: {}: {}", name(), what, error.message());
}

// ---- data ----

void AtaDrive::ask_for_packet() {
    s_.phase = Phase::packet;
    s_.dma = false;
    s_.source = Source::buffer;
    s_.position = 0;
    s_.left = s_.block_bytes = s_.block_limit = packet_bytes;
    s_.buffer.assign(packet_bytes, 0);
    s_.registers.status |= ata::status::data_request;
}

void AtaDrive::begin(Phase phase, bool dma, Source source, u64 position, u64 size_bytes, u32 block_limit) {
    s_.phase = phase;
    s_.dma = dma;
    s_.source = source;
    s_.position = position;
    s_.left = size_bytes;
    s_.block_limit = block_limit;
    if (dma)
        s_.registers.status |= ata::status::data_request;
    else
        next_block();
}

void AtaDrive::give(std::span<const u8> data, bool dma, u32 block_limit) {
    if (data.empty()) return complete();
    s_.buffer.assign(data.begin(), data.end());
    begin(Phase::data_in, dma, Source::buffer, 0, data.size(), block_limit);
}

void AtaDrive::next_block() {
    s_.block_bytes = static_cast<u32>(std::min<u64>({s_.left, s_.block_limit, buffer_bytes}));
    if (s_.source == Source::medium) {
        s_.buffer.resize(s_.block_bytes);
        const iovec piece{s_.buffer.data(), s_.block_bytes};
        if (s_.phase == Phase::data_in && !move_medium(s_.position, std::span(&piece, 1), s_.block_bytes)) return;
    }
    s_.registers.status |= ata::status::data_request;
    block_ready();
}

std::span<u8> AtaDrive::block() {
    const u64 from = s_.source == Source::medium ? 0 : s_.position;
    return std::span(s_.buffer).subspan(from, s_.block_bytes);
}

void AtaDrive::end_block() {
    if (s_.phase == Phase::packet) {
        std::array<u8, packet_bytes> packet{};
        std::ranges::copy(block(), packet.begin());
        end_transfer();
        s_.registers.status = ata::status::ready | ata::status::seek_complete;
        return packet_received(packet);
    }
    if (s_.phase == Phase::data_out && s_.source == Source::medium) {
        const iovec piece{s_.buffer.data(), s_.block_bytes};
        if (!move_medium(s_.position, std::span(&piece, 1), s_.block_bytes)) return;
    }
    s_.position += s_.block_bytes;
    s_.left -= s_.block_bytes;
    if (s_.left != 0) return next_block();
    s_.registers.status &= static_cast<u8>(~ata::status::data_request);
    if (s_.phase == Phase::data_out && s_.source == Source::buffer) return data_received();
    transfer_done();
}

bool AtaDrive::move_medium(u64 offset, std::span<const iovec> pieces, u64 size_bytes) {
    const bool writing = s_.phase == Phase::data_out;
    Status moved;
    if (offset > medium_bytes() || size_bytes > medium_bytes() - offset)
        moved = error("{} bytes at {} are not on the medium", size_bytes, offset);
    else
        moved = writing ? write_medium(offset, pieces) : read_medium(offset, pieces);
    if (moved) return true;
    warn_of_host(moved.error(), writing ? "writing" : "reading");
    medium_failed(offset, writing);
    return false;
}

// A transport's memory ended within a sector. What was asked for is moved; a write keeps the rest of the sector.
bool AtaDrive::move_part_of_sector(u64 offset, std::span<const iovec> pieces, u64 skip, u64 size_bytes) {
    std::array<u8, sector_bytes> sector{};
    const iovec piece{sector.data(), sector.size()};
    if (s_.phase == Phase::data_in) {
        if (!move_medium(offset, std::span(&piece, 1), sector_bytes)) return false;
        copy_to(pieces, skip, std::span(sector).first(size_bytes));
        return true;
    }
    const Status read = read_medium(offset, std::span(&piece, 1));
    if (!read) return medium_failed(offset, true), false;
    copy_from(pieces, skip, std::span(sector).first(size_bytes));
    return move_medium(offset, std::span(&piece, 1), sector_bytes);
}

void AtaDrive::transfer(std::span<const iovec> pieces, u64 size_bytes) {
    if (!s_.dma || s_.phase == Phase::idle) return;
    size_bytes = std::min(size_bytes, s_.left);
    if (s_.source == Source::buffer) {
        const std::span<u8> bytes = std::span(s_.buffer).subspan(s_.position, size_bytes);
        if (s_.phase == Phase::data_in)
            copy_to(pieces, 0, bytes);
        else
            copy_from(pieces, 0, bytes);
    } else {
        // After a part of a sector there is no going on.
        if (s_.position % sector_bytes != 0) return abort_transfer();
        const u64 whole = size_bytes - size_bytes % sector_bytes;
        if (whole != 0 && !move_medium(s_.position, part_of(pieces, 0, whole), whole)) return;
        const bool part_is_on_medium = size_bytes != whole;
        if (part_is_on_medium && !move_part_of_sector(s_.position + whole, pieces, whole, size_bytes - whole)) return;
    }
    s_.position += size_bytes;
    s_.left -= size_bytes;
    if (s_.left != 0) return;
    s_.registers.status &= static_cast<u8>(~ata::status::data_request);
    if (s_.phase == Phase::data_out && s_.source == Source::buffer) return data_received();
    transfer_done();
}

// ---- restoring ----

bool AtaDrive::state_is_possible() const {
    const bool known_phase = s_.phase <= Phase::packet && s_.source <= Source::buffer;
    if (!known_phase) return false;
    if (s_.phase == Phase::idle) return true;
    if (s_.left == 0) return false;
    const u64 used = s_.source == Source::medium ? 0 : s_.position;
    if (s_.source == Source::buffer && (used > s_.buffer.size() || s_.left > s_.buffer.size() - used)) return false;
    if (s_.source == Source::medium && s_.phase == Phase::packet) return false;
    if (s_.source == Source::medium && s_.left > ~s_.position) return false;
    if (s_.dma) return s_.phase != Phase::packet;
    return s_.block_bytes != 0 && s_.block_bytes <= s_.left && s_.block_bytes <= s_.buffer.size() - used &&
           (s_.phase != Phase::packet || s_.left == packet_bytes) && s_.block_limit != 0 &&
           (s_.source == Source::buffer || (s_.position % sector_bytes == 0 && s_.block_bytes % sector_bytes == 0 &&
                                            s_.block_limit % sector_bytes == 0 && s_.left % sector_bytes == 0));
}

// A snapshot may have been tampered with: what can't be ends as an aborted command.
void AtaDrive::restored() {
    if (state_is_possible()) return;
    log::warning("{}: the restored transfer is impossible and is dropped", name());
    fail(ata::error::aborted);
}

} // namespace orrery
