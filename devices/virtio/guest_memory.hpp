// A virtio device's view of guest RAM, for DMA only: what isn't RAM isn't there. Nothing here outlives the call that
// asked for it, because a later mapping change may move what lies at an address.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "machine/fabric/address_space.hpp"

namespace orrery {

// One buffer of a descriptor chain.
struct Segment {
    GuestPhysical address;
    u32 size_bytes = 0;
};

class GuestMemory {
public:
    explicit GuestMemory(AddressSpace& space) : space_(space), reader_(space) {}

    // The host bytes from `address`, up to `size_bytes` or the end of the RAM window; empty if there is no RAM.
    std::span<u8> bytes(GuestPhysical address, u64 size_bytes, bool for_write);
    [[nodiscard]] bool is_ram(GuestPhysical address, u64 size_bytes, bool for_write);
    // Must follow every store through bytes().
    void written(GuestPhysical address, u64 size_bytes);

    template <typename T> std::optional<T> load(GuestPhysical address) {
        const std::span<u8> from = bytes(address, sizeof(T), false);
        if (from.size() < sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, from.data(), sizeof(T));
        return value;
    }
    template <typename T> bool store(GuestPhysical address, const T& value) {
        const std::span<u8> to = bytes(address, sizeof(T), true);
        if (to.size() < sizeof(T)) return false;
        std::memcpy(to.data(), &value, sizeof(T));
        written(address, sizeof(T));
        return true;
    }

    // The same over a list of buffers taken as one run of bytes, from byte `skip` of it. False: the run is too short.
    bool read(std::span<const Segment> run, u64 skip, std::span<u8> out);
    bool write(std::span<const Segment> run, u64 skip, std::span<const u8> in);
    // Appends the host pieces of `size_bytes` bytes of the run; whoever writes them calls run_written().
    bool gather(std::span<const Segment> run, u64 skip, u64 size_bytes, bool for_write, std::vector<iovec>& pieces);
    void run_written(std::span<const Segment> run, u64 skip, u64 size_bytes);

private:
    AddressSpace& space_;
    AddressSpace::Reader reader_;
};

} // namespace orrery
