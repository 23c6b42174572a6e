// A KVM made of a script: for what no host at hand does, or none should. Every request succeeds and remembers what it
// was given, so that reading gives what was written, unless the test says otherwise.
#pragma once

#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <linux/kvm.h>

#include "accel/kvm/system_calls.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::test {

class FakeKvm final : public kvm::SystemCalls {
public:
    // What KVM_RUN does, in this order: fills in the exit and gives the call's result.
    using Exit = std::function<int(kvm_run& shared)>;
    std::deque<Exit> exits;
    // Once the script is at its end. Without it runs end as by a kick.
    Exit then;
    // Requests by number that fail, with the negated errno.
    std::map<unsigned long, int> failures;
    // Capabilities that aren't 1.
    std::map<long, int> capabilities;
    int open_result = 3;
    int api_version = KVM_API_VERSION;
    std::size_t most_slots = 32;

    // ---- what was done
    std::map<u32, kvm_userspace_memory_region> slots;
    std::map<unsigned long, u32> requests; // how often each was made
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
    void* map(int file, std::size_t size_bytes) override;
    void unmap(void*, std::size_t) override {}

    int open_files = 0;

private:
    static constexpr int device = 3, machine = 4, first_vcpu = 10;
    static constexpr std::size_t shared_bytes = 3 * 4096;
    static u32 nr(unsigned long request) { return static_cast<u32>(request & 0xffff); }
    int set_slot(const kvm_userspace_memory_region& slot);
    int run(int file);
    int transfer(unsigned long request, std::uintptr_t argument);

    struct Shared {
        alignas(4096) std::byte bytes[shared_bytes];
    };
    std::map<int, std::unique_ptr<Shared>> shared_;
    std::map<u32, std::vector<u8>> contents_; // by the number of the request that writes it
};

} // namespace orrery::test
