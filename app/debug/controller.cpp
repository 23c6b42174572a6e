#include "app/debug/controller.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace orrery::app {
namespace {

// The widest access to a device for `size_bytes` at `address`.
Width device_access(u64 address, u64 size_bytes) {
    Width width = Width::dword;
    while (address % bytes(width) != 0 || bytes(width) > size_bytes) width = static_cast<Width>(bytes(width) / 2);
    return width;
}

// Single steps between two looks at the outside world.
constexpr u32 steps_between_polls = 256;

} // namespace

// A CPU's own view, with a note of whether the state it shows was changed.
class DebugController::View final : public DebugView {
public:
    explicit View(DebugView& view) : view_(view) {}
    [[nodiscard]] std::span<const RegisterDescription> registers() const override { return view_.registers(); }
    [[nodiscard]] u64 read(std::size_t index) const override { return view_.read(index); }
    Status write(std::size_t index, u64 value) override {
        changed_ = true;
        return view_.write(index, value);
    }
    [[nodiscard]] RegisterValue read_wide(std::size_t index) const override { return view_.read_wide(index); }
    Status write_wide(std::size_t index, RegisterValue value) override {
        changed_ = true;
        return view_.write_wide(index, value);
    }
    [[nodiscard]] std::optional<GuestPhysical> translate(GuestVirtual address) const override {
        return view_.translate(address);
    }
    [[nodiscard]] Walk walk(GuestVirtual address) const override { return view_.walk(address); }
    [[nodiscard]] std::string_view gdb_architecture() const override { return view_.gdb_architecture(); }
    [[nodiscard]] std::string_view llvm_triple() const override { return view_.llvm_triple(); }
    [[nodiscard]] std::string_view debugger_triple() const override { return view_.debugger_triple(); }
    [[nodiscard]] std::string condition() const override { return view_.condition(); }
    [[nodiscard]] CpuWords words() const override { return view_.words(); }
    [[nodiscard]] std::string interrupts() const override { return view_.interrupts(); }
    [[nodiscard]] std::vector<TableName> tables() const override { return view_.tables(); }
    [[nodiscard]] Table table(std::string_view name) const override { return view_.table(name); }

    [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }

private:
    DebugView& view_;
    bool changed_ = false;
};

DebugController::DebugController(Machine& machine, bool paused) : machine_(machine) {
    for (Cpu* cpu : machine_.cpus()) views_.push_back(std::make_unique<View>(cpu->debug_view()));
    if (!paused) wanted_ = Resume{};
    running_ = !paused;
    runner_ = [this] { return machine_.run(); };
}

DebugController::~DebugController() = default;

u32 DebugController::add_listener(StopListener listener) {
    listeners_.emplace(next_listener_, std::move(listener));
    return next_listener_++;
}

void DebugController::remove_listener(u32 number) { listeners_.erase(number); }

void DebugController::tell(const Stop& stop) {
    stop_ = stop;
    running_ = false;
    // A listener may take itself out.
    const std::map<u32, StopListener> listeners = listeners_;
    for (const auto& [number, listener] : listeners)
        if (listeners_.contains(number)) listener(stop_);
}

void DebugController::tell_end(u32 exit_code) {
    carry_out_errands();
    std::lock_guard guard(machine_.lock());
    tell({.reason = Stop::Reason::ended, .exit_code = exit_code});
}

void DebugController::pause() {
    if (!running_) return;
    pause_wanted_ = true;
    machine_.pause();
}

void DebugController::resume(const Resume& how) {
    if (running_) return;
    running_ = true;
    wanted_ = how;
    if (resumed_) resumed_();
    machine_.events().wake();
}

void DebugController::while_still(std::function<void()> work, std::function<void()> then) {
    errands_.push_back({std::move(work), std::move(then)});
    if (running_)
        machine_.pause();
    else
        machine_.events().wake();
}

