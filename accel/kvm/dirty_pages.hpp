// Knows which pages of RAM guests on KVM have stored to, and tells the address space's listeners: translations of what
// was there before aren't executed. KVM notes pages only while there are translations that may be wanted again, since
// the first store to each page costs a fault then. Any thread; whoever calls what tells is outside of the translator's
// gate, and hasn't got the machine lock.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "accel/kvm/memory_slots.hpp"

namespace orrery::kvm {

// How KVM says which pages were stored to (API document, KVM_CAP_DIRTY_LOG_RING, KVM_GET_DIRTY_LOG).
enum class DirtyTracking : u8 {
    best,        // the first of these that the host has
    best_log,    // the same without rings
    ring,        // every vCPU lists its pages: again at each store that KVM emulates
    cleared_log, // a bitmap of each slot, whose bits are cleared by a request of their own
    log,         // a bitmap of each slot, cleared when it is read
    none,        // it doesn't: translations don't outlive a run on KVM
};

class DirtyPages {
public:
    // Makes the machine ready, before its first vCPU, for one of the last four. An error: the host hasn't got what is
    // wanted.
    static Result<DirtyTracking> enable(VirtualMachine& machine, DirtyTracking wanted);
    // `way` is what enable() gave. All outlive this.
    DirtyPages(VirtualMachine& machine, MemorySlots& slots, AddressSpace& memory, DirtyTracking way)
        : machine_(machine), slots_(slots), memory_(memory), way_(way) {}

    // One of the machine's vCPUs, before any runs. It outlives the last call of anything below.
    void add(Vcpu& vcpu) { vcpus_.push_back(&vcpu); }

    // ---- on a CPU's thread. False: not everything that was stored could be told, and all translations must go.
    // Around the time in which the CPU may run translated code. What was stored before is told, by a vCPU that is in
    // KVM_RUN when that returns.
    [[nodiscard]] bool begin_translated();
    void end_translated() { --translated_; }
    // Around the time in which its vCPU may run on KVM.
    void begin_run() { ++running_; }
    void end_run();
    // KVM_RUN has returned, and what for isn't done yet.
    [[nodiscard]] bool exited();
    // Tells now, and makes room in the rings.
    [[nodiscard]] bool tell();
    // False once that has failed.
    [[nodiscard]] bool empties_rings();
    // MemorySlots::renew() before the vCPU runs again.
    void renew_slots();

    // Pages told so far.
    [[nodiscard]] u64 told() const { return told_; }

private:
    using Part = MemorySlots::Part;

    void follow();
    void stop_following();
    bool tell_what_was_stored();
    Status read_log(std::vector<Part>& stored);
    Status clear_log(u32 slot, u64 pages, std::vector<u64>& bitmap);
    Status read_rings(std::vector<Part>& stored);
    void give_up(const Error& why);

    VirtualMachine& machine_;
    MemorySlots& slots_;
    AddressSpace& memory_;
    std::vector<Vcpu*> vcpus_;
    std::mutex mutex_; // held until what was read is told
    DirtyTracking way_;
    std::atomic<bool> following_ = false; // KVM notes
    std::atomic<bool> ran_ = false;       // some vCPU did since that was last asked
    std::atomic<u32> running_ = 0;        // vCPUs
    std::atomic<u32> translated_ = 0;     // CPUs
    std::atomic<u32> exits_ = 0;          // since a CPU ran translated code
    std::atomic<u64> told_ = 0;
};

} // namespace orrery::kvm
