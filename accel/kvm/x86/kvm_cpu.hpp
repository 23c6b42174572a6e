// The accelerated vCPU. Its state is that of the software CPU it is made around: KVM is given it when run() begins and
// it is taken back before run() returns, so that whoever looks at a CPU that stands still (debuggers, snapshots, the
// board) sees the one state, whichever engine ran. What KVM can't run, the software CPU runs on the same state. One
// host thread runs it at a time; kick() and set_irq() may come from any.
#pragma once

#include <atomic>
#include <memory>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/kvm/dirty_pages.hpp"
#include "accel/kvm/doorbells.hpp"
#include "accel/kvm/x86/engine.hpp"
#include "accel/kvm/x86/split_irqchip.hpp"
#include "accel/kvm/x86/state_transfer.hpp"
#include "accel/kvm/x86/time_stamp.hpp"
#include "cpu/x86/processor.hpp"

namespace orrery::kvm {

class KvmCpu final : public Cpu {
public:
    // What the CPUs of a machine share; outlives them.
    struct Shared {
        CpuEnvironment& environment;
        DirtyPages& dirty_pages;
        Doorbells* doorbells; // null: there are none
        const EngineOptions& options;
    };
    KvmCpu(std::unique_ptr<dbt::DbtCpu> software, x86::Processor& processor, dbt::Translator& translator,
           std::unique_ptr<Vcpu> vcpu, StateTransfer transfer, Shared shared, std::unique_ptr<SplitIrqchip::Stay> stay);

    // ---- Component: the software CPU's, so that snapshots are the same whichever engine made them
    [[nodiscard]] std::string_view type() const override { return software_->type(); }
    void reset() override { software_->reset(); }
    void state(StateVisitor& visitor) override { software_->state(visitor); }
    void restored() override;

    // ---- Cpu
    // A budget is kept by the software CPU alone: KVM doesn't count instructions.
    ExitReason run(u64 budget) override;
    void kick() override;
    void on_attention(std::function<void()> callback) override;
    void set_irq(u32 pin, bool level) override { software_->set_irq(pin, level); }
    [[nodiscard]] bool wakes() const override { return software_->wakes(); }
    // Those that the software CPU retired.
    [[nodiscard]] u64 retired() const override { return software_->retired(); }
    void set_entry(u64 pc, std::span<const u64> arguments) override { software_->set_entry(pc, arguments); }
    [[nodiscard]] u64 pc() const override { return software_->pc(); }

    void look_for_loops(bool wanted) override { software_->look_for_loops(wanted); }
    [[nodiscard]] StuckKind stuck_kind() const override { return software_->stuck_kind(); }
    [[nodiscard]] Standstill standstill() const override;
    [[nodiscard]] bool shut_down() const override { return software_->shut_down(); }
    [[nodiscard]] std::vector<ExceptionRecord> recent_exceptions() const override {
        return software_->recent_exceptions();
    }
    void record_all_transfers() override;
    [[nodiscard]] bool records_all_transfers() const override { return software_->records_all_transfers(); }
    [[nodiscard]] std::vector<Transfer> recent_transfers() const override { return software_->recent_transfers(); }
    void forget_transfers() override { software_->forget_transfers(); }
    [[nodiscard]] StuckAnswer explain_stuck(const StuckQuestion& question) override {
        return software_->explain_stuck(question);
    }

    [[nodiscard]] EngineKind engine() const override { return accelerated_ ? EngineKind::kvm : software_->engine(); }
    Status use_engine(EngineKind engine) override;

    [[nodiscard]] DebugView& debug_view() override { return software_->debug_view(); }
    void set_pc(u64 pc) override { software_->set_pc(pc); }
    void set_breakpoints(std::span<const u64> addresses) override;
    void set_watches(std::span<const Watch> watches) override;
    [[nodiscard]] const WatchHit& watch_hit() const override { return software_->watch_hit(); }
    [[nodiscard]] std::vector<CachedTranslation> cached_translations() const override {
        return software_->cached_translations();
    }
    [[nodiscard]] std::vector<EngineCounter> counters() const override;
    ExitReason step(bool heed_watches) override;
    void set_trace(TraceSink* sink, const TraceFilter& filter) override;

private:
    // What becomes of a run on KVM after an exit.
    enum class Next : u8 {
        run,       // it goes on
        software,  // the state has to be taken back: something is to be done with it
        halted,    // the same, and the CPU waits for an interrupt
        fallback,  // the same, and an instruction is the software CPU's
        hand_over, // the same, and what follows is the software CPU's for a while
        shutdown,  // the same, and it is said to shut the CPU down
        failed,    // it was told why
    };

    [[nodiscard]] bool for_software(u64 budget) const;
    ExitReason run_software(u64 budget);
    ExitReason run_translated(u64 budget);
    ExitReason run_accelerated();
    ExitReason run_by_turns();
    [[nodiscard]] bool waits_in_kvm(ExitReason taken) const;
    Next begin();
    void halt();
    void follow_host_time();
    bool enter();
    bool leave();
    Next run_vcpu();
    Next as_tests_want();
    Next prepare();
    Next offer_interrupt();
    Next handle_exit();
    Next handle_io();
    Next handle_mmio();
    Next read_msr();
    Next write_msr();
    Next internal_error();
    Next dirty_ring_full();
    Next end_of_interrupt();
    Next finish_instruction();
    void deliver(const PendingEvent& pending);
    void forget_software_run();
    void fall_back();
    void hand_over();
    void end_in_shutdown();
    Next fail(std::string why);
    [[nodiscard]] u64 events() const;
    u64 read_memory(GuestPhysical address, u64 size_bytes);
    void write_memory(GuestPhysical address, u64 value, u64 size_bytes);

    std::unique_ptr<dbt::DbtCpu> software_;
    x86::Processor& processor_;
    dbt::Translator& translator_;
    std::unique_ptr<Vcpu> vcpu_;
    StateTransfer transfer_;
    TimeStamp time_stamp_;
    Shared shared_;
    const std::unique_ptr<SplitIrqchip::Stay> stay_; // null: the local APICs are never KVM's
    std::atomic<bool> kicked_ = false;
    std::atomic<bool> failed_ = false;
    bool accelerated_ = true; // else the software CPU has the guest until use_engine() says otherwise
    bool traced_ = false, watched_ = false, has_breakpoints_ = false, records_ = false;
    bool software_ran_ = false; // translated, since KVM did
    bool slots_are_stale_ = false;
    bool time_is_stale_ = true; // since it was last given, time stood still for a while
    bool window_open_ = false;  // KVM takes an interrupt now
    struct Counts {
        u64 exits = 0;
        u64 port_exits = 0;
        u64 memory_exits = 0;
        u64 kicks = 0;
        u64 interrupts = 0;
        u64 fallbacks = 0;
        u64 fallback_instructions = 0;
        u64 hand_overs = 0;
        u64 full_rings = 0;
    };
    Counts counts_;
};

} // namespace orrery::kvm