void DebugController::carry_out_errands() {
    if (errands_.empty()) return;
    // Those that come up meanwhile wait for the next time, after whatever is told of this stop.
    for (const Errand& errand : std::exchange(errands_, {})) {
        errand.work();
        std::lock_guard guard(machine_.lock());
        errand.then();
    }
    take_changed_state();
}

void DebugController::kill() { machine_.stop(); }

void DebugController::reset() {
    reset_wanted_ = true;
    machine_.events().wake();
}

Outcome DebugController::run() {
    for (;;) {
        if (machine_.stop_requested()) return machine_.run();
        if (std::exchange(reset_wanted_, false)) {
            std::lock_guard guard(machine_.lock());
            machine_.reset();
        }
        if (!wanted_) {
            carry_out_errands();
            if (wanted_) continue;
            machine_.events().run_once(errands_.empty() ? ~u64{0} : 0);
            continue;
        }
        const Resume how = *std::exchange(wanted_, std::nullopt);
        const Progress progress = carry_out(how);
        if (progress.ending) return *progress.ending;
        std::lock_guard guard(machine_.lock());
        pause_wanted_ = false;
        tell(*progress.stop);
    }
}

// Always an ending or a stop.
DebugController::Progress DebugController::carry_out(const Resume& how) {
    if (how.pc) {
        machine_.cpus()[how.cpu]->set_pc(*how.pc);
        stop_.cpu = ~0U; // nobody was shown this place
    }
    take_changed_state();
    if (how.kind == Resume::Kind::range) return step_through(how);
    if (how.kind == Resume::Kind::step) return step_times(how);
    std::vector<Cpu*> only;
    for (const u32 cpu : how.only) only.push_back(machine_.cpus()[cpu]);
    machine_.run_only(only);
    const bool stopped_one_goes_on = only.empty() || std::ranges::find(how.only, stop_.cpu) != how.only.end();
    Progress progress = stopped_one_goes_on ? step_over_breakpoint() : Progress{};
    while (!progress.ending && !progress.stop) progress = go_on();
    return progress;
}

// The instruction at which a CPU was shown to stand is executed now, not stopped at again.
DebugController::Progress DebugController::step_over_breakpoint() {
    if (stop_.cpu >= cpu_count() || !is_breakpoint(machine_.cpus()[stop_.cpu]->pc())) return {};
    return step(stop_.cpu);
}

DebugController::Progress DebugController::go_on() {
    carry_out_errands();
    if (pause_wanted_) return paused();
    const Outcome outcome = runner_();
    if (outcome.ending != Ending::paused) return {.ending = outcome};
    const auto& why = machine_.debug_stop();
    if (!why) return {};
    const u32 cpu = index_of(*why->cpu);
    return why->reason == ExitReason::watchpoint ? at_watchpoint(cpu) : at_breakpoint(cpu);
}

DebugController::Progress DebugController::paused() const {
    return {.stop = Stop{.reason = Stop::Reason::paused, .cpu = std::min(stop_.cpu, cpu_count() - 1)}};
}

DebugController::Progress DebugController::at_breakpoint(u32 cpu) {
    const u64 pc = machine_.cpus()[cpu]->pc();
    const Progress here{.stop = Stop{.reason = Stop::Reason::breakpoint, .cpu = cpu}};
    if (own_breakpoints_.contains(pc)) return here;
    const auto found = breakpoints_.find(pc);
    if (found == breakpoints_.end()) return {};
    if (found->second && !found->second(cpu)) return step(cpu);
    return here;
}

// The CPU stands before the access. It is shown behind it, with what the access has changed.
DebugController::Progress DebugController::at_watchpoint(u32 cpu) {
    const WatchHit hit = machine_.cpus()[cpu]->watch_hit();
    Stop stop{.reason = Stop::Reason::watchpoint, .cpu = cpu};
    for (const Watchpoint& candidate : watchpoints_) {
        const bool overlaps =
            candidate.address - hit.address < hit.size_bytes || hit.address - candidate.address < candidate.size_bytes;
        const bool wanted = hit.write ? candidate.kind != WatchKind::read : candidate.kind != WatchKind::write;
        if (!overlaps || !wanted) continue;
        stop.watchpoint = candidate;
        break;
    }
    stop.accessed = std::max(hit.address, stop.watchpoint.address);
    const u64 size = std::min<u64>(8, stop.watchpoint.size_bytes);
    stop.old_value = value_at(cpu, stop.watchpoint.address, size);
    const Machine::Step done = machine_.step(*machine_.cpus()[cpu], false);
    if (done.outcome) return {.ending = done.outcome};
    stop.new_value = value_at(cpu, stop.watchpoint.address, size);
    return {.stop = stop};
}

