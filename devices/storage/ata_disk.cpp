#include "devices/storage/ata_disk.hpp"

#include <algorithm>
#include <numeric>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

using namespace ata;

constexpr u64 most_lba28_sectors = u64{1} << 28;
constexpr u64 most_lba48_sectors = u64{1} << 48;
constexpr u8 queue_tags = 32;

// SET FEATURES (8.46), the Features register
namespace feature {
enum : u8 {
    enable_write_cache = 0x02,
    set_transfer_mode = 0x03,
    disable_look_ahead = 0x55,
    keep_settings = 0x66,
    disable_write_cache = 0x82,
    enable_look_ahead = 0xaa,
    default_settings = 0xcc,
};
}

// What CHECK POWER MODE gives
namespace power {
enum : u8 { standby = 0x00, idle = 0x80, active = 0xff };
}

// Logs of READ LOG EXT
constexpr u8 log_directory = 0x00;
constexpr u8 queued_error_log = 0x10;

struct AccessRow {
    u8 code;
    bool write, ext, dma, multiple, through_cache;
};
constexpr AccessRow access_rows[] = {
    {0x20, false, false, false, false, false}, // READ SECTOR(S)
    {0x21, false, false, false, false, false}, // the same without retries (ATA-4)
    {0x24, false, true, false, false, false},  // READ SECTOR(S) EXT
    {0x25, false, true, true, false, false},   // READ DMA EXT
    {0x29, false, true, false, true, false},   // READ MULTIPLE EXT
    {0xc4, false, false, false, true, false},  // READ MULTIPLE
    {0xc8, false, false, true, false, false},  // READ DMA
    {0xc9, false, false, true, false, false},  // without retries
    {0x30, true, false, false, false, false},  // WRITE SECTOR(S)
    {0x31, true, false, false, false, false},  // without retries
    {0x34, true, true, false, false, false},   // WRITE SECTOR(S) EXT
    {0x35, true, true, true, false, false},    // WRITE DMA EXT
    {0x39, true, true, false, true, false},    // WRITE MULTIPLE EXT
    {0x3c, true, false, false, false, false},  // WRITE VERIFY (ATA-3)
    {0x3d, true, true, true, false, true},     // WRITE DMA FUA EXT
    {0xc5, true, false, false, true, false},   // WRITE MULTIPLE
    {0xca, true, false, true, false, false},   // WRITE DMA
    {0xcb, true, false, true, false, false},   // without retries
    {0xce, true, true, false, true, true},     // WRITE MULTIPLE FUA EXT
};

} // namespace

AtaDisk::AtaDisk(std::string name, Configuration configuration, Disk& disk)
    : AtaDrive(std::move(name)), configuration_(std::move(configuration)),
      sectors_(std::min(disk.size_bytes() / sector_bytes, most_lba48_sectors)), disk_(disk) {
    reset();
}

void AtaDisk::state(StateVisitor& visitor) {
    visit_fields(visitor, s_);
    visit(visitor, "settings", settings_);
    disk_.state(visitor);
}

void AtaDisk::restored() {
    if (settings_.multiple_sectors > most_multiple_sectors) settings_.multiple_sectors = 0;
    AtaDrive::restored();
}

std::optional<AtaDisk::Access> AtaDisk::access_of(u8 code) {
    const auto* row = std::ranges::find(access_rows, code, &AccessRow::code);
    if (row == std::end(access_rows)) return std::nullopt;
    return Access{row->write, row->ext, row->dma, row->multiple, row->through_cache};
}

bool AtaDisk::begins_at_once(u8 code) const {
    const auto access = access_of(code);
    return access && access->write && !access->dma;
}

// 9.12: the signature of a device without the PACKET feature set.
void AtaDisk::place_signature() {
    Registers& r = s_.registers;
    r = {.count = 1, .lba_low = 1, .status = status::ready | status::seek_complete, .error = 1};
    settings_.asleep = false;
    settings_.power = power::active;
    settings_.queued_error = {};
}

// ---- commands ----

void AtaDisk::command(u8 code) {
    settings_.command = code;
    settings_.flush_after = false;
    if (settings_.asleep) return fail(error::aborted); // only a reset wakes (8.50)
    if (settings_.queued_error.present && code != command::read_log_ext) return fail(error::aborted);
    if (const auto access = access_of(code)) return this->access(*access);
    if (data_command(code) || control_command(code) || power_command(code)) return;
    log::guest_error(name(), "no command {:#04x}", code);
    fail(error::aborted);
}

