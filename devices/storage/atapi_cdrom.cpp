#include "devices/storage/atapi_cdrom.hpp"

#include <algorithm>

#include "devices/storage/ata_identity.hpp"
#include "devices/storage/atapi_sense.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_packet{"atapi.packet"};

// ATA/ATAPI-6 7.12.5: the Interrupt Reason, in the place of the Sector Count register
namespace reason {
enum : u16 { command_packet = 0x01, to_host = 0x02 };
}

// What the Features register of PACKET holds (ATA/ATAPI-6 8.23)
constexpr u16 packet_by_dma = 0x01;
constexpr u16 packet_overlapped = 0x02;

constexpr u8 set_transfer_mode = 0x03; // SET FEATURES

} // namespace

AtapiCdrom::AtapiCdrom(std::string name, Configuration configuration, Disk* medium)
    : AtaDrive(std::move(name)), configuration_(std::move(configuration)), medium_(medium) {
    reset();
}

void AtapiCdrom::state(StateVisitor& visitor) {
    visit_fields(visitor, s_);
    visit(visitor, "drive", drive_);
    if (medium_) medium_->state(visitor);
}

void AtapiCdrom::set_power_on_values() {
    const bool tray_open = drive_.tray_open;
    drive_ = {};
    drive_.tray_open = tray_open;
    drive_.attention = {sense::unit_attention, sense::reset_occurred, 0};
    if (ready()) drive_.event = MediaEvent::new_media;
}

// ATA/ATAPI-6 9.12: the signature of a device with the PACKET feature set; DRDY stays 0 until a command is given.
void AtapiCdrom::place_signature() {
    s_.registers = {.count = 1, .lba_low = 1, .lba_mid = 0x14, .lba_high = 0xeb, .status = 0, .error = 1};
}

bool AtapiCdrom::begins_at_once(u8 command) const { return command == ata::command::packet; }

