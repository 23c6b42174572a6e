// Keeps a virtual machine's memory slots equal to the RAM windows of an address space: RAM is mapped as it is, ROM so
// that it can't be written; whatever else there is, and holes, are exits. Changes arrive on the thread that makes them,
// under the machine lock, and vCPUs run on meanwhile: what they do while a slot is being replaced is an exit, which the
// address space answers. On demand KVM notes which pages of the RAM guests store to (DirtyPages reads that).
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "accel/kvm/virtual_machine.hpp"
#include "machine/fabric/address_space.hpp"

namespace orrery::kvm {

class MemorySlots final : public MemoryListener {
public:
    // Whole pages of RAM.
    struct Part {
        Ram* ram = nullptr;
        u64 offset = 0;
        u64 size_bytes = 0;
        bool operator==(const Part&) const = default;
    };

    // `failed` hears of slots that KVM refuses; the guest then lacks memory. All outlive this.
    MemorySlots(VirtualMachine& machine, AddressSpace& memory, std::function<void(Error)> failed);
    ~MemorySlots() override { memory_.remove_listener(*this); }

    void mapping_changed() override;
    void tracked_page_written(Ram&, u64, u64) override {}
    // Takes all slots away and gives them again: hosts that keep translations of their own forget them. `none_written`:
    // no logged page was stored to since that was last asked, and no vCPU runs.
    void renew(bool none_written);
    [[nodiscard]] std::size_t count() const { return slots_.size(); }

    // Slots that can be written are logged from now on, or aren't any more; so are those that come later.
    Status log_writes(bool wanted);
    // Calls `work` with each logged slot's number and memory until it fails; no slot changes meanwhile. Appends to
    // `lost` the memory of logged slots that have gone since the last time: what was noted of them is lost.
    Status visit_logged(const std::function<Status(u32 number, const Part& memory)>& work, std::vector<Part>& lost);

private:
    struct Slot {
        u32 number = 0;
        Part memory;
        bool read_only = false;
        [[nodiscard]] bool shows(const Slot& other) const {
            return memory == other.memory && read_only == other.read_only;
        }
    };
    using Slots = std::map<u64, Slot>; // by guest-physical address

    [[nodiscard]] Slots wanted() const;
    void follow(Slots wanted);
    bool take_away(u64 address, const Slot& slot);
    bool give(u64 address, Slot slot);
    Status set(u64 address, const Slot& slot);
    [[nodiscard]] bool is_logged(const Slot& slot) const { return logged_ && !slot.read_only; }
    u32 free_number();

    VirtualMachine& machine_;
    AddressSpace& memory_;
    std::function<void(Error)> failed_;
    std::mutex mutex_;
    Slots slots_;
    bool logged_ = false;
    std::vector<Part> lost_;
    std::vector<u32> free_numbers_;
    u32 next_number_ = 0;
};

} // namespace orrery::kvm