bool AtaDisk::data_command(u8 code) {
    switch (code) {
    case 0x40: // READ VERIFY SECTOR(S)
    case 0x41:
        verify(false);
        return true;
    case 0x42: // READ VERIFY SECTOR(S) EXT
        verify(true);
        return true;
    case command::read_fpdma_queued:
    case command::write_fpdma_queued:
        queued_access(code == command::write_fpdma_queued);
        return true;
    case command::flush_cache:
    case command::flush_cache_ext:
        flush();
        return true;
    case command::data_set_management:
        trim();
        return true;
    case command::identify_device: {
        const Words words = identity();
        give(std::span(reinterpret_cast<const u8*>(words.data()), sizeof words), false, sector_bytes);
        return true;
    }
    case command::read_log_ext:
        read_log();
        return true;
    default:
        return false;
    }
}

bool AtaDisk::control_command(u8 code) {
    if ((code & 0xf0) == command::recalibrate) { // to cylinder 0, which takes no time
        complete();
        return true;
    }
    if ((code & 0xf0) == command::seek) {
        const auto lba = first_sector(false);
        lba && *lba < sectors_ ? complete() : fail(error::id_not_found);
        return true;
    }
    switch (code) {
    case command::execute_device_diagnostic:
        place_signature();
        return true;
    case command::initialize_device_parameters:
        initialize_parameters();
        return true;
    case command::set_multiple_mode:
        set_multiple();
        return true;
    case command::set_features:
        set_features();
        return true;
    case command::read_native_max:
    case command::read_native_max_ext:
        read_native_max(code == command::read_native_max_ext);
        return true;
    case command::nop: // 8.22: always aborted
    case command::packet:
    case command::identify_packet_device: // 8.16: how a disk says that it is none of those
        fail(error::aborted);
        return true;
    default:
        return false;
    }
}

// The power management feature set (6.8); the codes from 94h on are those of ATA-3. The disk's timers never run out.
bool AtaDisk::power_command(u8 code) {
    switch (code) {
    case 0x94:
    case 0x96:
    case command::standby_immediate:
    case command::standby:
        settings_.power = power::standby;
        break;
    case 0x95:
    case 0x97:
    case command::idle_immediate:
    case command::idle:
        settings_.power = power::idle;
        break;
    case 0x98:
    case command::check_power_mode:
        s_.registers.count = settings_.power;
        complete();
        return true;
    case 0x99:
    case command::sleep:
        settings_.power = power::standby;
        settings_.asleep = true;
        break;
    default:
        return false;
    }
    // Standby keeps nothing in the cache (8.52).
    flush();
    return true;
}

// ---- reading and writing ----

std::optional<u64> AtaDisk::first_sector(bool ext) const {
    const Registers& r = s_.registers;
    if (ext) return r.lba48();
    const u64 low = r.lba_low & 0xffU, mid = r.lba_mid & 0xffU, high = r.lba_high & 0xffU;
    const u64 head = r.device & device::head;
    if (r.device & device::lba) return low | mid << 8 | high << 16 | head << 24;
    // 6.2: sectors count from 1
    if (low == 0 || low > settings_.sectors_per_track || head >= settings_.heads) return std::nullopt;
    return ((mid | high << 8) * settings_.heads + head) * settings_.sectors_per_track + low - 1;
}

std::optional<AtaDisk::Location> AtaDisk::locate(bool ext) {
    const u64 count = ext ? s_.registers.count : s_.registers.count & 0xffU;
    const u64 sectors = count != 0 ? count : ext ? 0x1'0000 : 0x100;
    const auto lba = first_sector(ext);
    if (lba && on_disk(*lba, sectors)) return Location{*lba, sectors};
    log::guest_error(name(), "{} sectors at {:#x} of {:#x}", sectors, lba.value_or(0), sectors_);
    fail(error::id_not_found);
    return std::nullopt;
}

