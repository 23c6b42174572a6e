// The time-stamp counter of a guest under KVM, which is the processor's on every engine: virtual time, counted at the
// host's pace, and an offset. Machines on KVM take virtual time from the host's counter itself, where that is steady,
// so that the two never drift apart.
#pragma once

#include <optional>

#include "accel/kvm/virtual_machine.hpp"
#include "cpu/x86/processor.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery::kvm {

// The host's own counter. None: its pace changes, or nobody knows it.
std::optional<HostCounter> host_time_stamp_counter(u64 hz);

class TimeStamp {
public:
    // `can_be_set`: guests read what KVM was told, not the host's counter as it is.
    TimeStamp(const Vcpu& vcpu, bool can_be_set);

    // Makes the vCPU's counter the processor's, while time runs. Nothing where it can't be set.
    Status give(const Vcpu& vcpu, const x86::Processor& processor, const Clock& clock);
    // The offset by which the processor's counter is the host's: what guests go by where the vCPU's can't be set.
    [[nodiscard]] static u64 offset_of_host(const x86::Processor& processor, const Clock& clock);
    [[nodiscard]] bool can_be_set() const { return can_be_set_; }

private:
    bool can_be_set_;
    bool takes_offsets_;
    std::optional<u64> known_offset_;
};

} // namespace orrery::kvm
