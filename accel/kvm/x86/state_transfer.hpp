// The architectural state of an x86 CPU to and from a vCPU of KVM's: x86::State is what there is between runs, KVM's
// registers while the vCPU runs. Events that KVM has begun to deliver come back as events, for the caller to deliver.
#pragma once

#include <optional>

#include "accel/kvm/x86/msr_list.hpp"
#include "accel/kvm/x86/requests.hpp"
#include "cpu/x86/core.hpp"

namespace orrery::kvm {

// What KVM hadn't delivered when its registers were read. At most one.
struct PendingEvent {
    enum class Kind : u8 { exception, interrupt, software_interrupt, nmi };
    Kind kind = Kind::exception;
    u8 vector = 0;
    std::optional<u32> error_code;
};

class StateTransfer {
public:
    // Which of the state's registers this host's KVM has.
    static Result<StateTransfer> create(const VirtualMachine& machine, const Vcpu& vcpu, x86::Features features);

    // `task_priority` is CR8. The time-stamp counter is set only if a value is given.
    Status give(const Vcpu& vcpu, const x86::Core& core, u8 task_priority, std::optional<u64> time_stamp);
    // All but what comes from outside and what is no register of KVM's: events, A20, MTRRs and the like.
    Result<std::optional<PendingEvent>> take(const Vcpu& vcpu, x86::Core& core, AddressSpace& memory);

private:
    StateTransfer() = default;
    Status give_system(const Vcpu& vcpu, const x86::State& state, u8 task_priority);
    Status take_system(const Vcpu& vcpu, x86::State& state);
    Status give_floating(const Vcpu& vcpu, const x86::State& state);
    Status take_floating(const Vcpu& vcpu, x86::State& state);
    Status give_debug(const Vcpu& vcpu, const x86::State& state);
    Status take_debug(const Vcpu& vcpu, x86::State& state);
    Status give_events(const Vcpu& vcpu, const x86::State& state);
    Result<std::optional<PendingEvent>> take_events(const Vcpu& vcpu, x86::State& state);
    Status give_msrs(const Vcpu& vcpu, const x86::State& state, std::optional<u64> time_stamp);
    Status take_msrs(const Vcpu& vcpu, x86::State& state);

    bool has_xcr0_ = false;
    bool has_tsc_aux_ = false;
    u64 apic_base_ = 0; // KVM's own idea of it, which is of no consequence
    XsaveArea xsave_{}; // the last one: what the state doesn't hold is kept
    MsrList msrs_;
};

} // namespace orrery::kvm
