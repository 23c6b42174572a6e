// Registers that a guest on KVM writes without leaving it (API document, KVM_IOEVENTFD): KVM signals an eventfd, and
// the event loop's thread carries the write out while the CPU goes on. Which ones, devices say
// (IoHandler::doorbells()).
#pragma once

#include <atomic>
#include <map>
#include <memory>

#include "accel/kvm/virtual_machine.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/event_loop.hpp"

namespace orrery::kvm {

class Doorbells final : public MemoryListener, public PollSource {
public:
    // Before the loop runs. All outlive this. The error names what the host lacks.
    static Result<std::unique_ptr<Doorbells>> create(const VirtualMachine& machine, AddressSpace& memory,
                                                     EventLoop& events);
    ~Doorbells() override;
    Doorbells(const Doorbells&) = delete;
    Doorbells& operator=(const Doorbells&) = delete;

    void mapping_changed() override;
    void tracked_page_written(Ram&, u64, u64) override {}
    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;

    // Carries out what is due now: nothing of what a CPU has written is left when it has left KVM. Any thread.
    void answer();
    // Writes carried out so far, of which each may stand for several.
    [[nodiscard]] u64 answered() const { return answered_; }

private:
    struct Bell {
        int eventfd = -1;
        Width width = Width::byte;
        u64 value = 0;
    };

    Doorbells(const VirtualMachine& machine, AddressSpace& memory, EventLoop& events, int epoll);
    [[nodiscard]] std::map<u64, Bell> wanted() const;
    bool hang(u64 address, Bell bell);
    void take_down(u64 address, const Bell& bell);
    Status ask(u64 address, const Bell& bell, u32 flags) const;

    const VirtualMachine& machine_;
    AddressSpace& memory_;
    EventLoop& events_;
    const int epoll_;
    bool usable_ = true;          // KVM has taken all so far
    std::map<u64, Bell> bells_{}; // by guest-physical address; under the machine lock once CPUs run
    std::atomic<u64> answered_ = 0;
};

} // namespace orrery::kvm
