// A KVM made of a script: for what no host at hand does, or none should. Every request succeeds and remembers what it
// was given, so that reading gives what was written, unless the test says otherwise.
#pragma once

#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <linux/kvm.h>

#include "accel/kvm/system_calls.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::test {

class FakeKvm final : public kvm::SystemCalls {
public:
    explicit FakeKvm(std::map<long, int> capabilities_ = {}) : capabilities(std::move(capabilities_)) {}

    // What KVM_RUN does, in this order: fills in the exit and gives the call's result.
    using Exit = std::function<int(kvm_run& shared)>;
    std::deque<Exit> exits;
    // Once the script is at its end. Without it runs end as by a kick.
    Exit then;
    // What a run does for which a signal waits, in place of the script. Without it it ends by that signal.
    Exit stopped;
    // Told of every request before it is carried out.
    std::function<void(unsigned long request)> observer;
    // Requests by number that fail, with the negated errno.
    std::map<unsigned long, int> failures;
    // Capabilities that aren't 1.
    std::map<long, int> capabilities;
    int open_result = 3;
    int api_version = KVM_API_VERSION;
    int time_stamp_khz = 2'000'000;
    std::size_t most_slots = 32;
    bool show_ready = false;               // for an interrupt, after every run
    bool system_registers_refused = false; // those that are given in the shared pages
    bool waits_for_start_up = false;       // runs that are to execute nothing don't even take shared registers
    bool maps_rings = true;
    // KVM_RESET_DIRTY_RINGS is ended so often by a signal.
    u32 reset_signals = 0;

    // A guest has stored to a page of a slot: KVM notes that if the slot is logged, in the log or the vCPU's ring.
    void store(u32 slot, u64 page, u32 vcpu = 0);
    // Of the slot, as KVM_GET_DIRTY_LOG would tell now.
    [[nodiscard]] std::set<u64> logged(u32 slot) const {
        return logs_.contains(slot) ? logs_.at(slot) : std::set<u64>{};
    }

    // ---- what was done
    std::map<u32, kvm_userspace_memory_region> slots;
    std::map<unsigned long, u32> requests; // how often each was made
    std::vector<u64> time_stamp_offsets;   // that were set
    std::map<u64, kvm_ioeventfd> bells;    // by address
    std::map<u32, u64> msrs;               // as they were written
    std::vector<kvm_msi> messages;
    std::vector<kvm_irq_routing_entry> routes;
    // The last structure that was given by a request.
    template <typename T> T given(unsigned long request) const {
        T structure{};
        const auto found = contents_.find(nr(request));
        if (found != contents_.end()) std::memcpy(&structure, found->second.data(), sizeof structure);
        return structure;
    }
    template <typename T> void give(unsigned long request, const T& structure) {
        const auto* bytes = reinterpret_cast<const u8*>(&structure);
        contents_[nr(request)].assign(bytes, bytes + sizeof structure);
    }

    static Exit exit(u32 reason) {
        return [reason](kvm_run& shared) {
            shared.exit_reason = reason;
            return 0;
        };
    }
    static Exit fails(int number) {
        return [number](kvm_run&) { return -number; };
    }

    int open(const char* path) override;
    int ioctl(int file, unsigned long request, std::uintptr_t argument) override;
    void close(int) override { --open_files; }
    void* map(int file, std::size_t size_bytes, std::size_t offset_bytes) override;
    void unmap(void*, std::size_t) override {}

    int open_files = 0;

private:
    static constexpr int device = 3, machine = 4, first_vcpu = 10;
    static constexpr std::size_t shared_bytes = 3 * 4096;
    static u32 nr(unsigned long request) { return static_cast<u32>(request & 0xffff); }
    int set_slot(const kvm_userspace_memory_region& slot);
    int run(int file);
    int take_shared(kvm_run& shared);
    int hang_bell(const kvm_ioeventfd& bell);
    int set_attribute(const kvm_device_attr& attribute);
    void show_shared(kvm_run& shared);
    [[nodiscard]] int capability(long number) const;
    int transfer(unsigned long request, std::uintptr_t argument);
    int enable(const kvm_enable_cap& capability);
    int read_log(const kvm_dirty_log& log);
    int clear_log(const kvm_clear_dirty_log& log);
    int reset_rings();
    int transfer_msrs(bool write, std::uintptr_t argument);
    int set_routes(std::uintptr_t argument);

    struct Shared {
        alignas(4096) std::byte bytes[shared_bytes];
    };
    // KVM's side of a dirty ring.
    struct Ring {
        std::vector<kvm_dirty_gfn> entries;
        std::size_t next = 0, oldest = 0;
    };
    std::map<int, std::unique_ptr<Shared>> shared_;
    std::map<int, Ring> rings_; // by vCPU
    std::size_t ring_bytes_ = 0;
    std::map<u32, std::set<u64>> logs_; // pages by slot
    bool clears_by_request_ = false;
    std::map<u32, std::vector<u8>> contents_; // by the number of the request that writes it
    bool signal_waits_ = false;
};

} // namespace orrery::test
