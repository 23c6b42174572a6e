#include "devices/pci/shadow_map.hpp"

#include <cstring>

namespace orrery {
namespace {

constexpr u64 small_segment = 16 * KiB;
constexpr u64 last_segment = 64 * KiB;

constexpr GuestPhysical segment_base(u32 index) { return ShadowMap::first_segment + index * small_segment; }
constexpr u64 segment_bytes(u32 index) { return index == ShadowMap::segment_count - 1 ? last_segment : small_segment; }

} // namespace

ShadowMap::ShadowMap(AddressSpace& memory, Ram& ram, Ram& rom, IoHandler& video)
    : memory_(memory), ram_(ram), rom_(rom), video_(video) {
    for (u32 i = 0; i < segment_count; ++i)
        write_through_.push_back(std::make_unique<WriteThrough>(*this, segment_base(i)));
}

Result<std::unique_ptr<ShadowMap>> ShadowMap::create(AddressSpace& memory, Ram& ram, Ram& rom, IoHandler& video) {
    if (ram.size_bytes() < 1 * MiB || rom.size_bytes() < rom_bytes)
        return error("the memory below 1 MiB needs RAM of 1 MiB and ROM of 256 KiB behind it");
    std::unique_ptr<ShadowMap> map(new ShadowMap(memory, ram, rom, video));
    for (; map->mapped_ < segment_count; ++map->mapped_) TRY_STATUS(memory.map(map->segment_window(map->mapped_)));
    TRY_STATUS(memory.map(map->video_window()));
    return map;
}

ShadowMap::~ShadowMap() {
    for (u32 i = 0; i < mapped_; ++i) memory_.unmap(segment_base(i));
    if (mapped_ == segment_count) memory_.unmap(video_base);
}

Window ShadowMap::segment_window(u32 index) const {
    const Segment& segment = segments_[index];
    const GuestPhysical base = segment_base(index);
    Window window{.base = base, .size_bytes = segment_bytes(index), .name = fmt::format("shadow.{:x}", base.value)};
    window.ram = segment.reads_ram ? &ram_ : &rom_;
    window.ram_offset = segment.reads_ram ? base.value : base - first_segment;
    window.read_only = !segment.reads_ram || !segment.writes_ram;
    if (!segment.reads_ram && segment.writes_ram) window.io = write_through_[index].get();
    return window;
}

Window ShadowMap::video_window() const {
    Window window{.base = video_base, .size_bytes = video_bytes, .name = "video"};
    if (video_is_ram_) {
        window.ram = &ram_;
        window.ram_offset = video_base.value;
    } else {
        window.io = &video_;
    }
    return window;
}

void ShadowMap::set(const Segments& segments, bool video_is_ram) {
    for (u32 i = 0; i < segment_count; ++i) {
        if (segments_[i] == segments[i]) continue;
        segments_[i] = segments[i];
        const Status changed = memory_.remap(segment_window(i));
        ORRERY_ASSERT(changed, "a segment stays where it was mapped");
    }
    if (video_is_ram_ == video_is_ram) return;
    video_is_ram_ = video_is_ram;
    const Status changed = memory_.remap(video_window());
    ORRERY_ASSERT(changed, "the video window stays where it was mapped");
}

u64 ShadowMap::WriteThrough::read(u64 offset, Width width) {
    u64 value = 0;
    std::memcpy(&value, map_.rom_.host() + (base_ - first_segment) + offset, bytes(width));
    return value;
}

void ShadowMap::WriteThrough::write(u64 offset, u64 value, Width width) {
    const u64 at = base_.value + offset;
    std::memcpy(map_.ram_.host() + at, &value, bytes(width));
    map_.memory_.ram_written(map_.ram_, at, bytes(width));
}

} // namespace orrery
