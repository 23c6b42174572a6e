// Keeps a virtual machine's memory slots equal to the RAM windows of an address space: RAM is mapped as it is, ROM so
// that it can't be written; whatever else there is, and holes, are exits. Changes arrive on the thread that makes them,
// under the machine lock, and vCPUs run on meanwhile: what they do while a slot is being replaced is an exit, which the
// address space answers.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "accel/kvm/virtual_machine.hpp"
#include "machine/fabric/address_space.hpp"

namespace orrery::kvm {

class MemorySlots final : public MemoryListener {
public:
    // `failed` hears of slots that KVM refuses; the guest then lacks memory. All outlive this.
    MemorySlots(VirtualMachine& machine, AddressSpace& memory, std::function<void(Error)> failed);
    ~MemorySlots() override { memory_.remove_listener(*this); }

    void mapping_changed() override;
    void tracked_page_written(Ram&, u64, u64) override {}
    // Takes all slots away and gives them again: hosts that keep translations of their own forget them.
    void renew();
    [[nodiscard]] std::size_t count() const { return slots_.size(); }

private:
    struct Slot {
        u32 number = 0;
        u64 size_bytes = 0;
        const u8* host = nullptr;
        bool read_only = false;
        [[nodiscard]] bool shows(const Slot& other) const {
            return size_bytes == other.size_bytes && host == other.host && read_only == other.read_only;
        }
    };
    using Slots = std::map<u64, Slot>; // by guest-physical address

    [[nodiscard]] Slots wanted() const;
    void follow(Slots wanted);
    bool take_away(u64 address, const Slot& slot);
    bool give(u64 address, Slot slot);
    u32 free_number();

    VirtualMachine& machine_;
    AddressSpace& memory_;
    std::function<void(Error)> failed_;
    std::mutex mutex_;
    Slots slots_;
    std::vector<u32> free_numbers_;
    u32 next_number_ = 0;
};

} // namespace orrery::kvm
