// A floppy drive and the disk in it: an image whose size says what it is. The controller (floppy.hpp) owns four.
#pragma once

#include <optional>

#include "devices/storage/disk.hpp"

namespace orrery {

// How the controller separates data (82077AA, DSR and CCR): its code.
enum class FloppyRate : u8 { kbps_500 = 0, kbps_300 = 1, kbps_250 = 2, kbps_1000 = 3 };

struct FloppyGeometry {
    u8 cylinders = 0;
    u8 heads = 0;
    u8 sectors = 0; // a track
    FloppyRate rate = FloppyRate::kbps_500;

    [[nodiscard]] u64 size_bytes() const { return u64{cylinders} * heads * sectors * sector_bytes; }
};

// The disks that PCs have had, from 160K to 2.88M; empty if an image has no such size.
std::optional<FloppyGeometry> floppy_geometry(u64 size_bytes);

class FloppyDrive {
public:
    // What hangs on the cable. 40-track drives were only made for disks of 360K and less.
    struct Configuration {
        bool present = false;
        u8 cylinders = 80;
    };

    void configure(const Configuration& configuration) { configuration_ = configuration; }
    [[nodiscard]] bool present() const { return configuration_.present; }
    // False: the image isn't a floppy's, and the drive is empty.
    bool insert(Disk* disk);

    [[nodiscard]] bool has_disk() const { return disk_ != nullptr; }
    [[nodiscard]] bool write_protected() const { return disk_ && disk_->read_only(); }
    [[nodiscard]] const FloppyGeometry& geometry() const { return geometry_; }
    // Whether marks on the disk can be read at this rate. 40-track disks turn faster in a 1.2M drive.
    [[nodiscard]] bool readable_at(FloppyRate rate) const;
    // The cylinder, as the disk's marks say, under the heads: in an 80-track drive every other one of 40.
    [[nodiscard]] u32 cylinder() const;
    [[nodiscard]] bool at_track_0() const { return present() && s.track == 0; }
    void step_to(u32 track);

    // A sector under the heads, from 1 on; `sector` is one of the geometry's.
    Status read(u8 head, u8 sector, std::span<u8> out);
    Status write(u8 head, u8 sector, std::span<u8> in);
    void disk_state(StateVisitor& visitor) {
        if (disk_) disk_->state(visitor);
    }

    struct State {
        u8 track = 0;
        bool changed = true; // DSKCHG
        u8 next_id = 0;      // what READ ID sees next: the disk turns
        static constexpr void fields(auto& state, auto&& f) {
            f("track", state.track);
            f("changed", state.changed);
            f("next_id", state.next_id);
        }
    };
    State s;

private:
    [[nodiscard]] u64 offset_of(u8 head, u8 sector) const;

    Configuration configuration_;
    Disk* disk_ = nullptr;
    FloppyGeometry geometry_;
};

} // namespace orrery
