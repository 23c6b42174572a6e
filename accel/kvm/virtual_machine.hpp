// KVM's objects, the device, a virtual machine and its vCPUs, as far as they are the same on every architecture
// (Documentation/virt/kvm/api.rst in Linux's source, "the API document" below). Errors name the request that failed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <linux/kvm.h>
#include <pthread.h>

#include "accel/kvm/system_calls.hpp"
#include "machine/fabric/ram.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::kvm {

inline constexpr const char* device_path = "/dev/kvm";
// KVM_SET_SIGNAL_MASK, as its structure is without the array at its end.
inline constexpr unsigned long set_signal_mask = _IOC(_IOC_WRITE, KVMIO, 0x8b, sizeof(u32));

// A file of KVM's, closed when it goes.
class File {
public:
    File(SystemCalls& calls, int number) : calls_(&calls), number_(number) {}
    File(File&& other) noexcept : calls_(other.calls_), number_(std::exchange(other.number_, -1)) {}
    File& operator=(File&&) = delete;
    ~File() {
        if (number_ >= 0) calls_->close(number_);
    }

    // The request's result, or the negated errno.
    int request(unsigned long request, std::uintptr_t argument = 0) const {
        return calls_->ioctl(number_, request, argument);
    }
    // `name` is the request's, for the error.
    template <typename T> Status ask(unsigned long request, T& structure, std::string_view name) const {
        return checked(this->request(request, reinterpret_cast<std::uintptr_t>(&structure)), name);
    }
    Result<int> number_of(unsigned long request, std::uintptr_t argument, std::string_view name) const;
    [[nodiscard]] SystemCalls& calls() const { return *calls_; }
    [[nodiscard]] int number() const { return number_; }

private:
    static Status checked(int result, std::string_view name);

    SystemCalls* calls_;
    int number_;
};

// One vCPU. All but kick() and harvest() on one thread at a time, its own.
class Vcpu {
public:
    Vcpu(File file, kvm_run& shared, std::size_t shared_bytes, std::span<kvm_dirty_gfn> ring)
        : file_(std::move(file)), shared_(shared), shared_bytes_(shared_bytes), ring_(ring) {}
    ~Vcpu();
    Vcpu(const Vcpu&) = delete;
    Vcpu& operator=(const Vcpu&) = delete;

    [[nodiscard]] const File& file() const { return file_; }
    // What KVM and we tell each other at every exit.
    [[nodiscard]] kvm_run& shared() { return shared_; }
    // The bytes of KVM_EXIT_IO: they lie within the shared pages. Null: KVM named others.
    [[nodiscard]] u8* io_data();

    // The vCPU may run from now on until disarm(), but for kicks that come meanwhile; those before don't count.
    void arm();
    void disarm();
    // Runs until an exit: 0, or the errno. EINTR is a kick or a signal. Between arm() and disarm().
    int run();
    // Carries out what is left of the instruction that the last exit was from, and no further one: EINTR once it is
    // done, 0 when it needs another exit (API document, KVM_RUN and immediate_exit).
    int finish_instruction();
    // Groups of registers, as bits of kvm_valid_regs, that KVM writes to the shared pages whenever finish_instruction()
    // runs: reading them there costs no request.
    void show_registers(u64 groups) { shown_groups_ = groups; }
    // They are there, and nothing ran since.
    [[nodiscard]] bool registers_are_shown() const { return registers_are_shown_; }
    // What KVM does on its way into the guest, and nothing in the guest: timers that have expired become interrupts.
    // EINTR, or 0 for an exit that was due. Not between arm() and disarm(); any thread while the vCPU's own waits.
    int settle();
    // Makes run() return soon. Any thread.
    void kick();
    // Appends what the dirty ring has gained, in order; KVM gets the entries back by KVM_RESET_DIRTY_RINGS. One thread
    // at a time, any. Without a ring there is nothing. True: there was no room left, and KVM may have gone on over it.
    bool harvest(std::vector<kvm_dirty_gfn>& entries);

private:
    File file_;
    kvm_run& shared_;
    std::size_t shared_bytes_;
    u64 shown_groups_ = 0;
    bool registers_are_shown_ = false;
    std::span<kvm_dirty_gfn> ring_;
    std::size_t next_in_ring_ = 0;
    std::atomic<bool> armed_ = false;
    std::mutex thread_mutex_; // the thread doesn't end while a signal is on its way to it
    pthread_t thread_{};
};

class VirtualMachine {
public:
    // Opens the device and makes an empty machine. The error says what is missing, and what mends it.
    static Result<std::unique_ptr<VirtualMachine>> create(SystemCalls& calls);

    // What the API document calls a capability; 0: there is none.
    [[nodiscard]] int capability(long number) const;
    [[nodiscard]] const File& device() const { return device_; }
    [[nodiscard]] const File& file() const { return machine_; }
    // From now on vCPUs have a dirty ring of so many bytes, a power of two. Before the first one. `capability` is one
    // of KVM_CAP_DIRTY_LOG_RING and KVM_CAP_DIRTY_LOG_RING_ACQ_REL.
    Status enable_dirty_rings(u32 capability, std::size_t size_bytes);
    Result<std::unique_ptr<Vcpu>> create_vcpu(u32 id);
    // A slot of size 0 is taken away.
    Status set_slot(const kvm_userspace_memory_region& slot);

private:
    VirtualMachine(File device, File machine, std::size_t shared_bytes)
        : device_(std::move(device)), machine_(std::move(machine)), shared_bytes_(shared_bytes) {}

    File device_;
    File machine_;
    std::size_t shared_bytes_;
    std::size_t ring_bytes_ = 0; // of each vCPU's dirty ring
};

// Opens the device; the error says why not, and what mends it.
Result<File> open_device(SystemCalls& calls);

} // namespace orrery::kvm
