#include "accel/kvm/virtual_machine.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace orrery::kvm {
namespace {

// Only ever sent to a thread, to make its KVM_RUN return; the handler has nothing to do.
int kick_signal() { return SIGRTMIN + 4; }

// As KVM_SET_SIGNAL_MASK has it: bit n - 1 is signal n.
struct [[gnu::packed]] SignalMask {
    u32 size_bytes;
    u64 blocked;
};

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

Status VirtualMachine::enable_dirty_rings(u32 capability, std::size_t size_bytes) {
    kvm_enable_cap rings{};
    rings.cap = capability;
    rings.args[0] = size_bytes;
    TRY_STATUS(machine_.ask(KVM_ENABLE_CAP, rings, "KVM_ENABLE_CAP for KVM_CAP_DIRTY_LOG_RING"));
    ring_bytes_ = size_bytes;
    return {};
}

Result<std::unique_ptr<Vcpu>> VirtualMachine::create_vcpu(u32 id) {
    SystemCalls& calls = machine_.calls();
    File file(calls, TRY(machine_.number_of(KVM_CREATE_VCPU, id, "KVM_CREATE_VCPU")));
    void* shared = calls.map(file.number(), shared_bytes_, 0);
    if (!shared) return error("a vCPU's shared pages can't be mapped");
    std::span<kvm_dirty_gfn> ring;
    if (ring_bytes_ != 0) {
        void* first = calls.map(file.number(), ring_bytes_, KVM_DIRTY_LOG_PAGE_OFFSET * page_size);
        if (!first) {
            calls.unmap(shared, shared_bytes_);
            return error("a vCPU's dirty ring can't be mapped");
        }
        ring = {static_cast<kvm_dirty_gfn*>(first), ring_bytes_ / sizeof(kvm_dirty_gfn)};
    }
    return std::make_unique<Vcpu>(std::move(file), *static_cast<kvm_run*>(shared), shared_bytes_, ring);
}

Status VirtualMachine::set_slot(const kvm_userspace_memory_region& slot) {
    return machine_.ask(KVM_SET_USER_MEMORY_REGION, slot, "KVM_SET_USER_MEMORY_REGION");
}

Vcpu::~Vcpu() {
    if (!ring_.empty()) file_.calls().unmap(ring_.data(), ring_.size_bytes());
    file_.calls().unmap(&shared_, shared_bytes_);
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

int Vcpu::run() {
    registers_are_shown_ = false;
    return -std::min(0, file_.request(KVM_RUN));
}

int Vcpu::finish_instruction() {
    std::atomic_ref(shared_.immediate_exit).store(1);
    shared_.kvm_valid_regs = shown_groups_;
    const int failure = run();
    shared_.kvm_valid_regs = 0; // elsewhere nobody reads them, and writing them takes the host's time
    registers_are_shown_ = failure == EINTR && shown_groups_ != 0;
    return failure;
}

// KVM fills an entry in and then says so in its flags; it is ours until we say that it isn't (API document,
// KVM_CAP_DIRTY_LOG_RING). None may be left out.
bool Vcpu::harvest(std::vector<kvm_dirty_gfn>& entries) {
    for (std::size_t count = 0; count < ring_.size(); ++count) {
        kvm_dirty_gfn& entry = ring_[next_in_ring_ % ring_.size()];
        const std::atomic_ref flags(entry.flags);
        if (flags.load(std::memory_order_acquire) != KVM_DIRTY_GFN_F_DIRTY) return false;
        entries.push_back(entry);
        flags.store(KVM_DIRTY_GFN_F_RESET, std::memory_order_release);
        ++next_in_ring_;
    }
    return !ring_.empty();
}

// A signal that waits is seen on the way into the guest. Nobody else's are let through meanwhile (API document,
// KVM_SET_SIGNAL_MASK).
int Vcpu::settle() {
    sigset_t kick, before;
    ::sigemptyset(&kick);
    ::sigaddset(&kick, kick_signal());
    ::pthread_sigmask(SIG_BLOCK, &kick, &before);
    ::pthread_kill(::pthread_self(), kick_signal());
    SignalMask all_but_kick{.size_bytes = sizeof(u64), .blocked = ~(u64{1} << (kick_signal() - 1))};
    file_.request(set_signal_mask, reinterpret_cast<std::uintptr_t>(&all_but_kick));
    std::atomic_ref(shared_.immediate_exit).store(0);
    shared_.request_interrupt_window = 0;
    const int failure = run();
    file_.request(set_signal_mask);
    constexpr timespec at_once{};
    while (::sigtimedwait(&kick, nullptr, &at_once) >= 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return failure;
}

// Whether the vCPU is about to run or does so already: it finds one or the other.
void Vcpu::kick() {
    std::atomic_ref(shared_.immediate_exit).store(1);
    if (!armed_) return;
    const std::lock_guard guard(thread_mutex_);
    if (armed_ && !::pthread_equal(thread_, ::pthread_self())) ::pthread_kill(thread_, kick_signal());
}

} // namespace orrery::kvm