// One instruction; a stop only for a watchpoint.
DebugController::Progress DebugController::step(u32 cpu) {
    const Machine::Step done = machine_.step(*machine_.cpus()[cpu], true);
    if (done.outcome) return {.ending = done.outcome};
    return done.reason == ExitReason::watchpoint ? at_watchpoint(cpu) : Progress{};
}

bool DebugController::look_outside() {
    machine_.events().run_once(0);
    carry_out_errands();
    return pause_wanted_ || machine_.stop_requested();
}

DebugController::Progress DebugController::step_times(const Resume& how) {
    for (u64 steps = 1;; ++steps) {
        const Progress progress = step(how.cpu);
        if (progress.ending || progress.stop) return progress;
        if (steps >= how.steps) return {.stop = Stop{.reason = Stop::Reason::step, .cpu = how.cpu}};
        if (is_breakpoint(machine_.cpus()[how.cpu]->pc()))
            return {.stop = Stop{.reason = Stop::Reason::breakpoint, .cpu = how.cpu}};
        if (steps % steps_between_polls == 0 && look_outside()) return paused();
    }
}

DebugController::Progress DebugController::step_through(const Resume& range) {
    Cpu& cpu = *machine_.cpus()[range.cpu];
    const Progress arrived{.stop = Stop{.reason = Stop::Reason::step, .cpu = range.cpu}};
    for (u32 steps = 1;; ++steps) {
        const Progress progress = step(range.cpu);
        if (progress.ending || progress.stop) return progress;
        const u64 pc = cpu.pc();
        if (pc < range.first || pc >= range.end) return arrived;
        if (is_breakpoint(pc)) return {.stop = Stop{.reason = Stop::Reason::breakpoint, .cpu = range.cpu}};
        if (steps % steps_between_polls == 0 && look_outside()) return paused();
    }
}

void DebugController::take_changed_state() {
    for (u32 cpu = 0; cpu < cpu_count(); ++cpu)
        if (views_[cpu]->take_changed()) machine_.cpus()[cpu]->restored();
}

DebugView& DebugController::view(u32 cpu) { return *views_[cpu]; }

u32 DebugController::index_of(const Cpu& cpu) const {
    return static_cast<u32>(std::ranges::find(machine_.cpus(), &cpu) - machine_.cpus().begin());
}

// Moves page by page, as far as there is memory. `move` gets a guest-physical address, and where and how much.
template <typename Move>
std::size_t DebugController::move_pages(u32 cpu, MemorySpace space, u64 address, u64 size_bytes, Move move) {
    u64 done = 0;
    while (done < size_bytes) {
        const u64 at = address + done;
        const u64 part = std::min(size_bytes - done, page_size - (at & (page_size - 1)));
        const auto physical =
            space == MemorySpace::physical ? std::optional(GuestPhysical{at}) : views_[cpu]->translate({at});
        if (!physical || !move(*physical, done, part)) break;
        done += part;
    }
    return done;
}

std::size_t DebugController::read_memory(u32 cpu, MemorySpace space, u64 address, std::span<u8> out) {
    const std::size_t done = move_pages(cpu, space, address, out.size(), [&](GuestPhysical from, u64 at, u64 part) {
        return machine_.memory().read_memory(from, out.subspan(at, part));
    });
    if (space != MemorySpace::physical) return done;
    return done + read_device({address + done}, out.subspan(done));
}

