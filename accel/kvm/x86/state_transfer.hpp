// The architectural state of an x86 CPU to and from a vCPU of KVM's: x86::State is what there is between runs, KVM's
// registers while the vCPU runs. Events that KVM has begun to deliver come back as events, for the caller to deliver.
// General, system and event registers go through the pages that are shared with KVM, where it can do that (API
// document, KVM_CAP_SYNC_REGS); of the others, those are given again that have changed since KVM had them.
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
    static Result<StateTransfer> create(const VirtualMachine& machine, Vcpu& vcpu, x86::Features features);

    // All but the time-stamp counter; `task_priority` is CR8. What is shared counts from the next run on: until then
    // KVM's own registers are those of before.
    Status give(Vcpu& vcpu, const x86::Core& core, u8 task_priority);
    // An NMI behind what was given.
    Status give_nmi(Vcpu& vcpu);
    // What is shared counts now. Needed before a run that isn't to execute anything.
    Status settle(Vcpu& vcpu);
    // All but what comes from outside and what is no register of KVM's: events, A20, MTRRs and the like. No access may
    // be unfinished.
    Result<std::optional<PendingEvent>> take(Vcpu& vcpu, x86::Core& core, AddressSpace& memory);

private:
    StateTransfer() = default;
    Status give_shared(Vcpu& vcpu, const kvm_sync_regs& registers);
    Result<kvm_sync_regs> take_shared(Vcpu& vcpu);
    [[nodiscard]] kvm_sregs system_of(const x86::State& state, u8 task_priority) const;
    Status give_floating(const Vcpu& vcpu, const x86::State& state);
    Status take_floating(const Vcpu& vcpu, x86::State& state);
    Status give_debug(const Vcpu& vcpu, const x86::State& state);
    Status take_debug(const Vcpu& vcpu, x86::State& state);
    Status give_msrs(const Vcpu& vcpu, const x86::State& state);
    Status take_msrs(const Vcpu& vcpu, x86::State& state);

    bool shares_registers_ = false;
    bool has_xcr0_ = false;
    bool has_tsc_aux_ = false;
    u64 apic_base_ = 0; // KVM's own idea of it, which is of no consequence
    XsaveArea xsave_{}; // the last one: what the state doesn't hold is kept
    MsrList msrs_;

    // What KVM has, written as the state is when it is given.
    std::optional<u64> known_xcr0_;
    std::optional<XsaveArea> known_xsave_;
    std::optional<kvm_debugregs> known_debug_;
    MsrList known_msrs_;
};

} // namespace orrery::kvm
