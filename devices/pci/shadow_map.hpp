// What a PC's CPUs find between A0000h and FFFFFh: video memory or RAM in the first 128 KiB, then twelve segments of
// 16 KiB and one of 64 KiB, each of which reads from RAM or ROM and writes to RAM or nowhere. The host bridge's PAM and
// SMRAM registers set it; it has no state of its own.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "machine/fabric/address_space.hpp"

namespace orrery {

class ShadowMap {
public:
    static constexpr u32 segment_count = 13;
    static constexpr GuestPhysical video_base{0xa'0000};
    static constexpr GuestPhysical first_segment{0xc'0000};
    static constexpr u64 video_bytes = 128 * KiB;
    static constexpr u64 rom_bytes = 256 * KiB;

    struct Segment {
        bool reads_ram = false;
        bool writes_ram = false;
        constexpr bool operator==(const Segment&) const = default;
    };
    using Segments = std::array<Segment, segment_count>;

    // `ram` is the machine's, from address 0 on. `rom` holds what C0000h to FFFFFh reads when it isn't RAM. `video` has
    // the video memory's 128 KiB.
    static Result<std::unique_ptr<ShadowMap>> create(AddressSpace& memory, Ram& ram, Ram& rom, IoHandler& video);
    ~ShadowMap();
    ShadowMap(const ShadowMap&) = delete;
    ShadowMap& operator=(const ShadowMap&) = delete;

    // Machine lock held.
    void set(const Segments& segments, bool video_is_ram);

private:
    // Where a segment reads ROM but writes RAM.
    class WriteThrough final : public IoHandler {
    public:
        WriteThrough(ShadowMap& map, GuestPhysical base) : map_(map), base_(base) {}
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        ShadowMap& map_;
        GuestPhysical base_;
    };

    ShadowMap(AddressSpace& memory, Ram& ram, Ram& rom, IoHandler& video);
    [[nodiscard]] Window segment_window(u32 index) const;
    [[nodiscard]] Window video_window() const;

    AddressSpace& memory_;
    Ram& ram_;
    Ram& rom_;
    IoHandler& video_;
    std::vector<std::unique_ptr<WriteThrough>> write_through_;
    Segments segments_{};
    bool video_is_ram_ = false;
    u32 mapped_ = 0; // segments, for a construction that fails half-way
};

} // namespace orrery
