// The packet commands of the CD-ROM drive, each as MMC-3 or SPC-2 has it under the name its comment gives.
#include <bit>

#include "devices/storage/ata_identity.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/atapi_sense.hpp"

namespace orrery {
namespace {

u32 big16(std::span<const u8> packet, std::size_t at) { return static_cast<u32>(packet[at] << 8 | packet[at + 1]); }
u32 big32(std::span<const u8> packet, std::size_t at) { return big16(packet, at) << 16 | big16(packet, at + 2); }

void put16(std::vector<u8>& bytes, std::size_t at, u64 value) {
    bytes[at] = static_cast<u8>(value >> 8);
    bytes[at + 1] = static_cast<u8>(value);
}
void put32(std::vector<u8>& bytes, std::size_t at, u64 value) {
    put16(bytes, at, value >> 16);
    put16(bytes, at + 2, value);
}

// MMC, addresses in minutes, seconds and frames: 75 frames a second, and two seconds before block 0.
std::array<u8, 3> minute_second_frame(u64 block) {
    const u64 frame = block + 150;
    return {static_cast<u8>(frame / (75 * 60)), static_cast<u8>(frame / 75 % 60), static_cast<u8>(frame % 75)};
}

void append_address(std::vector<u8>& bytes, u64 block, bool msf) {
    bytes.resize(bytes.size() + 4);
    const std::size_t at = bytes.size() - 4;
    if (!msf) return put32(bytes, at, block);
    std::ranges::copy(minute_second_frame(block), bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

constexpr u8 data_track = 0x14; // Q sub-channel: ADR 1 (a position), control 4 (data)
constexpr u8 lead_out = 0xaa;

// What doesn't fit on a CD (80 minutes) is taken for a DVD.
constexpr u64 most_cd_blocks = u64{80} * 60 * 75;
constexpr u16 profile_cd_rom = 0x0008, profile_dvd_rom = 0x0010;

} // namespace

// ---- SPC-2 ----

void AtapiCdrom::test_unit_ready(Packet) { complete(); } // SPC-2, TEST UNIT READY

// SPC-2, REQUEST SENSE. An attention that waits may be told here, too.
void AtapiCdrom::request_sense(Packet packet) {
    Sense told = std::exchange(drive_.sense, {});
    if (told.key == sense::no_sense) told = std::exchange(drive_.attention, {});
    Bytes bytes(18);
    bytes[0] = 0x70; // current errors, fixed format
    bytes[2] = told.key;
    bytes[7] = 10; // bytes that follow
    bytes[12] = told.code;
    bytes[13] = told.qualifier;
    reply(bytes, packet[4]);
}

// SPC-2, INQUIRY
void AtapiCdrom::inquiry(Packet packet) {
    if (packet[1] & 1) return check_condition({sense::illegal_request, sense::invalid_field, 0}); // no vital data
    Bytes bytes(36, ' ');
    bytes[0] = 0x05; // a CD-ROM device
    bytes[1] = 0x80; // removable medium
    bytes[2] = 0x00;
    bytes[3] = 0x21; // ATAPI, response format 1
    bytes[4] = 31;   // bytes that follow
    bytes[5] = bytes[6] = bytes[7] = 0;
    const auto put_text = [&](std::size_t at, std::string_view text) { std::ranges::copy(text, &bytes[at]); };
    put_text(8, "ORRERY");
    put_text(16, "CD-ROM");
    put_text(32, "1.0");
    reply(bytes, packet[4]);
}

// SPC-2, PREVENT ALLOW MEDIUM REMOVAL
void AtapiCdrom::prevent_allow(Packet packet) {
    drive_.locked = (packet[4] & 1) != 0;
    complete();
}

// MMC, START STOP UNIT: LoEj says whether the tray moves, Start where to.
void AtapiCdrom::start_stop_unit(Packet packet) {
    const bool start = (packet[4] & 1) != 0, tray_moves = (packet[4] & 2) != 0;
    const bool power_condition = packet[4] >> 4 != 0;
    if (power_condition || !tray_moves) return complete();
    if (!start) {
        if (drive_.locked) return check_condition({sense::illegal_request, sense::removal_prevented, 2});
        if (ready()) drive_.event = MediaEvent::media_removal;
        drive_.tray_open = true;
    } else if (drive_.tray_open) {
        change_medium(medium_);
    }
    complete();
}

// ---- reading ----

// MMC, READ CAPACITY
void AtapiCdrom::read_capacity(Packet) {
    Bytes bytes(8);
    put32(bytes, 0, blocks() == 0 ? 0 : blocks() - 1);
    put32(bytes, 4, block_size);
    reply(bytes, bytes.size());
}

void AtapiCdrom::read_10(Packet packet) { read_blocks(big32(packet, 2), big16(packet, 7)); }
void AtapiCdrom::read_12(Packet packet) { read_blocks(big32(packet, 2), big32(packet, 6)); }

// MMC, READ CD: only the user data of data sectors, which is what READ (12) gives, or nothing at all.
void AtapiCdrom::read_cd(Packet packet) {
    const u32 count = static_cast<u32>(packet[6]) << 16 | big16(packet, 7);
    const u8 sector_type = packet[1] >> 2 & 7;
    const u8 parts = packet[9] & 0xf8;
    const u8 sub_channels = packet[10] & 7;
    const bool any_or_data = sector_type == 0 || sector_type == 2; // mode 1
    if (!any_or_data || (parts != 0x10 && parts != 0) || sub_channels != 0)
        return check_condition({sense::illegal_request, sense::invalid_field, 0});
    read_blocks(big32(packet, 2), parts == 0 ? 0 : count);
}

void AtapiCdrom::seek_10(Packet packet) {
    if (big32(packet, 2) >= blocks()) return check_condition({sense::illegal_request, sense::address_out_of_range, 0});
    complete();
}

// ---- what is on the disc ----

// MMC, READ SUB-CHANNEL. Audio has no status, since there is none.
void AtapiCdrom::read_sub_channel(Packet packet) {
    const bool msf = (packet[1] & 2) != 0, wants_data = (packet[2] & 0x40) != 0;
    const u8 format = packet[3];
    Bytes bytes(4);
    if (wants_data && format == 1) { // current position
        const u8 head[] = {1, data_track, 1, 1};
        bytes.insert(bytes.end(), std::begin(head), std::end(head));
        append_address(bytes, 0, msf);
        append_address(bytes, 0, msf);
    } else if (wants_data && (format == 2 || format == 3)) { // catalogue number, ISRC: there are none
        bytes.resize(24);
        bytes[4] = format;
        if (format == 3) bytes[5] = data_track, bytes[6] = 1;
    } else if (wants_data) {
        return check_condition({sense::illegal_request, sense::invalid_field, 0});
    }
    put16(bytes, 2, bytes.size() - 4);
    reply(bytes, big16(packet, 7));
}

// MMC, READ TOC/PMA/ATIP; SFF-8020 drivers put the format into the two upper bits of the last byte.
void AtapiCdrom::read_toc(Packet packet) {
    const bool msf = (packet[1] & 2) != 0;
    const u8 format = (packet[2] & 0xf) != 0 ? packet[2] & 0xf : packet[9] >> 6;
    const u8 first = packet[6];
    Bytes bytes;
    if (format == 0 && (first <= 1 || first == lead_out)) bytes = toc_of_tracks(msf, first);
    if (format == 1) bytes = toc_of_sessions(msf);
    if (format == 2 && first <= 1) bytes = full_toc();
    if (bytes.empty()) return check_condition({sense::illegal_request, sense::invalid_field, 0});
    put16(bytes, 0, bytes.size() - 2);
    reply(bytes, big16(packet, 7));
}

AtapiCdrom::Bytes AtapiCdrom::toc_of_tracks(bool msf, u8 first_track) const {
    Bytes bytes{0, 0, 1, 1};
    const auto append = [&](u8 track, u64 block) {
        const u8 head[] = {0, data_track, track, 0};
        bytes.insert(bytes.end(), std::begin(head), std::end(head));
        append_address(bytes, block, msf);
    };
    if (first_track <= 1) append(1, 0);
    append(lead_out, blocks());
    return bytes;
}

AtapiCdrom::Bytes AtapiCdrom::toc_of_sessions(bool msf) const {
    Bytes bytes{0, 0, 1, 1, 0, data_track, 1, 0};
    append_address(bytes, 0, msf);
    return bytes;
}

// MMC, READ TOC/PMA/ATIP, format 2: the Q sub-channel of the lead-in: first track, last track, lead-out, then each
// track.
AtapiCdrom::Bytes AtapiCdrom::full_toc() const {
    Bytes bytes{0, 0, 1, 1};
    const auto append = [&](u8 point, std::array<u8, 3> value) {
        const u8 head[] = {1, data_track, 0, point, 0, 0, 0, 0};
        bytes.insert(bytes.end(), std::begin(head), std::end(head));
        bytes.insert(bytes.end(), value.begin(), value.end());
    };
    append(0xa0, {1, 0, 0});
    append(0xa1, {1, 0, 0});
    append(0xa2, minute_second_frame(blocks()));
    append(1, minute_second_frame(0));
    return bytes;
}

// MMC, READ DISC INFORMATION: a finished disc of one finished session.
void AtapiCdrom::read_disc_information(Packet packet) {
    Bytes bytes(34);
    put16(bytes, 0, bytes.size() - 2);
    bytes[2] = 0x0e;
    bytes[3] = bytes[4] = bytes[5] = bytes[6] = 1;
    bytes[7] = 0x20;                                       // unrestricted use
    for (std::size_t i = 16; i < 24; ++i) bytes[i] = 0xff; // no room for further sessions
    reply(bytes, big16(packet, 7));
}

// ---- what the drive is and does ----

bool AtapiCdrom::holds_dvd() const { return blocks() > most_cd_blocks; }

// MMC, GET CONFIGURATION: features, of which the caller wants all, the current ones, or one.
void AtapiCdrom::get_configuration(Packet packet) {
    const u8 wanted = packet[1] & 3;
    const u32 starting = big16(packet, 2);
    const bool cd = ready() && !holds_dvd(), dvd = ready() && holds_dvd();
    Bytes bytes(8);
    put16(bytes, 6, cd ? profile_cd_rom : dvd ? profile_dvd_rom : 0);
    const auto append = [&](u16 code, u8 version, bool persistent, bool current, const Bytes& body) {
        if (code < starting || (wanted == 2 && code != starting) || (wanted == 1 && !current)) return;
        const u8 flags = static_cast<u8>(version << 2 | persistent << 1 | current);
        const u8 head[] = {static_cast<u8>(code >> 8), static_cast<u8>(code), flags, static_cast<u8>(body.size())};
        bytes.insert(bytes.end(), std::begin(head), std::end(head));
        bytes.insert(bytes.end(), body.begin(), body.end());
    };
    append(0x0000, 0, true, true, {0, profile_dvd_rom, dvd, 0, 0, profile_cd_rom, cd, 0}); // profiles
    append(0x0001, 1, true, true, {0, 0, 0, 2, 1, 0, 0, 0});                               // core, on an ATAPI wire
    append(0x0002, 0, true, true, {0, 0, 0, 0});                                           // morphing
    append(0x0003, 0, true, true, {0x29, 0, 0, 0}); // a tray that ejects, and can be locked
    append(0x0010, 0, false, ready(), {0, 0, block_size >> 8, block_size & 0xff, 0, 1, 0, 0}); // random reading
    append(0x001e, 0, false, cd, {});                                                          // reads CDs
    append(0x001f, 0, false, dvd, {});                                                         // reads DVDs
    append(0x0100, 0, true, true, {});                                                         // power management
    put32(bytes, 0, bytes.size() - 4);
    reply(bytes, big16(packet, 7));
}

// MMC, GET EVENT/STATUS NOTIFICATION: the drive is asked (Polled), and tells what happened to the medium, once.
void AtapiCdrom::get_event_status(Packet packet) {
    constexpr u8 media_class = 4;
    const bool polled = (packet[1] & 1) != 0;
    if (!polled) return check_condition({sense::illegal_request, sense::invalid_field, 0});
    Bytes bytes(4);
    bytes[3] = 1 << media_class; // supported classes
    if (packet[4] & (1 << media_class)) {
        bytes[2] = media_class;
        const u8 presence = static_cast<u8>((ready() ? 2 : 0) | (drive_.tray_open ? 1 : 0));
        const u8 event[] = {static_cast<u8>(std::exchange(drive_.event, MediaEvent::none)), presence, 0, 0};
        bytes.insert(bytes.end(), std::begin(event), std::end(event));
    } else {
        bytes[2] = 0x80; // no event of the classes asked for
    }
    put16(bytes, 0, bytes.size() - 2);
    reply(bytes, big16(packet, 7));
}

// MMC, MECHANISM STATUS: no changer.
void AtapiCdrom::mechanism_status(Packet packet) {
    Bytes bytes(8);
    if (drive_.tray_open) bytes[1] = 0x10;
    reply(bytes, big16(packet, 8));
}

// ---- MODE SENSE (MMC, SPC-2) ----

u8 AtapiCdrom::medium_type() const {
    if (drive_.tray_open) return 0x71;
    return medium_ ? 0x01 : 0x70; // 120 mm data disc; closed without a disc
}

bool AtapiCdrom::put_mode_pages(Packet packet, Bytes& out) const {
    const u8 wanted = packet[2] & 0x3f;
    const bool changeable = packet[2] >> 6 == 1;
    constexpr u32 full_speed_kb = 176 * 48, cache_kb = 512;
    const u8 mechanism = static_cast<u8>(0x29 | (drive_.locked ? 0x02 : 0)); // tray, eject, lock
    const Bytes pages[] = {
        {0x01, 0x06, 0x00, 0x05, 0, 0, 0, 0},                                   // read error recovery
        {0x0d, 0x06, 0, 0, 0, 60, 0, 75},                                       // CD device parameters
        {0x0e, 0x0e, 0x04, 0, 0, 0, 0, 75, 0x01, 0xff, 0x02, 0xff, 0, 0, 0, 0}, // CD audio control
        {0x1a, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                             // power condition
        {0x2a,
         0x12,
         0x0b,
         0,
         0x70,
         0,
         mechanism,
         0,
         full_speed_kb >> 8,
         full_speed_kb & 0xff,
         0,
         0,
         cache_kb >> 8,
         cache_kb & 0xff,
         full_speed_kb >> 8,
         full_speed_kb & 0xff,
         0,
         0,
         0,
         0}, // capabilities
    };
    bool found = false;
    for (const Bytes& page : pages) {
        if (wanted != 0x3f && wanted != page[0]) continue;
        found = true;
        const std::size_t at = out.size();
        out.insert(out.end(), page.begin(), page.end());
        if (changeable) std::fill(out.begin() + static_cast<std::ptrdiff_t>(at) + 2, out.end(), u8{0});
    }
    return found;
}

void AtapiCdrom::mode_sense_6(Packet packet) {
    if (packet[2] >> 6 == 3) return check_condition({sense::illegal_request, sense::saving_not_supported, 0});
    Bytes bytes{0, medium_type(), 0, 0};
    if (!put_mode_pages(packet, bytes)) return check_condition({sense::illegal_request, sense::invalid_field, 0});
    bytes[0] = static_cast<u8>(bytes.size() - 1);
    reply(bytes, packet[4]);
}

void AtapiCdrom::mode_sense_10(Packet packet) {
    if (packet[2] >> 6 == 3) return check_condition({sense::illegal_request, sense::saving_not_supported, 0});
    Bytes bytes{0, 0, medium_type(), 0, 0, 0, 0, 0};
    if (!put_mode_pages(packet, bytes)) return check_condition({sense::illegal_request, sense::invalid_field, 0});
    put16(bytes, 0, bytes.size() - 2);
    reply(bytes, big16(packet, 7));
}

// ATA/ATAPI-6 8.16
std::array<u16, 256> AtapiCdrom::identity() const {
    ata::IdentityWords w{};
    w[0] = 0x85c0; // ATAPI, CD-ROM, removable, DRQ within 50 us, packets of 12 bytes
    ata::put_text(w, 10, 10, configuration_.serial);
    ata::put_text(w, 23, 4, "1.0");
    ata::put_text(w, 27, 20, "ORRERY CD-ROM");
    w[49] = 0x0f00; // IORDY (may be disabled), LBA, DMA
    ata::put_transfer_modes(w, drive_.dma_mode, configuration_.serial_wire);
    if (configuration_.serial_wire) w[75] = 0, w[76] = 0x0006; // no queue
    w[82] = 0x4210;                                            // NOP, DEVICE RESET, PACKET
    w[83] = 0x4000;
    w[84] = 0x4000;
    w[85] = 0x4210;
    w[87] = 0x4000;
    ata::put_integrity(w);
    return w;
}

} // namespace orrery
