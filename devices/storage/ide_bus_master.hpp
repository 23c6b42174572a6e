// The bus master of one IDE channel (Programming Interface for Bus Master IDE Controller, revision 1.0, here "BMIDE"):
// three registers, and tables of physical region descriptors in guest memory, which may hold anything.
#pragma once

#include <vector>

#include <sys/uio.h>

#include "devices/virtio/guest_memory.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

class IdeBusMaster {
public:
    explicit IdeBusMaster(AddressSpace& memory) : memory_(memory) {}

    // The eight ports. A write that starts the engine says true.
    [[nodiscard]] u8 read(u64 offset) const;
    bool write(u64 offset, u8 value);

    [[nodiscard]] bool active() const { return (s.status & status_active) != 0; }
    [[nodiscard]] bool to_memory() const { return (s.command & command_to_memory) != 0; }
    void set_interrupt() { s.status |= status_interrupt; }

    // What the table has for a transfer of `wanted_bytes`: the first `size_bytes` of them, all unless the table ends
    // early or names what isn't memory. Valid until the next mapping change; written() must follow stores.
    struct Regions {
        std::vector<Segment> segments;
        std::vector<iovec> pieces;
        u64 size_bytes = 0;
        bool bad_memory = false;
        bool more = false; // the table describes more than was wanted
    };
    Regions gather(u64 wanted_bytes);
    void written(const Regions& regions) { memory_.run_written(regions.segments, 0, regions.size_bytes); }
    // The transfer ended; BMIDE has a table of what the status then is.
    void finish(const Regions& regions);
    void fail();

    struct State {
        u8 command = 0;
        u8 status = 0;
        u32 table = 0;
        static constexpr void fields(auto& state, auto&& f) {
            f("command", state.command);
            f("status", state.status);
            f("table", state.table);
        }
    };
    State s;

private:
    enum : u8 { command_start = 0x01, command_to_memory = 0x08 };
    enum : u8 { status_active = 0x01, status_error = 0x02, status_interrupt = 0x04, status_capable = 0x60 };
    GuestMemory memory_;
};

} // namespace orrery