// How many bytes of it.
std::size_t DebugController::read_device(GuestPhysical address, std::span<u8> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const Width width = device_access(address.value + done, out.size() - done);
        const std::optional<u64> value = machine_.memory().read(address + done, width);
        if (!value) break;
        std::memcpy(out.data() + done, &*value, bytes(width));
        done += bytes(width);
    }
    return done;
}

std::size_t DebugController::write_memory(u32 cpu, MemorySpace space, u64 address, std::span<const u8> in) {
    const std::size_t done = move_pages(cpu, space, address, in.size(), [&](GuestPhysical to, u64 at, u64 part) {
        return machine_.memory().write_memory(to, in.subspan(at, part), true);
    });
    if (space != MemorySpace::physical) return done;
    return done + write_device({address + done}, in.subspan(done));
}

std::size_t DebugController::write_device(GuestPhysical address, std::span<const u8> in) {
    std::size_t done = 0;
    while (done < in.size()) {
        const Width width = device_access(address.value + done, in.size() - done);
        u64 value = 0;
        std::memcpy(&value, in.data() + done, bytes(width));
        if (!machine_.memory().write(address + done, value, width)) break;
        done += bytes(width);
    }
    return done;
}

u64 DebugController::value_at(u32 cpu, u64 address, u64 size_bytes) {
    std::array<u8, 8> bytes{};
    read_memory(cpu, MemorySpace::of_cpu, address, std::span(bytes).first(size_bytes));
    u64 value = 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
}

std::vector<MemoryRegion> DebugController::memory_map() const {
    std::vector<MemoryRegion> regions;
    for (const Window& window : machine_.memory().view()->windows) {
        const auto kind = !window.ram        ? MemoryRegion::Kind::device
                          : window.read_only ? MemoryRegion::Kind::rom
                                             : MemoryRegion::Kind::ram;
        regions.push_back({window.base.value, window.size_bytes, kind, window.name});
    }
    return regions;
}

void DebugController::place_breakpoints() {
    std::set<u64> all = own_breakpoints_;
    for (const auto& [address, condition] : breakpoints_) all.insert(address);
    const std::vector<u64> addresses(all.begin(), all.end());
    for (Cpu* cpu : machine_.cpus()) cpu->set_breakpoints(addresses);
}

void DebugController::place_watches() {
    std::vector<Watch> watches;
    for (const Watchpoint& watchpoint : watchpoints_)
        watches.push_back({watchpoint.address, watchpoint.size_bytes, watchpoint.kind != WatchKind::write,
                           watchpoint.kind != WatchKind::read});
    for (Cpu* cpu : machine_.cpus()) cpu->set_watches(watches);
}

Status DebugController::insert_breakpoint(u64 address, Condition condition) {
    const bool fresh = breakpoints_.insert_or_assign(address, std::move(condition)).second;
    if (fresh) place_breakpoints();
    return {};
}

Status DebugController::remove_breakpoint(u64 address) {
    if (breakpoints_.erase(address) == 0) return error("there is no breakpoint at {:#x}", address);
    place_breakpoints();
    return {};
}

void DebugController::set_own_breakpoints(std::set<u64> addresses) {
    own_breakpoints_ = std::move(addresses);
    place_breakpoints();
}

Status DebugController::insert_watchpoint(const Watchpoint& watchpoint) {
    if (watchpoint.size_bytes == 0 || watchpoint.size_bytes - 1 > ~watchpoint.address)
        return error("a watchpoint needs at least one byte, and an end below 2^64");
    watchpoints_.push_back(watchpoint);
    place_watches();
    return {};
}

Status DebugController::remove_watchpoint(const Watchpoint& watchpoint) {
    const auto found = std::ranges::find(watchpoints_, watchpoint);
    if (found == watchpoints_.end()) return error("there is no such watchpoint at {:#x}", watchpoint.address);
    watchpoints_.erase(found);
    place_watches();
    return {};
}

std::string DebugController::monitor(std::string_view line) {
    return monitor_ ? monitor_(line) : "there is no monitor here\n";
}

} // namespace orrery::app
