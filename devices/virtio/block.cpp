#include "devices/virtio/block.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_request{"virtio.block"};

constexpr u16 block_device_id = 2;
constexpr std::array<u16, 1> queue_sizes{256};

// 5.2.3 Feature bits
constexpr u64 feature_seg_max = u64{1} << 2;
constexpr u64 feature_read_only = u64{1} << 5;
constexpr u64 feature_blk_size = u64{1} << 6;
constexpr u64 feature_flush = u64{1} << 9;
constexpr u64 feature_discard = u64{1} << 13;
constexpr u64 feature_write_zeroes = u64{1} << 14;

// 5.2.6 Device Operation
enum RequestType : u32 { in = 0, out = 1, flush = 4, get_id = 8, discard = 11, write_zeroes = 13 };
struct RequestHeader {
    u32 type;
    u32 reserved;
    u64 sector;
};
static_assert(sizeof(RequestHeader) == 16);
struct Range {
    u64 sector;
    u32 sectors;
    u32 flags;
};
static_assert(sizeof(Range) == 16);
constexpr u32 range_unmap = 1;
constexpr std::size_t id_bytes = 20;

// One range a request, so that a host without holes in its files isn't kept busy for long.
constexpr u32 most_range_sectors = u32{1} << 20;

} // namespace

VirtioBlock::VirtioBlock(std::string name, const VirtioWiring& wiring, Disk& disk, std::string serial)
    : VirtioDevice(std::move(name), wiring, block_device_id, queue_sizes), disk_(disk), serial_(std::move(serial)) {
    config_.capacity_sectors = disk.size_bytes() / sector_bytes;
    config_.seg_max = queue_sizes[0] - 2; // without the header and the status byte
    config_.max_discard_sectors = config_.max_write_zeroes_sectors = most_range_sectors;
    config_.max_discard_seg = config_.max_write_zeroes_seg = 1;
    config_.discard_sector_alignment = 8;
    config_.write_zeroes_may_unmap = 1;
}

u64 VirtioBlock::own_features() const {
    const u64 always = feature_seg_max | feature_blk_size | feature_flush;
    return always | (disk_.read_only() ? feature_read_only : feature_discard | feature_write_zeroes);
}

std::span<const u8> VirtioBlock::config() const { return {reinterpret_cast<const u8*>(&config_), 60}; }

void VirtioBlock::queue_notified(u32 index) {
    drain(index, [this](Chain& chain) { return handle(chain); });
}

// 5.2.6: a header to read, data in either direction, one status byte to write; no assumption about their framing.
std::optional<u32> VirtioBlock::handle(Chain& chain) {
    std::array<u8, sizeof(RequestHeader)> raw{};
    if (chain.writable_bytes == 0 || !memory().read(chain.readable(), 0, raw)) {
        need_reset("a request without a header or a status");
        return std::nullopt;
    }
    const auto header = std::bit_cast<RequestHeader>(raw);
    const Answer result = execute(header.type, header.sector, chain);
    trace_request("{}: type {} sector {} read {} write {} -> {}", name(), header.type, header.sector,
                  chain.writable_bytes - 1, chain.readable_bytes - sizeof header, static_cast<u32>(result));
    const u8 status = static_cast<u8>(result);
    memory().write(chain.writable(), chain.writable_bytes - 1, std::span(&status, 1));
    if (result != Answer::ok) return 1;
    return static_cast<u32>(std::min<u64>(chain.writable_bytes, std::numeric_limits<u32>::max()));
}

VirtioBlock::Answer VirtioBlock::execute(u32 request_type, u64 sector, Chain& chain) {
    const bool changes = request_type == out || request_type == discard || request_type == write_zeroes;
    if (changes && disk_.read_only()) return Answer::io_error;
    switch (request_type) {
    case in:
        return transfer(sector, chain, false);
    case out:
        return transfer(sector, chain, true);
    case flush:
        return answer(disk_.flush(), "flushing");
    case get_id:
        return give_id(chain);
    case discard:
        return clear_range(chain, false);
    case write_zeroes:
        return clear_range(chain, true);
    default:
        return Answer::unsupported;
    }
}

bool VirtioBlock::on_disk(u64 sector, u64 size) const {
    return size % sector_bytes == 0 && sector <= config_.capacity_sectors &&
           size / sector_bytes <= config_.capacity_sectors - sector;
}

VirtioBlock::Answer VirtioBlock::transfer(u64 sector, Chain& chain, bool to_disk) {
    const u64 size = to_disk ? chain.readable_bytes - sizeof(RequestHeader) : chain.writable_bytes - 1;
    if (!on_disk(sector, size)) {
        log::guest_error(name(), "{} bytes at sector {} of {}", size, sector, config_.capacity_sectors);
        return Answer::io_error;
    }
    pieces_.clear();
    const u64 skip = to_disk ? sizeof(RequestHeader) : 0;
    const std::span<const Segment> run = to_disk ? chain.readable() : chain.writable();
    if (!memory().gather(run, skip, size, !to_disk, pieces_)) return Answer::io_error;
    if (to_disk) return answer(disk_.write(sector * sector_bytes, pieces_), "writing");
    const Answer result = answer(disk_.read(sector * sector_bytes, pieces_), "reading");
    memory().run_written(run, 0, size);
    return result;
}

VirtioBlock::Answer VirtioBlock::give_id(Chain& chain) {
    std::array<u8, id_bytes> id{};
    std::copy_n(serial_.begin(), std::min(serial_.size(), id_bytes), id.begin());
    const u64 room = std::min<u64>(chain.writable_bytes - 1, id_bytes);
    return memory().write(chain.writable(), 0, std::span(id).first(room)) ? Answer::ok : Answer::io_error;
}

VirtioBlock::Answer VirtioBlock::clear_range(Chain& chain, bool zeroes) {
    std::array<u8, sizeof(Range)> raw{};
    if (chain.readable_bytes != sizeof(RequestHeader) + sizeof(Range) ||
        !memory().read(chain.readable(), sizeof(RequestHeader), raw))
        return Answer::io_error;
    const Range range = std::bit_cast<Range>(raw);
    // 5.2.6.2: reserved flags, and unmap with a discard, are unsupported.
    if ((range.flags & ~(zeroes ? range_unmap : 0)) != 0) return Answer::unsupported;
    const u64 offset = range.sector * sector_bytes;
    const u64 size = u64{range.sectors} * sector_bytes;
    if (range.sectors > most_range_sectors || !on_disk(range.sector, size)) return Answer::io_error;
    if (!zeroes) return answer(disk_.discard(offset, size), "discarding");
    return answer(disk_.write_zeroes(offset, size, (range.flags & range_unmap) != 0), "writing zeroes");
}

VirtioBlock::Answer VirtioBlock::answer(const Status& result, const char* what) {
    if (result) return Answer::ok;
    if (log::guest_error_allowed(name() + ".host")) log::warning("{}: {}: {}", name(), what, result.error().message());
    return Answer::io_error;
}

} // namespace orrery
