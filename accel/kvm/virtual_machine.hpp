// KVM's objects, the device, a virtual machine and its vCPUs, as far as they are the same on every architecture
// (Documentation/virt/kvm/api.rst in Linux's source, "the API document" below). Errors name the request that failed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include <linux/kvm.h>
#include <pthread.h>

#include "accel/kvm/system_calls.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::kvm {

inline constexpr const char* device_path = "/dev/kvm";

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

// One vCPU. All but kick() on one thread at a time, its own.
class Vcpu {
public:
    Vcpu(File file, kvm_run& shared, std::size_t shared_bytes)
        : file_(std::move(file)), shared_(shared), shared_bytes_(shared_bytes) {}
    ~Vcpu() { file_.calls().unmap(&shared_, shared_bytes_); }
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
    // Makes run() return soon. Any thread.
    void kick();

private:
    File file_;
    kvm_run& shared_;
    std::size_t shared_bytes_;
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
    Result<std::unique_ptr<Vcpu>> create_vcpu(u32 id);
    // A slot of size 0 is taken away.
    Status set_slot(const kvm_userspace_memory_region& slot);

private:
    VirtualMachine(File device, File machine, std::size_t shared_bytes)
        : device_(std::move(device)), machine_(std::move(machine)), shared_bytes_(shared_bytes) {}

    File device_;
    File machine_;
    std::size_t shared_bytes_;
};

// Opens the device; the error says why not, and what mends it.
Result<File> open_device(SystemCalls& calls);

} // namespace orrery::kvm
