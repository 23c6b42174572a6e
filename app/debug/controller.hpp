// A machine under a debugger: runs it, stops it, steps it, and tells whoever listens why it stands still. Between runs
// it serves the event loop, so that front ends (gdb stub, monitor) are heard while the guest isn't.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "app/debug/target.hpp"
#include "machine/machine.hpp"

namespace orrery::app {

class DebugController final : public DebugTarget {
public:
    // With `paused` the guest waits for a resume() before its first instruction.
    DebugController(Machine& machine, bool paused);
    ~DebugController() override;

    // In place of Machine::run(): until the guest, stop() or kill() ends it.
    Outcome run();
    // Tells the listeners that the program is about to end.
    void tell_end(u32 exit_code);

    // What lets the machine run, instead of Machine::run(). It returns what that would.
    void run_by(std::function<Outcome()> runner) { runner_ = std::move(runner); }
    // What answers monitor(): it is called while the machine stands still.
    void answer_monitor_by(std::function<std::string(std::string_view)> monitor) { monitor_ = std::move(monitor); }
    // Runs `work` soon, from run(), while the machine stands still; one that runs is stopped for so long, and nobody is
    // told. `then` follows under the machine lock. Neither is called any more once run() and tell_end() are over.
    void while_still(std::function<void()> work, std::function<void()> then);
    // Called when the machine is let run.
    void on_resume(std::function<void()> callback) { resumed_ = std::move(callback); }
    // Breakpoints besides those of DebugTarget: no one else replaces them or takes them out. Only while the machine
    // stands still.
    void set_own_breakpoints(std::set<u64> addresses);

    // ---- DebugTarget
    u32 add_listener(StopListener listener) override;
    void remove_listener(u32 number) override;
    [[nodiscard]] u32 cpu_count() const override { return static_cast<u32>(machine_.cpus().size()); }
    [[nodiscard]] std::string cpu_name(u32 cpu) const override { return machine_.cpus()[cpu]->name(); }
    [[nodiscard]] bool running() const override { return running_; }
    [[nodiscard]] const Stop& last_stop() const override { return stop_; }
    void pause() override;
    void resume(const Resume& how) override;
    void kill() override;
    void reset() override;
    [[nodiscard]] DebugView& view(u32 cpu) override;
    std::size_t read_memory(u32 cpu, MemorySpace space, u64 address, std::span<u8> out) override;
    std::size_t write_memory(u32 cpu, MemorySpace space, u64 address, std::span<const u8> in) override;
    [[nodiscard]] std::vector<MemoryRegion> memory_map() const override;
    Status insert_breakpoint(u64 address, Condition condition) override;
    Status remove_breakpoint(u64 address) override;
    Status insert_watchpoint(const Watchpoint& watchpoint) override;
    Status remove_watchpoint(const Watchpoint& watchpoint) override;
    std::string monitor(std::string_view line) override;

    [[nodiscard]] Machine& machine() { return machine_; }

private:
    class View;
    // What a part of a resume came to: an ending, a stop, or neither: go on.
    struct Progress {
        std::optional<Outcome> ending{};
        std::optional<Stop> stop{};
    };

    Progress carry_out(const Resume& how);
    Progress go_on();
    Progress step_over_breakpoint();
    Progress step(u32 cpu);
    Progress step_times(const Resume& how);
    Progress step_through(const Resume& range);
    [[nodiscard]] bool is_breakpoint(u64 pc) const {
        return breakpoints_.contains(pc) || own_breakpoints_.contains(pc);
    }
    // True: the steps are to end, because of someone outside.
    bool look_outside();
    void carry_out_errands();
    Progress at_breakpoint(u32 cpu);
    Progress at_watchpoint(u32 cpu);
    Progress paused() const;
    void tell(const Stop& stop);
    void take_changed_state();
    void place_breakpoints();
    void place_watches();
    std::size_t read_device(GuestPhysical address, std::span<u8> out);
    std::size_t write_device(GuestPhysical address, std::span<const u8> in);
    [[nodiscard]] u64 value_at(u32 cpu, u64 address, u64 size_bytes);
    [[nodiscard]] u32 index_of(const Cpu& cpu) const;
    template <typename Move> std::size_t move_pages(u32 cpu, MemorySpace space, u64 address, u64 size_bytes, Move move);

    Machine& machine_;
    std::vector<std::unique_ptr<View>> views_; // one for each vCPU
    std::map<u64, Condition> breakpoints_;
    std::set<u64> own_breakpoints_;
    std::vector<Watchpoint> watchpoints_;
    std::map<u32, StopListener> listeners_;
    u32 next_listener_ = 0;
    bool running_ = false;
    bool pause_wanted_ = false;
    bool reset_wanted_ = false;
    std::optional<Resume> wanted_;
    Stop stop_;
    struct Errand {
        std::function<void()> work;
        std::function<void()> then;
    };
    std::vector<Errand> errands_;
    std::function<Outcome()> runner_;
    std::function<std::string(std::string_view)> monitor_;
    std::function<void()> resumed_;
};

} // namespace orrery::app
