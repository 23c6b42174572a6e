// A machine: it owns the bus, the clock, the event loop and all components, runs the vCPUs, and ends when the guest
// switches it off. A board (machine/boards) fills it. In deterministic mode one thread does everything and time is
// counted in instructions; else every vCPU has a host thread of its own and the calling thread runs the event loop.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cpu/cpu.hpp"
#include "cpu/environment.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/event_loop.hpp"
#include "machine/instruction_time.hpp"

namespace orrery {

enum class Ending : u8 {
    powered_off,  // `code` is the guest's own, 0 for a plain power-off
    reset_loop,   // the guest keeps resetting before it gets anywhere
    stuck,        // MachineOptions::stop_when_stuck: it would go on so for ever, as stuck() says
    timed_out,    // the limit in guest time is reached
    instructions, // run_until() has retired what it was asked for
    stopped,      // stop() was called
    paused,       // pause() was called, or a vCPU came to a breakpoint or watch: debug_stop() says which
    failed,       // the host couldn't go on: failure() says why
};

struct Outcome {
    Ending ending = Ending::stopped;
    u32 code = 0;
};

struct MachineOptions {
    bool deterministic = false;
    u64 timeout_ns = never_ns;    // of guest time
    bool stop_when_stuck = false; // ends with Ending::stuck when the guest will never get anywhere again
};

class Machine final : public CpuEnvironment {
public:
    static Result<std::unique_ptr<Machine>> create(const MachineOptions& options);
    ~Machine() override;

    // ---- CpuEnvironment, and what boards wire with
    [[nodiscard]] AddressSpace& memory() override { return memory_; }
    [[nodiscard]] AddressSpace& ports() override { return ports_; }
    [[nodiscard]] Clock& clock() override { return clock_; }
    [[nodiscard]] MachineLock& lock() { return lock_; }
    [[nodiscard]] EventLoop& events() { return *events_; }
    [[nodiscard]] bool deterministic() const { return options_.deterministic; }

    // Components are reset, saved and restored in the order in which they are added. The machine owns them.
    template <typename T> T& add(std::unique_ptr<T> component) {
        T& added = *component;
        components_.push_back(std::move(component));
        return added;
    }
    // The same for anything else that has to live as long.
    template <typename T> T& keep(std::unique_ptr<T> part) {
        T& kept = *part;
        kept_.push_back({part.release(), [](void* pointer) { delete static_cast<T*>(pointer); }});
        return kept;
    }
    Cpu& add_cpu(std::unique_ptr<Cpu> cpu);
    Ram& add_ram(std::unique_ptr<Ram> ram);
    // Called after every component was reset: load firmware, put vCPUs at their entry.
    void on_reset(std::function<void()> callback) { reset_callback_ = std::move(callback); }

    [[nodiscard]] const std::vector<std::unique_ptr<Component>>& components() const { return components_; }
    [[nodiscard]] const std::vector<Cpu*>& cpus() const { return cpus_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Ram>>& rams() const { return rams_; }
    // Instructions retired by all vCPUs; exact while nothing runs.
    [[nodiscard]] u64 retired() const;

    // ---- life
    void reset();
    // Runs until the guest or stop() ends it; may be called again after `instructions`, `stopped` or
    // `paused`.
    Outcome run();
    // Deterministic machines only: runs until `retired` instructions have retired in all, exactly.
    Outcome run_until(u64 retired);
    // Which vCPUs the next run() runs, while the others stand still; empty: all. Whether the guest is stuck isn't
    // looked at while some stand still.
    void run_only(std::span<Cpu* const> cpus) { only_.assign(cpus.begin(), cpus.end()); }
    // Makes run() return with Ending::paused. Any thread.
    void pause();
    // One instruction of one vCPU as by Cpu::step(), while the others stand still and so does time, unless it is
    // counted in instructions. Not while run() runs. The outcome is set if the instruction ended the machine.
    struct Step {
        ExitReason reason = ExitReason::deadline;
        std::optional<Outcome> outcome;
    };
    Step step(Cpu& cpu, bool heed_watches);
    // Why the last run() was paused; empty: by pause().
    struct DebugStop {
        Cpu* cpu = nullptr;
        ExitReason reason = ExitReason::breakpoint;
    };
    [[nodiscard]] const std::optional<DebugStop>& debug_stop() const { return debug_stop_; }
    // Why the last run() ended with Ending::stuck.
    struct Stuck {
        Cpu* cpu = nullptr;
        StuckKind kind = StuckKind::row;
    };
    [[nodiscard]] const Stuck& stuck() const { return stuck_; }
    // Whether stop() was called since the last run().
    [[nodiscard]] bool stop_requested() const { return stop_requested_; }
    // Ends run(). Any thread, and signal handlers.
    void stop();

    // ---- what devices ask for, carried out between guest instructions
    void power_off(u32 code);
    void request_reset();
    // Ends the machine because of something on the host's side.
    void fail(Error why);
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

private:
    class VcpuThread;
    struct Kept {
        void* part;
        void (*destroy)(void*);
    };
    Machine(const MachineOptions& options, std::unique_ptr<EventLoop> events);
    Outcome run_deterministic(u64 retired_limit);
    Outcome run_threaded();
    void run_vcpus_once(u64 retired_limit);
    bool skip_idle_time();
    void stop_vcpus();
    void start_vcpus();
    void end(Outcome outcome); // machine lock held, or nothing runs
    void stopped_by(Cpu& cpu, ExitReason reason);
    void stuck_at(Cpu& cpu, StuckKind kind);
    [[nodiscard]] bool runs(const Cpu& cpu) const {
        return only_.empty() || std::ranges::find(only_, &cpu) != only_.end();
    }
    [[nodiscard]] bool stops_when_stuck() const { return options_.stop_when_stuck && only_.empty(); }
    [[nodiscard]] bool timer_is_set() const;
    [[nodiscard]] bool nobody_goes_on(std::span<const Standstill> vcpus) const;
    [[nodiscard]] bool nobody_goes_on() const;
    void look_at_standstill();
    void carry_out_reset();
    // True: go on running after a reset was carried out; false: the machine has ended.
    bool carry_out_requests();
    bool looping();

    MachineOptions options_;
    MachineLock lock_;
    HostTime host_time_;
    InstructionTime instruction_time_;
    Clock clock_;
    AddressSpace memory_;
    AddressSpace ports_;
    std::unique_ptr<EventLoop> events_;
    std::vector<std::unique_ptr<Ram>> rams_;
    std::vector<Kept> kept_;
    std::vector<std::unique_ptr<Component>> components_;
    std::vector<Cpu*> cpus_;
    std::vector<const Cpu*> only_; // run_only()
    std::vector<std::unique_ptr<VcpuThread>> threads_;
    std::function<void()> reset_callback_;
    Timer timeout_;

    std::atomic<bool> stop_requested_ = false;
    std::atomic<bool> reset_requested_ = false;
    std::atomic<bool> ended_ = false;
    Outcome outcome_;
    std::optional<Error> failure_;
    std::optional<DebugStop> debug_stop_;
    Stuck stuck_;
    u64 next_look_ns_ = 0;
    u32 looks_in_standstill_ = 0; // one after the other
    std::vector<u64> resets_ns_;  // when the last few resets were
};

} // namespace orrery
