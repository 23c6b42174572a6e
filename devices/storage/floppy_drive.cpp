#include "devices/storage/floppy_drive.hpp"

#include <algorithm>

namespace orrery {
namespace {

using enum FloppyRate;

constexpr FloppyGeometry geometries[] = {
    {40, 1, 8, kbps_250},  {40, 1, 9, kbps_250},  {40, 2, 8, kbps_250},   {40, 2, 9, kbps_250},  {80, 1, 9, kbps_250},
    {80, 2, 9, kbps_250},  {80, 2, 15, kbps_500}, {80, 2, 18, kbps_500},  {80, 2, 20, kbps_500}, {80, 2, 21, kbps_500},
    {82, 2, 21, kbps_500}, {83, 2, 21, kbps_500}, {80, 2, 36, kbps_1000},
};

constexpr u8 last_track = 83;

} // namespace

std::optional<FloppyGeometry> floppy_geometry(u64 size_bytes) {
    const auto* found = std::ranges::find(geometries, size_bytes, &FloppyGeometry::size_bytes);
    if (found == std::end(geometries)) return std::nullopt;
    return *found;
}

bool FloppyDrive::insert(Disk* disk) {
    const auto geometry = disk ? floppy_geometry(disk->size_bytes()) : std::nullopt;
    disk_ = geometry ? disk : nullptr;
    geometry_ = geometry.value_or(FloppyGeometry{});
    s.changed = true;
    return disk == nullptr || geometry.has_value();
}

bool FloppyDrive::readable_at(FloppyRate rate) const {
    if (!has_disk()) return false;
    return rate == geometry_.rate || (geometry_.cylinders == 40 && rate == kbps_300);
}

u32 FloppyDrive::cylinder() const {
    const bool double_steps = configuration_.cylinders > 40 && geometry_.cylinders == 40;
    return double_steps ? s.track / 2U : s.track;
}

// A step with a disk in the drive also puts DSKCHG back (82077AA, DIR).
void FloppyDrive::step_to(u32 track) {
    s.track = static_cast<u8>(std::min<u32>(track, last_track));
    if (has_disk()) s.changed = false;
}

u64 FloppyDrive::offset_of(u8 head, u8 sector) const {
    return ((u64{cylinder()} * geometry_.heads + head) * geometry_.sectors + sector - 1) * sector_bytes;
}

Status FloppyDrive::read(u8 head, u8 sector, std::span<u8> out) {
    const iovec piece{out.data(), out.size()};
    return disk_->read(offset_of(head, sector), std::span(&piece, 1));
}

Status FloppyDrive::write(u8 head, u8 sector, std::span<u8> in) {
    const iovec piece{in.data(), in.size()};
    return disk_->write(offset_of(head, sector), std::span(&piece, 1));
}

} // namespace orrery
