// What a debugger's front end (gdb stub, monitor) may do with a machine. All calls come from the event loop's thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cpu/debug.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app {

enum class MemorySpace : u8 { of_cpu, physical };

struct MemoryRegion {
    enum class Kind : u8 { ram, rom, device };
    u64 base = 0;
    u64 size_bytes = 0;
    Kind kind = Kind::ram;
    std::string name;
};

enum class WatchKind : u8 { write, read, access };

struct Watchpoint {
    WatchKind kind = WatchKind::write;
    u64 address = 0; // virtual, as the CPUs see it
    u64 size_bytes = 0;
    bool operator==(const Watchpoint&) const = default;
};

// Why the machine stands still.
struct Stop {
    enum class Reason : u8 { paused, breakpoint, watchpoint, step, ended };
    Reason reason = Reason::paused;
    u32 cpu = 0;
    // Reason::watchpoint: what was set, the address that was accessed, and up to 8 bytes there before and after.
    Watchpoint watchpoint{};
    u64 accessed = 0;
    u64 old_value = 0;
    u64 new_value = 0;
    // Reason::ended: the program's exit code.
    u32 exit_code = 0;
};

struct Resume {
    enum class Kind : u8 {
        go_on, // all CPUs, or those in `only`
        step,  // `cpu` alone: one instruction, or the exception it raises
        range, // `cpu` alone: until its pc is outside of [first, end)
    };
    Kind kind = Kind::go_on;
    u32 cpu = 0;
    u64 first = 0;
    u64 end = 0;
    std::optional<u64> pc{}; // go on there instead, on `cpu`
    std::vector<u32> only{}; // Kind::go_on: the others stand still; empty: none does
    u64 steps = 1;           // Kind::step: how many, unless something stops it before
};

class DebugTarget {
public:
    // Called whenever the machine has come to a stop, from the event loop, and when it has ended.
    using StopListener = std::function<void(const Stop&)>;

    virtual ~DebugTarget() = default;
    // Several listeners may watch; each keeps the number it got to be taken out with.
    virtual u32 add_listener(StopListener listener) = 0;
    virtual void remove_listener(u32 number) = 0;

    [[nodiscard]] virtual u32 cpu_count() const = 0;
    [[nodiscard]] virtual std::string cpu_name(u32 cpu) const = 0; // "hart0"
    [[nodiscard]] virtual bool running() const = 0;
    // The last stop; meaningless while running().
    [[nodiscard]] virtual const Stop& last_stop() const = 0;
    // Takes effect soon; the listener is told. Nothing happens if the machine stands still already.
    virtual void pause() = 0;
    // Takes effect when the event loop is gone back to; the listener is told of the stop that follows.
    virtual void resume(const Resume& how) = 0;
    virtual void kill() = 0;  // ends the run
    virtual void reset() = 0; // the machine starts anew, and stands still

    // ---- only while the machine stands still
    [[nodiscard]] virtual DebugView& view(u32 cpu) = 0;
    // Bytes read or written until one isn't memory. Writes go to ROM too. Devices are reached in the physical space
    // only, with all that an access does to them; each is as wide as its alignment and what is left of the length
    // allow, 8 bytes at most.
    virtual std::size_t read_memory(u32 cpu, MemorySpace space, u64 address, std::span<u8> out) = 0;
    virtual std::size_t write_memory(u32 cpu, MemorySpace space, u64 address, std::span<const u8> in) = 0;
    [[nodiscard]] virtual std::vector<MemoryRegion> memory_map() const = 0; // guest-physical, ascending
    // What a breakpoint asks whether to stop; without one it stops always. Called with the CPU standing at it.
    using Condition = std::function<bool(u32 cpu)>;
    // Virtual addresses, on every CPU and in every address space. A second one at the same place replaces the
    // condition.
    virtual Status insert_breakpoint(u64 address, Condition condition) = 0;
    virtual Status remove_breakpoint(u64 address) = 0;
    virtual Status insert_watchpoint(const Watchpoint& watchpoint) = 0;
    virtual Status remove_watchpoint(const Watchpoint& watchpoint) = 0;

    // A line for the monitor; what it answers may have several lines.
    virtual std::string monitor(std::string_view line) = 0;
};

} // namespace orrery::app