void AtaDisk::access(const Access& access) {
    if (access.multiple && settings_.multiple_sectors == 0) return fail(error::aborted); // 8.30
    const auto location = locate(access.ext);
    if (!location) return;
    if (access.write && disk_.read_only()) return fail(error::aborted);
    settings_.power = power::active;
    settings_.flush_after = access.write && (access.through_cache || !settings_.write_cache);
    const u32 sectors_a_block = access.multiple ? settings_.multiple_sectors : 1;
    begin(access.write ? Phase::data_out : Phase::data_in, access.dma, Source::medium, location->lba * sector_bytes,
          location->sectors * sector_bytes, static_cast<u32>(sectors_a_block * sector_bytes));
}

// ATA/ATAPI-7, READ and WRITE FPDMA QUEUED: the count stands in Features, the tag in Count, FUA in bit 7 of Device.
void AtaDisk::queued_access(bool write) {
    if (!configuration_.serial_wire) return fail(error::aborted);
    const Registers& r = s_.registers;
    const u64 lba = r.lba48();
    const u64 sectors = r.features != 0 ? r.features : 0x1'0000;
    if (!on_disk(lba, sectors)) return fail(error::id_not_found);
    if (write && disk_.read_only()) return fail(error::aborted);
    settings_.power = power::active;
    settings_.flush_after = write && ((r.device & 0x80) != 0 || !settings_.write_cache);
    begin(write ? Phase::data_out : Phase::data_in, true, Source::medium, lba * sector_bytes, sectors * sector_bytes,
          static_cast<u32>(sector_bytes));
}

void AtaDisk::verify(bool ext) {
    if (locate(ext)) complete();
}

void AtaDisk::flush() {
    const Status flushed = disk_.flush();
    if (flushed) return complete();
    warn_of_host(flushed.error(), "flushing");
    fail(error::aborted);
    s_.registers.status |= status::device_fault;
}

void AtaDisk::transfer_done() {
    if (settings_.flush_after) return flush();
    complete();
}