u64 AtapiCdrom::blocks() const { return ready() ? std::min<u64>(medium_->size_bytes() / block_size, 0xffff'ffff) : 0; }

// ---- the medium ----

void AtapiCdrom::change_medium(Disk* medium) {
    if (s_.source == Source::medium && phase() != Phase::idle)
        check_condition({sense::medium_error, sense::unrecovered_read_error, 0});
    const bool had_medium = ready();
    medium_ = medium;
    drive_.tray_open = false;
    drive_.locked = false;
    if (medium) {
        drive_.event = MediaEvent::new_media;
        drive_.attention = {sense::unit_attention, sense::medium_may_have_changed, 0};
    } else if (had_medium) {
        drive_.event = MediaEvent::media_removal;
    }
}

void AtapiCdrom::press_eject() {
    if (drive_.locked) {
        drive_.event = MediaEvent::eject_request;
    } else if (drive_.tray_open) {
        change_medium(medium_);
    } else {
        if (ready()) drive_.event = MediaEvent::media_removal;
        drive_.tray_open = true;
    }
}

Status AtapiCdrom::read_medium(u64 offset, std::span<const iovec> pieces) {
    if (!ready()) return error("the medium is gone");
    return medium_->read(offset, pieces);
}

void AtapiCdrom::medium_failed(u64, bool) { check_condition({sense::medium_error, sense::unrecovered_read_error, 0}); }

// ---- the task file's commands ----

void AtapiCdrom::command(u8 code) {
    switch (code) {
    case ata::command::packet:
        return start_packet();
    case ata::command::identify_packet_device: {
        const auto words = identity();
        drive_.byte_count_limit = 512;
        return give(std::span(reinterpret_cast<const u8*>(words.data()), sizeof words), false, 512);
    }
    case ata::command::device_reset:
    case ata::command::execute_device_diagnostic:
        return place_signature();
    case ata::command::set_features:
        return set_features();
    case ata::command::check_power_mode:
        AtaDrive::complete();
        s_.registers.count = 0xff;
        return;
    case ata::command::standby_immediate:
    case ata::command::idle_immediate:
    case ata::command::standby:
    case ata::command::idle:
    case ata::command::sleep:
    case ata::command::flush_cache:
        return AtaDrive::complete();
    case ata::command::identify_device: // 8.15.5, and the same for READ SECTOR(S) (8.34.5): this is how hosts find out
    case ata::command::read_sectors:
        return abort_with_signature();
    case ata::command::nop:
        return AtaDrive::fail(ata::error::aborted);
    default:
        log::guest_error(name(), "no command {:#04x}", code);
        return AtaDrive::fail(ata::error::aborted);
    }
}

void AtapiCdrom::abort_with_signature() {
    place_signature();
    AtaDrive::fail(ata::error::aborted);
}

void AtapiCdrom::set_features() {
    if (static_cast<u8>(s_.registers.features) != set_transfer_mode) return AtaDrive::fail(ata::error::aborted);
    const u8 mode = static_cast<u8>(s_.registers.count);
    const u8 number = mode & 7;
    const bool pio = mode >> 3 <= 1 && number <= 4, multiword = mode >> 3 == 4 && number <= 2;
    const bool ultra = mode >> 3 == 8 && number <= (configuration_.serial_wire ? 6 : 5);
    if (!pio && !multiword && !ultra) return AtaDrive::fail(ata::error::aborted);
    if (!pio) drive_.dma_mode = mode;
    AtaDrive::complete();
}

void AtapiCdrom::start_packet() {
    ata::Registers& r = s_.registers;
    if (r.features & packet_overlapped) return AtaDrive::fail(ata::error::aborted);
    drive_.packet_uses_dma = (r.features & packet_by_dma) != 0;
    drive_.byte_count_limit = static_cast<u16>((r.lba_mid & 0xff) | r.lba_high << 8);
    ask_for_packet();
    r.count = reason::command_packet;
}

// 8.23.5: an even number, unless one block holds everything; FFFFh counts as FFFEh, and 0, which is invalid, too.
u32 AtapiCdrom::block_limit() const {
    const u32 limit = drive_.byte_count_limit == 0 ? 0xfffe : drive_.byte_count_limit;
    return std::max(limit & ~1U, 2U);
}

void AtapiCdrom::block_ready() {
    ata::Registers& r = s_.registers;
    r.count = reason::to_host;
    r.lba_mid = static_cast<u16>(s_.block_bytes & 0xff);
    r.lba_high = static_cast<u16>(s_.block_bytes >> 8);
}

void AtapiCdrom::complete() {
    AtaDrive::complete();
    s_.registers.count = reason::command_packet | reason::to_host;
}

// The transport could not move the data, so that the command is neither good nor bad: the host sees an aborted one.
void AtapiCdrom::fail(u8) { check_condition({sense::illegal_request, sense::invalid_field, 0}); }

// 8.23.6: the sense key in the Error register, and REQUEST SENSE tells the rest.
void AtapiCdrom::check_condition(Sense sense) {
    drive_.sense = sense;
    const u8 aborted = sense.key == sense::illegal_request ? ata::error::aborted : 0;
    AtaDrive::fail(static_cast<u8>(sense.key << 4 | aborted));
    s_.registers.count = reason::command_packet | reason::to_host;
}

// ---- packets ----

const AtapiCdrom::PacketCommand AtapiCdrom::packet_commands[] = {
    {0x00, &AtapiCdrom::test_unit_ready, true, false},   {0x03, &AtapiCdrom::request_sense, false, true},
    {0x12, &AtapiCdrom::inquiry, false, true},           {0x1a, &AtapiCdrom::mode_sense_6, false, false},
    {0x1b, &AtapiCdrom::start_stop_unit, false, false},  {0x1e, &AtapiCdrom::prevent_allow, false, false},
    {0x25, &AtapiCdrom::read_capacity, true, false},     {0x28, &AtapiCdrom::read_10, true, false},
    {0x2b, &AtapiCdrom::seek_10, true, false},           {0x42, &AtapiCdrom::read_sub_channel, true, false},
    {0x43, &AtapiCdrom::read_toc, true, false},          {0x46, &AtapiCdrom::get_configuration, false, true},
    {0x4a, &AtapiCdrom::get_event_status, false, true},  {0x51, &AtapiCdrom::read_disc_information, true, false},
    {0x5a, &AtapiCdrom::mode_sense_10, false, false},    {0xa8, &AtapiCdrom::read_12, true, false},
    {0xbd, &AtapiCdrom::mechanism_status, false, false}, {0xbe, &AtapiCdrom::read_cd, true, false},
};

void AtapiCdrom::packet_received(Packet packet) {
    trace_packet("{}: {:02x}", name(), fmt::join(packet, " "));
    const auto* known = std::ranges::find(packet_commands, packet[0], &PacketCommand::code);
    if (known == std::end(packet_commands)) return check_condition({sense::illegal_request, sense::invalid_command, 0});
    if (!known->before_attention && drive_.attention.key != sense::no_sense)
        return check_condition(std::exchange(drive_.attention, {}));
    if (known->needs_medium && !ready())
        return check_condition(
            {sense::not_ready, sense::medium_not_present, static_cast<u8>(drive_.tray_open ? 2 : 1)});
    if (packet[0] != 0x03) drive_.sense = {};
    (this->*known->run)(packet);
}

void AtapiCdrom::reply(const Bytes& bytes, u64 allocation_length) {
    const std::size_t size = std::min<u64>(bytes.size(), allocation_length);
    give(std::span(bytes).first(size), drive_.packet_uses_dma, block_limit());
}

void AtapiCdrom::read_blocks(u64 first, u64 count) {
    if (first > blocks() || count > blocks() - first)
        return check_condition({sense::illegal_request, sense::address_out_of_range, 0});
    if (count == 0) return complete();
    const u64 size = count * block_size;
    // The medium is read in whole sectors: a smaller block comes from the buffer.
    if (drive_.packet_uses_dma || block_limit() >= sector_bytes) {
        const u32 limit = block_limit() - block_limit() % static_cast<u32>(sector_bytes);
        return begin(Phase::data_in, drive_.packet_uses_dma, Source::medium, first * block_size, size,
                     std::max(limit, static_cast<u32>(sector_bytes)));
    }
    if (size > buffer_bytes) return check_condition({sense::illegal_request, sense::invalid_field, 0});
    Bytes bytes(size);
    const iovec piece{bytes.data(), bytes.size()};
    const Status read = read_medium(first * block_size, std::span(&piece, 1));
    if (!read) return warn_of_host(read.error(), "reading"), medium_failed(first * block_size, false);
    reply(bytes, size);
}

} // namespace orrery
