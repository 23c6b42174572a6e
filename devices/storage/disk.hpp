// Where the sectors of a disk live: the host end of every storage device. Calls complete before they return; a device
// keeps what it does before and after a call apart, so that a worker thread may one day make the call and post the rest
// to the event loop. Offsets and sizes are bytes within the disk, multiples of 512; the caller has checked them.
#pragma once

#include <span>

#include <sys/uio.h>

#include "machine/fabric/result.hpp"
#include "machine/fabric/state_visitor.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

inline constexpr u64 sector_bytes = 512;

class Disk {
public:
    virtual ~Disk() = default;
    [[nodiscard]] virtual u64 size_bytes() const = 0;
    [[nodiscard]] virtual bool read_only() const = 0;
    // Between the disk, from `offset` on, and the host memory of `pieces`, one after another.
    virtual Status read(u64 offset, std::span<const iovec> pieces) = 0;
    virtual Status write(u64 offset, std::span<const iovec> pieces) = 0;
    // What was written before survives the host's power failure afterwards.
    virtual Status flush() = 0;
    // The content is no longer of interest; what reads give from now on is anything.
    virtual Status discard(u64 offset, u64 size) = 0;
    // Reads give 0 from now on; `may_unmap` allows giving up the space.
    virtual Status write_zeroes(u64 offset, u64 size, bool may_unmap) = 0;
    // What of the disk belongs to the machine's state: nothing, unless its writes are kept from the file.
    virtual void state(StateVisitor&) {}
};

} // namespace orrery
