// The one CPU interface. A machine runs vCPUs through it and can't tell a translated one from an accelerated one.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "cpu/debug.hpp"
#include "cpu/stuck.hpp"
#include "cpu/trace.hpp"
#include "cpu/watch.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

enum class ExitReason : u8 {
    deadline,   // the instruction budget is used up
    kicked,     // kick() was called, or something outside must be looked at before going on
    halted,     // the vCPU waits for an interrupt and none is pending
    stopped,    // the vCPU isn't started, or the guest switched it off
    stuck,      // a long row of exceptions between which nothing retired: it may go on so for ever
    looping,    // see look_for_loops(): stuck_kind() tells which
    breakpoint, // pc() is at a breakpoint; its instruction wasn't executed
    watchpoint, // the instruction at pc() is about to make the access that watch_hit() tells; it wasn't executed
};

// What executes a vCPU's instructions.
enum class EngineKind : u8 { interpreter, translator, kvm };
// As options and commands name it.
constexpr std::string_view name(EngineKind engine) {
    return engine == EngineKind::kvm ? "kvm" : engine == EngineKind::translator ? "jit" : "interp";
}

struct WatchHit {
    u64 address = 0;
    u64 size_bytes = 0;
    bool write = false;
};

class Cpu : public Component, public IrqSink {
public:
    using Component::Component;

    // Runs on the calling thread, the vCPU's own, until one of the exit reasons. At most `budget` instructions retire,
    // exactly `budget` when the reason is `deadline`.
    virtual ExitReason run(u64 budget) = 0;
    // Makes run() return soon. Any thread.
    virtual void kick() = 0;
    // `callback` is run, on any thread, whenever something may have ended a halt. Set before the vCPU first runs.
    virtual void on_attention(std::function<void()> callback) = 0;
    // Level of an interrupt input; pin numbers are the architecture's. Any thread.
    void set_irq(u32 pin, bool level) override = 0;
    // Whether an interrupt is pending that would end a halt.
    [[nodiscard]] virtual bool wakes() const = 0;
    // Instructions retired since power-on. Exact for the calling vCPU thread, also in the middle of a block; from other
    // threads only while the vCPU is stopped.
    [[nodiscard]] virtual u64 retired() const = 0;
    // Puts the vCPU at a program's or kernel's entry: what the registers mean is the architecture's boot convention.
    virtual void set_entry(u64 pc, std::span<const u64> arguments) = 0;
    [[nodiscard]] virtual u64 pc() const = 0;

    // ---- guests that get nowhere; but for standstill() only while no vCPU of the machine runs
    // Whether run() returns with `looping` when exceptions repeat without end, though instructions retire.
    virtual void look_for_loops(bool wanted) = 0;
    [[nodiscard]] virtual StuckKind stuck_kind() const = 0; // of the last `stuck` or `looping`
    // On the vCPU's thread, or while it is stopped.
    [[nodiscard]] virtual Standstill standstill() const = 0;
    // Whether it has given up: an exception whose delivery failed, and that of the failure too. Only a reset helps.
    [[nodiscard]] virtual bool shut_down() const = 0;
    // The last exceptions, oldest first; a reset of the machine doesn't forget them.
    [[nodiscard]] virtual std::vector<ExceptionRecord> recent_exceptions() const = 0;
    // From now on every control transfer is noticed, which makes the guest five to thirty times slower; else
    // exceptions, interrupts, returns from their handlers, and jumps that translated code couldn't make by itself,
    // like the first to a place. Before the vCPU first runs.
    virtual void record_all_transfers() = 0;
    [[nodiscard]] virtual bool records_all_transfers() const = 0;
    // The last ones that were noticed, loops once, oldest first; a reset of the machine doesn't forget them.
    [[nodiscard]] virtual std::vector<Transfer> recent_transfers() const = 0;
    virtual void forget_transfers() = 0;
    [[nodiscard]] virtual StuckAnswer explain_stuck(const StuckQuestion& question) = 0;

    // ---- moving the guest to another engine, only while no vCPU of the machine runs
    [[nodiscard]] virtual EngineKind engine() const = 0;
    // All vCPUs of a machine must be given the same. The guest can't tell. An error says why it can't be had.
    virtual Status use_engine(EngineKind engine) = 0;

    // ---- debugging, only while no vCPU of the machine runs
    [[nodiscard]] virtual DebugView& debug_view() = 0;
    virtual void set_pc(u64 pc) = 0;
    // Addresses of instructions, ascending. run() stops at one even if it begins there.
    virtual void set_breakpoints(std::span<const u64> addresses) = 0;
    virtual void set_watches(std::span<const Watch> watches) = 0;
    [[nodiscard]] virtual const WatchHit& watch_hit() const = 0;
    [[nodiscard]] virtual std::vector<CachedTranslation> cached_translations() const = 0;
    [[nodiscard]] virtual std::vector<EngineCounter> counters() const = 0;
    // Executes one instruction, or delivers the exception that it raises. Takes no interrupt and heeds no breakpoint.
    // `halted` if the CPU waits for an interrupt, `watchpoint` as from run() if watches are to be heeded, else
    // `deadline`.
    virtual ExitReason step(bool heed_watches) = 0;
    // From now on `sink`, which outlives its use, is told what `filter` lets through; null ends it. All vCPUs of a
    // machine must be given the same filter. The guest can't tell whether it is traced.
    virtual void set_trace(TraceSink* sink, const TraceFilter& filter) = 0;
};

} // namespace orrery
