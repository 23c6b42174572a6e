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
        TRY_STATUS(ask_for_msrs(*machine, options.irqchip));
        if (options.irqchip == Irqchip::split) TRY_STATUS(SplitIrqchip::enable(*machine));
        const DirtyTracking tracking = TRY(DirtyPages::enable(*machine, wanted_tracking(options)));
        CpuidTable supported = TRY(CpuidTable::supported(*machine));
        auto first = TRY(machine->create_vcpu(0));
        // Where CPUID can't be masked guests see the host's own features and use them: what they see then counts.
        CpuidTable seen = supported;
        if (!options.facts.cpuid_masked) {
            TRY_STATUS(supported.give_to(*first));
            seen = TRY(CpuidTable::of(*first));
        }
        const int khz = TRY(first->file().number_of(KVM_GET_TSC_KHZ, 0, "KVM_GET_TSC_KHZ"));
        if (const auto counter = host_time_stamp_counter(u64(khz) * 1000)) environment.clock().follow(*counter);
        std::unique_ptr<Doorbells> doorbells;
        if (options.events) doorbells = TRY(Doorbells::create(*machine, environment.memory(), *options.events));
        return std::unique_ptr<Engine>(new X86Engine(environment, std::move(options), std::move(machine),
                                                     std::move(supported), std::move(seen), std::move(first),
                                                     u64(khz) * 1000, tracking, std::move(doorbells)));
    }

    [[nodiscard]] x86::Features features(x86::Features model) const override {
        // What a fallback may come upon, of that the software CPU has to know as much as it can.
        if (!options_.facts.cpuid_masked)
            for (const x86::Model& each : x86::models()) model = model | each.features;
        return supported_features(seen_, model);
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
        std::unique_ptr<SplitIrqchip::Stay> stay;
        if (options_.irqchip == Irqchip::split) stay = TRY(irqchip_.add(*vcpu, processor));
        dirty_pages_.add(*vcpu);
        return std::make_unique<KvmCpu>(
            std::move(software), processor, translator, std::move(vcpu), std::move(transfer),
            KvmCpu::Shared{environment_, dirty_pages_, doorbells_.get(), options_}, std::move(stay));
    }

private:
    // Where KVM interprets code, a ring would be full after a few thousand stores to a page. A vCPU with a full ring
    // doesn't get as far as Vcpu::settle() needs.
    static DirtyTracking wanted_tracking(const EngineOptions& options) {
        const bool best = options.dirty_tracking == DirtyTracking::best;
        const bool ring = options.facts.kernel_is_fast && options.irqchip == Irqchip::user;
        return best && !ring ? DirtyTracking::best_log : options.dirty_tracking;
    }

    X86Engine(CpuEnvironment& environment, EngineOptions options, std::unique_ptr<VirtualMachine> machine,
              CpuidTable supported, CpuidTable seen, std::unique_ptr<Vcpu> first, u64 time_stamp_hz,
              DirtyTracking tracking, std::unique_ptr<Doorbells> doorbells)
        : environment_(environment), options_(std::move(options)), machine_(std::move(machine)),
          supported_(std::move(supported)), seen_(std::move(seen)), first_(std::move(first)),
          time_stamp_hz_(time_stamp_hz), slots_(*machine_, environment_.memory(),
                                                [this](Error why) {
                                                    if (options_.failed) options_.failed(std::move(why));
                                                }),
          dirty_pages_(*machine_, slots_, environment_.memory(), tracking), doorbells_(std::move(doorbells)),
          irqchip_(*machine_, environment_.memory().machine_lock(), [this](Error why) {
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
    CpuidTable seen_;             // the features that guests have here
    std::unique_ptr<Vcpu> first_; // made to ask for its clock
    u64 time_stamp_hz_;
    MemorySlots slots_;
    DirtyPages dirty_pages_;
    std::unique_ptr<Doorbells> doorbells_; // null: CPUs answer
    SplitIrqchip irqchip_;                 // unused by Irqchip::user
};

} // namespace

Result<std::unique_ptr<Engine>> create_engine(SystemCalls& calls, CpuEnvironment& environment, EngineOptions options) {
    return X86Engine::create(calls, environment, std::move(options));
}

Result<std::unique_ptr<Engine>> create_engine(CpuEnvironment& environment, EngineOptions options) {
    return create_engine(host_system_calls(), environment, std::move(options));
}

} // namespace orrery::kvm
