// The guest-physical bus (and, with another instance, the port bus): which window belongs to which RAM or device.
// vCPU threads and devices' DMA use it. Access to RAM takes no lock; access to a device takes the machine lock, and a
// device is never entered by DMA. Mapping changes replace an immutable view; engines that keep derived data (soft TLBs,
// KVM slots) are MemoryListeners.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "machine/fabric/access_log.hpp"
#include "machine/fabric/lock.hpp"
#include "machine/fabric/ram.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

class Clock;

// A device's registers. `offset` is relative to the window. Accesses are naturally aligned and of a width within
// widths(); wider ones are split, lowest address first, misaligned ones are refused before they get here.
class IoHandler {
public:
    struct Widths {
        Width smallest = Width::byte;
        Width largest = Width::dword;
    };
    virtual ~IoHandler() = default;
    [[nodiscard]] virtual Widths widths() const { return {}; }
    virtual u64 read(u64 offset, Width width) = 0;
    virtual void write(u64 offset, u64 value, Width width) = 0;
    // What the datasheet calls the register that is read or written at `offset`, for people: "LSR". Empty: it has no
    // name.
    [[nodiscard]] virtual std::string register_name(u64 offset, bool write) const;
    // A register to which a write of this width says no more than that there is something to do: it may be carried out
    // a moment later, once for several, and as `value` whatever was written.
    struct Doorbell {
        u64 offset = 0;
        Width width = Width::byte;
        u64 value = 0;
    };
    // The same at all times.
    [[nodiscard]] virtual std::vector<Doorbell> doorbells() const { return {}; }
};

// A row of a device's table of names.
struct RegisterName {
    u64 offset;
    std::string_view name;
};
// The name of the register at `offset` or, where none begins, of the one before with the distance: "CONFIG+0x4".
std::string name_in(std::span<const RegisterName> ascending, u64 offset);

// One window of the bus. With `ram`, reads (and unless `read_only`, writes) go straight to memory; what doesn't go to
// memory goes to `io`; what has neither is ignored. A ROM is `ram` with `read_only`, a flash in command mode only `io`.
struct Window {
    GuestPhysical base;
    u64 size_bytes = 0;
    Ram* ram = nullptr;
    u64 ram_offset = 0;
    bool read_only = false;
    IoHandler* io = nullptr;
    std::string name;
    AccessLog* accesses = nullptr; // set by the address space, which owns it

    [[nodiscard]] bool contains(GuestPhysical address) const { return address.value - base.value < size_bytes; }
};

// Told on the thread that caused it. Must not change mappings.
class MemoryListener {
public:
    virtual ~MemoryListener() = default;
    // The set of windows changed: everything derived from addresses is stale.
    virtual void mapping_changed() = 0;
    // Someone other than the engine itself (DMA, a loader, a debugger) stored to a page flagged `tracked`.
    virtual void tracked_page_written(Ram& ram, u64 offset, u64 size_bytes) = 0;
};

class AddressSpace {
public:
    // Immutable; kept alive by whoever still reads it.
    struct View {
        std::vector<Window> windows; // sorted by base, without overlap
        [[nodiscard]] const Window* find(GuestPhysical address) const;
    };

    // A thread's own handle on the current view: one relaxed load when nothing changed.
    class Reader {
    public:
        explicit Reader(const AddressSpace& space) : space_(space) {}
        const Window* find(GuestPhysical address);

    private:
        const AddressSpace& space_;
        std::shared_ptr<const View> view_;
        u64 generation_ = 0;
        const Window* last_ = nullptr; // most accesses are to the same RAM as the one before
    };

    AddressSpace(std::string name, MachineLock& lock);

    // Setting up and changing windows; under the machine lock once vCPUs run. Overlap is an error.
    Status map(Window window);
    // Replaces the window that starts at `window.base` (a flash that changes mode, a ROM that becomes RAM).
    Status remap(Window window);
    void unmap(GuestPhysical base);
    [[nodiscard]] std::shared_ptr<const View> view() const;

    // Gives accesses to devices the time at which they are logged; it outlives the address space.
    void log_accesses_by(const Clock& clock) { clock_ = &clock; }

    void add_listener(MemoryListener& listener);
    void remove_listener(MemoryListener& listener);
    // For a machine that ends: from here on windows may outlive their devices, and no one is to look into them.
    void forget_listeners() { listeners_.clear(); }

    // A vCPU's access to a device window, also valid for RAM. Empty / false: nothing answers at this address, or the
    // access is misaligned or crosses the window's end; the CPU turns that into its architecture's fault.
    // Takes the machine lock for devices, unless this thread has it.
    std::optional<u64> read(GuestPhysical address, Width width);
    bool write(GuestPhysical address, u64 value, Width width);

    // DMA and loaders: RAM only, any length and alignment. False: some part isn't RAM (nothing or a prefix was moved).
    // Stores to read-only windows fail unless `into_rom`.
    bool read_memory(GuestPhysical address, std::span<u8> out) const;
    bool write_memory(GuestPhysical address, std::span<const u8> in, bool into_rom = false);
    // The host bytes at `address`, up to `size_bytes` or the end of the RAM window; empty if it isn't RAM. Whoever
    // writes through it must call memory_written() afterwards.
    [[nodiscard]] std::span<u8> memory(GuestPhysical address, u64 size_bytes, bool for_write) const;
    void memory_written(GuestPhysical address, u64 size_bytes);
    // The same for a store whose place in RAM is known.
    void ram_written(Ram& ram, u64 offset, u64 size_bytes);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] MachineLock& machine_lock() const { return lock_; }

private:
    void publish(View view);
    void give_logs(View& view);
    void log_access(const Window& window, u64 offset, u64 value, Width width, bool write) const;

    std::string name_;
    MachineLock& lock_;
    mutable std::mutex view_mutex_;
    std::shared_ptr<const View> view_;
    std::atomic<u64> generation_ = 1;
    std::vector<MemoryListener*> listeners_;
    const Clock* clock_ = nullptr;
    std::map<std::string, AccessLog> logs_; // by window; one that is unmapped and comes back finds its own
};

} // namespace orrery
