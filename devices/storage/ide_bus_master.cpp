#include "devices/storage/ide_bus_master.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_regions{"ide.dma"};

// BMIDE, physical region descriptor table: a descriptor; a byte count of 0 means 64 KiB. A table lies within 64 KiB.
struct Descriptor {
    u32 address;
    u16 size_bytes;
    u16 flags;
};
static_assert(sizeof(Descriptor) == 8);
constexpr u16 end_of_table = 0x8000;
constexpr u32 most_descriptors = 64 * KiB / sizeof(Descriptor);

} // namespace

u8 IdeBusMaster::read(u64 offset) const {
    if (offset == 0) return s.command;
    if (offset == 2) return s.status;
    if (offset >= 4) return static_cast<u8>(s.table >> ((offset - 4) * 8));
    return 0;
}

bool IdeBusMaster::write(u64 offset, u8 value) {
    if (offset == 0) {
        const bool was_started = (s.command & command_start) != 0;
        s.command = value & (command_start | command_to_memory);
        const bool started = (value & command_start) != 0;
        if (started && !was_started) s.status |= status_active;
        if (!started) s.status &= static_cast<u8>(~status_active);
        return started && !was_started;
    }
    if (offset == 2) { // BMIDE, status register: ones clear the error and the interrupt
        const u8 kept = s.status & static_cast<u8>(~(value & (status_error | status_interrupt)));
        s.status = static_cast<u8>((kept & ~status_capable) | (value & status_capable));
    } else if (offset >= 4) {
        const u32 shift = static_cast<u32>(offset - 4) * 8;
        s.table = ((s.table & ~(0xffU << shift)) | static_cast<u32>(value) << shift) & ~3U;
    }
    return false;
}

IdeBusMaster::Regions IdeBusMaster::gather(u64 wanted_bytes) {
    Regions regions;
    for (u32 i = 0; i < most_descriptors; ++i) {
        const auto descriptor = memory_.load<Descriptor>({s.table + u64{i} * sizeof(Descriptor)});
        regions.bad_memory = !descriptor;
        if (!descriptor) break;
        const u64 described = descriptor->size_bytes == 0 ? 64 * KiB : descriptor->size_bytes;
        const Segment segment{{descriptor->address},
                              static_cast<u32>(std::min(described, wanted_bytes - regions.size_bytes))};
        if (!memory_.is_ram(segment.address, segment.size_bytes, to_memory())) {
            regions.bad_memory = true;
            break;
        }
        regions.segments.push_back(segment);
        memory_.gather(std::span(&segment, 1), 0, segment.size_bytes, to_memory(), regions.pieces);
        regions.size_bytes += segment.size_bytes;
        const bool last = (descriptor->flags & end_of_table) != 0;
        if (regions.size_bytes == wanted_bytes) regions.more = !last || described != segment.size_bytes;
        if (last || regions.size_bytes == wanted_bytes) break;
    }
    trace_regions("table {:#x}: {} of {} bytes in {} regions", s.table, regions.size_bytes, wanted_bytes,
                  regions.segments.size());
    return regions;
}

void IdeBusMaster::finish(const Regions& regions) {
    if (regions.bad_memory) return fail();
    if (!regions.more) s.status &= static_cast<u8>(~status_active);
}

void IdeBusMaster::fail() { s.status = static_cast<u8>((s.status & ~status_active) | status_error); }

} // namespace orrery
