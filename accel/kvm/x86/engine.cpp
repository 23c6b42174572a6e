#include "accel/kvm/x86/engine.hpp"

#include "accel/kvm/x86/guest_cpuid.hpp"
#include "accel/kvm/x86/kvm_cpu.hpp"
#include "accel/kvm/x86/machine.hpp"
#include "cpu/x86/model.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::kvm {
namespace {

class X86Engine final : public Engine {
public:
    static Result<std::unique_ptr<Engine>> create(SystemCalls& calls, CpuEnvironment& environment,
                                                  EngineOptions options) {
        auto machine = TRY(create_x86_machine(calls));
        TRY_STATUS(ask_for_msrs(*machine));
        CpuidTable supported = TRY(CpuidTable::supported(*machine));
        auto first = TRY(machine->create_vcpu(0));
        const int khz = TRY(first->file().number_of(KVM_GET_TSC_KHZ, 0, "KVM_GET_TSC_KHZ"));
        return std::unique_ptr<Engine>(new X86Engine(environment, std::move(options), std::move(machine),
                                                     std::move(supported), std::move(first), u64(khz) * 1000));
    }

    [[nodiscard]] x86::Features features(x86::Features model) const override {
        if (options_.facts.cpuid_masked) return supported_features(supported_, model);
        // Guests see the host's own features and use them. What a fallback comes upon the software CPU has to know.
        for (const x86::Model& each : x86::models()) model = model | each.features;
        return model;
    }
    [[nodiscard]] u64 time_stamp_hz() const override { return time_stamp_hz_; }

    Result<std::unique_ptr<Cpu>> create_cpu(std::unique_ptr<dbt::DbtCpu> software, x86::Processor& processor,
                                            dbt::Translator& translator) override {
        const x86::Identity identity = processor.identity();
        std::unique_ptr<Vcpu> vcpu =
            identity.apic_id == 0 && first_ ? std::move(first_) : TRY(machine_->create_vcpu(identity.apic_id));
        CpuidTable wanted = guest_cpuid(supported_, identity);
        TRY_STATUS(wanted.give_to(*vcpu));
        TRY_STATUS(check_told(wanted, TRY(CpuidTable::of(*vcpu)), identity.apic_id));
        StateTransfer transfer = TRY(StateTransfer::create(*machine_, *vcpu, identity.features));
        return std::make_unique<KvmCpu>(std::move(software), processor, translator, std::move(vcpu),
                                        std::move(transfer), KvmCpu::Shared{environment_, slots_, options_});
    }

private:
    X86Engine(CpuEnvironment& environment, EngineOptions options, std::unique_ptr<VirtualMachine> machine,
              CpuidTable supported, std::unique_ptr<Vcpu> first, u64 time_stamp_hz)
        : environment_(environment), options_(std::move(options)), machine_(std::move(machine)),
          supported_(std::move(supported)), first_(std::move(first)), time_stamp_hz_(time_stamp_hz),
          slots_(*machine_, environment_.memory(), [this](Error why) {
              if (options_.failed) options_.failed(std::move(why));
          }) {}

    // A guest that finds more than it was promised may use what no snapshot and no other engine has.
    [[nodiscard]] Status check_told(const CpuidTable& wanted, const CpuidTable& told, u32 cpu) const {
        const u32 excess = excess_features(wanted, told);
        if (excess == 0) return {};
        if (options_.facts.cpuid_masked)
            return error("KVM tells guests of {} features that the machine's processor hasn't got", excess);
        if (cpu == 0)
            log::warning("KVM on this host tells the guest of {} features that its processor hasn't got", excess);
        return {};
    }

    CpuEnvironment& environment_;
    const EngineOptions options_;
    std::unique_ptr<VirtualMachine> machine_;
    CpuidTable supported_;
    std::unique_ptr<Vcpu> first_; // made to ask for its clock
    u64 time_stamp_hz_;
    MemorySlots slots_;
};

} // namespace

Result<std::unique_ptr<Engine>> create_engine(SystemCalls& calls, CpuEnvironment& environment, EngineOptions options) {
    return X86Engine::create(calls, environment, std::move(options));
}

Result<std::unique_ptr<Engine>> create_engine(CpuEnvironment& environment, EngineOptions options) {
    return create_engine(host_system_calls(), environment, std::move(options));
}

} // namespace orrery::kvm
