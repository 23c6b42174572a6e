// KVM's local APICs ("split irqchip", API document, KVM_CAP_SPLIT_IRQCHIP) in place of the machine's own. All of them
// are in KVM while CPUs run there, and all are back while any CPU's instructions are the software CPU's, or none runs:
// the registers are in one place, and no message finds some here and some there. CPUs that KVM runs leave for that
// moment.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "accel/kvm/virtual_machine.hpp"
#include "accel/kvm/x86/msr_list.hpp"
#include "cpu/x86/processor.hpp"
#include "machine/fabric/lent_interrupts.hpp"
#include "machine/fabric/lock.hpp"

namespace orrery::kvm {

class SplitIrqchip final : public LocalApicKeeper {
public:
    class Stay;

    // Before the machine has a vCPU. The error names the capability that it lacks.
    static Status enable(const VirtualMachine& machine);
    // `machine` outlives this, `failed` hears of messages that KVM doesn't take.
    SplitIrqchip(const VirtualMachine& machine, MachineLock& lock, std::function<void(Error)> failed)
        : machine_(machine), lock_(lock), failed_(std::move(failed)) {}

    // Before the machine runs. Vcpu and processor outlive this; the stay doesn't.
    Result<std::unique_ptr<Stay>> add(Vcpu& vcpu, x86::Processor& processor);

    bool take(const DeviceMessage& message) override;
    void follow_ends(std::span<const DeviceMessage> messages) override;

private:
    // Of a CPU's registers: KVM has them from before it runs there to when the APICs are back.
    enum class Place : u8 { elsewhere, before_kvm, kvm };
    struct Cpu {
        Vcpu& vcpu;
        x86::Processor& processor;
        LendableApic& apic;
        Place place = Place::elsewhere;
        LocalApicRegisters given{};
        u32 given_activity = 0; // of a CPU whose registers aren't in KVM
    };

    void wait_until(const auto& holds);
    void changed();
    Status give_all();
    Status take_all();
    Status give(Cpu& cpu);
    Result<LocalApicRegisters> take(Cpu& cpu);
    Result<LocalApicRegisters> read_settled(Cpu& cpu);
    Status settle(Cpu& cpu);
    Status pass_on_events(Cpu& cpu);
    static Status tell_end(Cpu& cpu);

    const VirtualMachine& machine_;
    MachineLock& lock_;
    const std::function<void(Error)> failed_;
    std::vector<DeviceMessage> ends_;
    MsrList msrs_;

    // Who is where. The mutex is taken before the machine lock.
    std::mutex mutex_;
    std::vector<Cpu> cpus_;
    bool lent_ = false; // the APICs are KVM's
    u32 on_kvm_ = 0, on_software_ = 0;
    std::atomic<u32> wanted_ = 0;  // CPUs that wait for the APICs to come back
    std::atomic<u32> changes_ = 0; // counts them, for those who wait
};

// One CPU's place among the others, on its own thread but for wake(). Elsewhere than in run() it has none.
class SplitIrqchip::Stay {
public:
    Stay(SplitIrqchip& irqchip, std::size_t index) : irqchip_(irqchip), index_(index) {}

    // The APICs are the machine's from here until leave() or begin_kvm(). Waits until the others have left KVM.
    Status begin_software();
    // They are KVM's until begin_software(), to which this CPU's registers have been given. Waits for CPUs on software;
    // false: no longer, since `kicked`, and they aren't; begin_software() is next all the same.
    Result<bool> begin_kvm(const std::atomic<bool>& kicked);
    // From software.
    void leave();
    // Whether another CPU waits until this one has left KVM.
    [[nodiscard]] bool is_in_the_way() const { return irqchip_.wanted_ != 0; }
    // `kicked` has been set. Any thread.
    void wake() { irqchip_.changed(); }

    // Whether the CPU runs, is halted or waits for its start-up message: KVM's while its registers are.
    Status give_activity();
    Status take_activity();
    // After KVM_EXIT_IOAPIC_EOI.
    Status tell_end();
    // Whether the CPU's own timer will interrupt, which no clock of the machine's need know.
    [[nodiscard]] bool timer_counts() const { return cpu().apic.timer_counts(); }

private:
    [[nodiscard]] Cpu& cpu() const { return irqchip_.cpus_[index_]; }

    SplitIrqchip& irqchip_;
    std::size_t index_;
};

} // namespace orrery::kvm