void AtaDisk::show_address(u64 lba) {
    Registers& r = s_.registers;
    const auto access = access_of(settings_.command);
    const bool queued =
        settings_.command == command::read_fpdma_queued || settings_.command == command::write_fpdma_queued;
    if (queued || (access && access->ext)) return r.set_lba48(lba);
    u64 head = lba >> 24;
    if (r.device & device::lba) {
        r.set_lba48(lba & 0xff'ffff);
    } else if (settings_.heads != 0 && settings_.sectors_per_track != 0) {
        const u64 track = lba / settings_.sectors_per_track;
        const u64 cylinder = track / settings_.heads;
        head = track % settings_.heads;
        r.set_lba48((lba % settings_.sectors_per_track + 1) | (cylinder & 0xffff) << 8);
    }
    r.device = static_cast<u8>((r.device & ~device::head) | (head & device::head));
}

void AtaDisk::medium_failed(u64 offset, bool writing) {
    show_address(offset / sector_bytes);
    fail(writing ? error::aborted : error::uncorrectable);
    if (writing) s_.registers.status |= status::device_fault;
}

void AtaDisk::fail(u8 code) {
    const bool queued =
        settings_.command == command::read_fpdma_queued || settings_.command == command::write_fpdma_queued;
    if (queued && configuration_.serial_wire && !settings_.queued_error.present)
        settings_.queued_error = {true, static_cast<u8>(s_.registers.count >> 3 & (queue_tags - 1)), code,
                                  s_.registers.lba48()};
    AtaDrive::fail(code);
}

// ---- settings ----

// ATA-5, INITIALIZE DEVICE PARAMETERS: the translation that CHS addresses go by.
void AtaDisk::initialize_parameters() {
    const u8 sectors = static_cast<u8>(s_.registers.count);
    if (sectors == 0) return fail(error::aborted);
    settings_.heads = static_cast<u8>((s_.registers.device & device::head) + 1);
    settings_.sectors_per_track = sectors;
    complete();
}

// 8.49: a power of two up to what word 47 tells; 0 switches the commands off.
void AtaDisk::set_multiple() {
    const u8 sectors = static_cast<u8>(s_.registers.count);
    if (sectors > most_multiple_sectors || (sectors & (sectors - 1)) != 0) return fail(error::aborted);
    settings_.multiple_sectors = sectors;
    complete();
}

void AtaDisk::set_features() {
    switch (static_cast<u8>(s_.registers.features)) {
    case feature::enable_write_cache:
        settings_.write_cache = true;
        return complete();
    case feature::disable_write_cache: // what is in the cache goes to the disk
        settings_.write_cache = false;
        return flush();
    case feature::enable_look_ahead:
        settings_.look_ahead = true;
        return complete();
    case feature::disable_look_ahead:
        settings_.look_ahead = false;
        return complete();
    case feature::set_transfer_mode:
        return set_transfer_mode(static_cast<u8>(s_.registers.count));
    case feature::keep_settings:
    case feature::default_settings: // what SRST leaves alone; here it always leaves the settings alone
        return complete();
    default:
        return fail(error::aborted);
    }
}

// 8.46, the Sector Count register
void AtaDisk::set_transfer_mode(u8 mode) {
    const u8 number = mode & 7;
    switch (mode >> 3) {
    case 0: // the default PIO mode
        return number <= 1 ? complete() : fail(error::aborted);
    case 1: // PIO with flow control
        return number <= 4 ? complete() : fail(error::aborted);
    case 4: // multiword DMA
        if (number > 2) return fail(error::aborted);
        break;
    case 8: // Ultra DMA
        if (number > (configuration_.serial_wire ? 6 : 5)) return fail(error::aborted);
        break;
    default:
        return fail(error::aborted);
    }
    settings_.dma_mode = mode;
    complete();
}

// 8.32 and 8.33: the last address, which is in LBA whatever the registers say.
void AtaDisk::read_native_max(bool ext) {
    const u64 last = (ext ? sectors_ : std::min(sectors_, most_lba28_sectors)) - (sectors_ != 0);
    Registers& r = s_.registers;
    r.set_lba48(ext ? last : last & 0xff'ffff);
    if (!ext) r.device = static_cast<u8>((r.device & ~device::head) | (last >> 24 & device::head));
    complete();
}

// ATA/ATAPI-7, READ LOG EXT: the directory of logs, and the log of the last queued error, which also ends the state of
// error.
void AtaDisk::read_log() {
    const Registers r = s_.registers;
    const u8 log = static_cast<u8>(r.lba_low);
    const bool wanted_first_page = r.count == 1 && r.lba_mid == 0;
    if (!configuration_.serial_wire || !wanted_first_page || (log != log_directory && log != queued_error_log))
        return fail(error::aborted);
    std::array<u8, sector_bytes> page{};
    if (log == log_directory) {
        page[0] = 1;                    // version
        page[queued_error_log * 2] = 1; // pages of the log
        return give(page, false, sector_bytes);
    }
    const QueuedError failed = settings_.queued_error;
    settings_.queued_error = {};
    page[0] = failed.present ? failed.tag : 0x80; // NQ: not from a queued command
    page[2] = failed.present ? status::ready | status::error : 0;
    page[3] = failed.error;
    for (u32 i = 0; i < 3; ++i) {
        page[4 + i] = static_cast<u8>(failed.lba >> (i * 8));
        page[8 + i] = static_cast<u8>(failed.lba >> (24 + i * 8));
    }
    page[7] = device::lba;
    page[511] = static_cast<u8>(-std::accumulate(page.begin(), page.end(), 0U));
    give(page, false, sector_bytes);
}

// ATA8-ACS, DATA SET MANAGEMENT: blocks of 64 ranges, each a 48-bit address and a 16-bit count.
void AtaDisk::trim() {
    const u64 blocks = s_.registers.count;
    const bool is_trim = (s_.registers.features & 1) != 0;
    if (!is_trim || disk_.read_only() || blocks == 0 || blocks * sector_bytes > buffer_bytes)
        return fail(error::aborted);
    s_.buffer.assign(blocks * sector_bytes, 0);
    begin(Phase::data_out, true, Source::buffer, 0, blocks * sector_bytes, static_cast<u32>(sector_bytes));
}

void AtaDisk::data_received() {
    for (std::size_t at = 0; at + 8 <= s_.buffer.size(); at += 8) {
        u64 entry = 0;
        std::memcpy(&entry, s_.buffer.data() + at, sizeof entry);
        const u64 lba = entry & 0xffff'ffff'ffff, sectors = entry >> 48;
        if (sectors == 0) continue;
        if (!on_disk(lba, sectors)) return fail(error::id_not_found);
        const Status discarded = disk_.discard(lba * sector_bytes, sectors * sector_bytes);
        if (!discarded) warn_of_host(discarded.error(), "discarding"); // a hint: its failure harms nothing
    }
    complete();
}

} // namespace orrery
