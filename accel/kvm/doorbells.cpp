#include "accel/kvm/doorbells.hpp"

#include <array>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "machine/fabric/log.hpp"

namespace orrery::kvm {

Result<std::unique_ptr<Doorbells>> Doorbells::create(const VirtualMachine& machine, AddressSpace& memory,
                                                     EventLoop& events) {
    if (machine.capability(KVM_CAP_IOEVENTFD) == 0) return error("the kernel's KVM lacks KVM_CAP_IOEVENTFD");
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return error("epoll_create1: {}", errno_text(errno));
    return std::unique_ptr<Doorbells>(new Doorbells(machine, memory, events, epoll));
}

Doorbells::Doorbells(const VirtualMachine& machine, AddressSpace& memory, EventLoop& events, int epoll)
    : machine_(machine), memory_(memory), events_(events), epoll_(epoll) {
    memory_.add_listener(*this);
    events_.add(*this);
    mapping_changed();
}

Doorbells::~Doorbells() {
    events_.remove(*this);
    memory_.remove_listener(*this);
    for (const auto& [address, bell] : bells_) take_down(address, bell);
    ::close(epoll_);
}

std::map<u64, Doorbells::Bell> Doorbells::wanted() const {
    std::map<u64, Bell> bells;
    const auto view = memory_.view();
    for (const Window& window : view->windows) {
        if (!window.io || window.ram) continue;
        for (const IoHandler::Doorbell& each : window.io->doorbells())
            if (each.offset < window.size_bytes && window.size_bytes - each.offset >= bytes(each.width))
                bells[window.base.value + each.offset] = {.width = each.width, .value = each.value};
    }
    return bells;
}

// What a bell that goes was rung for still has its device where it was: the guest moves windows by accesses that are
// exits, and a CPU that has left KVM has been answered.
void Doorbells::mapping_changed() {
    const std::map<u64, Bell> wanted = this->wanted();
    for (auto bell = bells_.begin(); bell != bells_.end();) {
        const auto same = wanted.find(bell->first);
        const bool stays = same != wanted.end() && same->second.width == bell->second.width &&
                           same->second.value == bell->second.value;
        if (!stays) take_down(bell->first, bell->second);
        bell = stays ? std::next(bell) : bells_.erase(bell);
    }
    for (const auto& [address, bell] : wanted)
        if (usable_ && !bells_.contains(address)) usable_ = hang(address, bell);
}

// A bell that can't be had is no loss: writes stay exits.
bool Doorbells::hang(u64 address, Bell bell) {
    bell.eventfd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = address;
    Status done;
    if (bell.eventfd < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell.eventfd, &event) != 0)
        done = error("the host gives no eventfd: {}", errno_text(errno));
    if (done) done = ask(address, bell, 0);
    if (done) {
        bells_[address] = bell;
        return true;
    }
    log::warning("devices are notified by exits of KVM's: {}", done.error().message());
    if (bell.eventfd >= 0) ::close(bell.eventfd);
    return false;
}

void Doorbells::take_down(u64 address, const Bell& bell) {
    static_cast<void>(ask(address, bell, KVM_IOEVENTFD_FLAG_DEASSIGN)); // KVM has it, or goes itself
    ::close(bell.eventfd);
}

Status Doorbells::ask(u64 address, const Bell& bell, u32 flags) const {
    kvm_ioeventfd request{};
    request.addr = address;
    request.len = static_cast<u32>(bytes(bell.width));
    request.fd = bell.eventfd;
    request.flags = flags;
    return machine_.file().ask(KVM_IOEVENTFD, request, "KVM_IOEVENTFD");
}

void Doorbells::prepare(std::vector<pollfd>& descriptors, u64&) { descriptors.push_back({epoll_, POLLIN, 0}); }

void Doorbells::dispatch(std::span<const pollfd> descriptors) {
    if (!descriptors.empty() && (descriptors[0].revents & POLLIN) != 0) answer();
}

void Doorbells::answer() {
    std::array<epoll_event, 16> rung{};
    for (int count = 1; count > 0;) {
        count = ::epoll_wait(epoll_, rung.data(), static_cast<int>(rung.size()), 0);
        if (count <= 0) return;
        const MachineEntry entry(memory_.machine_lock());
        for (const epoll_event& event : std::span(rung).first(static_cast<std::size_t>(count))) {
            const u64 address = event.data.u64; // epoll_event is packed: no reference may be bound to its field
            const auto bell = bells_.find(address);
            u64 times = 0;
            // Another thread may have answered it meanwhile.
            if (bell == bells_.end() || ::read(bell->second.eventfd, &times, sizeof times) != sizeof times) continue;
            ++answered_;
            memory_.write({bell->first}, bell->second.value, bell->second.width);
        }
    }
}

} // namespace orrery::kvm
