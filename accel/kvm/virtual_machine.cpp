#include "accel/kvm/virtual_machine.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace orrery::kvm {
namespace {

// Only ever sent to a thread, to make its KVM_RUN return; the handler has nothing to do.
int kick_signal() { return SIGRTMIN + 4; }

void take_kick_signal() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_RESTART; // KVM_RUN ends all the same
        ::sigemptyset(&action.sa_mask);
        ::sigaction(kick_signal(), &action, nullptr);
    });
}

std::unexpected<Error> cannot_open(int number) {
    switch (number) {
    case ENOENT:
        return error("there is no {}", device_path);
    case EACCES:
    case EPERM:
        return error("{} may not be used by this user; `sudo usermod -aG kvm $USER` and a new login mend it",
                     device_path);
    case ENXIO:
    case ENODEV:
        return error("{} is there, but no driver stands behind it; `sudo modprobe kvm_intel`, or kvm_amd, loads one",
                     device_path);
    default:
        return error("{} can't be opened: {}", device_path, errno_text(number));
    }
}

} // namespace

Status File::checked(int result, std::string_view name) {
    if (result < 0) return error("{}: {}", name, errno_text(-result));
    return {};
}

Result<int> File::number_of(unsigned long request, std::uintptr_t argument, std::string_view name) const {
    const int result = this->request(request, argument);
    if (result < 0) return error("{}: {}", name, errno_text(-result));
    return result;
}

Result<File> open_device(SystemCalls& calls) {
    const int number = calls.open(device_path);
    if (number < 0) return cannot_open(-number);
    return File(calls, number);
}

Result<std::unique_ptr<VirtualMachine>> VirtualMachine::create(SystemCalls& calls) {
    File device = TRY(open_device(calls));
    const int version = TRY(device.number_of(KVM_GET_API_VERSION, 0, "KVM_GET_API_VERSION"));
    if (version != KVM_API_VERSION)
        return error("{} speaks version {} of the interface, and {} is needed; the kernel is too old", device_path,
                     version, KVM_API_VERSION);
    const int shared_bytes = TRY(device.number_of(KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE"));
    if (static_cast<std::size_t>(shared_bytes) < sizeof(kvm_run))
        return error("KVM_GET_VCPU_MMAP_SIZE: {} bytes are fewer than the interface needs", shared_bytes);
    // A signal may end the making of a machine; it is asked for again a few times (API document, KVM_CREATE_VM).
    int machine = -EINTR;
    for (int attempt = 0; attempt < 100 && machine == -EINTR; ++attempt) machine = device.request(KVM_CREATE_VM);
    if (machine < 0) return error("KVM_CREATE_VM: {}", errno_text(-machine));
    take_kick_signal();
    return std::unique_ptr<VirtualMachine>(
        new VirtualMachine(std::move(device), File(calls, machine), static_cast<std::size_t>(shared_bytes)));
}

int VirtualMachine::capability(long number) const {
    return std::max(0, machine_.request(KVM_CHECK_EXTENSION, static_cast<std::uintptr_t>(number)));
}

Result<std::unique_ptr<Vcpu>> VirtualMachine::create_vcpu(u32 id) {
    File file(machine_.calls(), TRY(machine_.number_of(KVM_CREATE_VCPU, id, "KVM_CREATE_VCPU")));
    void* shared = machine_.calls().map(file.number(), shared_bytes_);
    if (!shared) return error("a vCPU's shared pages can't be mapped");
    return std::make_unique<Vcpu>(std::move(file), *static_cast<kvm_run*>(shared), shared_bytes_);
}

Status VirtualMachine::set_slot(const kvm_userspace_memory_region& slot) {
    return machine_.ask(KVM_SET_USER_MEMORY_REGION, slot, "KVM_SET_USER_MEMORY_REGION");
}

u8* Vcpu::io_data() {
    const u64 size_bytes = u64{shared_.io.size} * shared_.io.count;
    if (shared_.io.data_offset > shared_bytes_ || size_bytes > shared_bytes_ - shared_.io.data_offset) return nullptr;
    return reinterpret_cast<u8*>(&shared_) + shared_.io.data_offset;
}

void Vcpu::arm() {
    const std::lock_guard guard(thread_mutex_);
    thread_ = ::pthread_self();
    std::atomic_ref(shared_.immediate_exit).store(0);
    armed_ = true;
}

void Vcpu::disarm() {
    const std::lock_guard guard(thread_mutex_);
    armed_ = false;
}

int Vcpu::run() { return -std::min(0, file_.request(KVM_RUN)); }

int Vcpu::finish_instruction() {
    std::atomic_ref(shared_.immediate_exit).store(1);
    return run();
}

// Whether the vCPU is about to run or does so already: it finds one or the other.
void Vcpu::kick() {
    std::atomic_ref(shared_.immediate_exit).store(1);
    if (!armed_) return;
    const std::lock_guard guard(thread_mutex_);
    if (armed_ && !::pthread_equal(thread_, ::pthread_self())) ::pthread_kill(thread_, kick_signal());
}

} // namespace orrery::kvm
