#include "machine/machine.hpp"

#include <algorithm>
#include <thread>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// A guest that resets this often, each time within this span of guest time, isn't getting anywhere.
constexpr std::size_t resets_in_a_loop = 5;
constexpr u64 reset_loop_span_ns = 2'000'000'000;

// Deterministic mode: how long one vCPU runs before the next has its turn, and how often host events are looked at.
constexpr u64 turn_instructions = 100'000;
constexpr u32 turns_between_polls = 10;
// Deterministic mode: what passes while a vCPU takes exceptions in a row and retires nothing, since else time would
// stand still for ever.
constexpr u64 stuck_ns = 100'000;

// How often it is looked at whether all vCPUs stand still for ever. A vCPU may do so for a moment, until what it asked
// of the machine is carried out, so it takes two looks.
constexpr u64 look_every_ns = 250'000'000;
constexpr u32 looks_that_count = 2;
// A timer that is set for later than this (ten years) was set to never fire.
constexpr u64 never_in_practice_ns = 315'360'000'000'000'000;

bool is_stuck(ExitReason reason) { return reason == ExitReason::stuck || reason == ExitReason::looping; }

bool is_debug_stop(ExitReason reason) { return reason == ExitReason::breakpoint || reason == ExitReason::watchpoint; }

} // namespace

// The host thread of one vCPU: runs it, and sleeps while it is halted.
class Machine::VcpuThread {
public:
    VcpuThread(Machine& machine, Cpu& cpu) : machine_(machine), cpu_(cpu) {}

    void start() {
        stop_ = false;
        thread_ = std::thread([this] { loop(); });
    }
    void request_stop() {
        stop_ = true;
        cpu_.kick();
        wake();
    }
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    // Has standstill() told anew, soon.
    void look() {
        look_ = true;
        cpu_.kick();
    }
    [[nodiscard]] Standstill standstill() const { return standstill_.load(); }
    void wake() {
        attention_.fetch_add(1);
        attention_.notify_one();
    }

private:
    void loop() {
        while (!stop_) {
            const ExitReason reason = cpu_.run(~u64{0});
            if (look_.exchange(false)) standstill_ = cpu_.standstill();
            if (reason == ExitReason::halted) sleep();
            if (is_stuck(reason) && machine_.stops_when_stuck()) return machine_.stuck_at(cpu_, cpu_.stuck_kind());
            if (is_debug_stop(reason)) return machine_.stopped_by(cpu_, reason);
        }
    }
    void sleep() {
        for (;;) {
            const u32 seen = attention_.load();
            if (stop_ || cpu_.wakes()) {
                standstill_ = Standstill{};
                return;
            }
            if (look_.exchange(false)) standstill_ = cpu_.standstill();
            attention_.wait(seen);
        }
    }

    Machine& machine_;
    Cpu& cpu_;
    std::thread thread_;
    std::atomic<bool> stop_ = false;
    std::atomic<bool> look_ = false;
    std::atomic<Standstill> standstill_;
    std::atomic<u32> attention_ = 0;
};

Result<std::unique_ptr<Machine>> Machine::create(const MachineOptions& options) {
    // The event loop needs the lock's address, which the machine has only once it exists.
    std::unique_ptr<Machine> machine(new Machine(options, nullptr));
    machine->events_ = TRY(EventLoop::create(machine->lock_));
    return machine;
}

Machine::Machine(const MachineOptions& options, std::unique_ptr<EventLoop> events)
    : options_(options), clock_("clock", options.deterministic ? static_cast<TimeSource&>(instruction_time_)
                                                               : static_cast<TimeSource&>(host_time_)),
      memory_("memory", lock_), ports_("ports", lock_), events_(std::move(events)),
      timeout_(clock_, "timeout", [this] { end({Ending::timed_out, 0}); }) {
    memory_.log_accesses_by(clock_);
    ports_.log_accesses_by(clock_);
    clock_.on_earlier_deadline([this] {
        if (!options_.deterministic) {
            events_->wake();
            return;
        }
        for (Cpu* cpu : cpus_) cpu->kick();
    });
}

Machine::~Machine() {
    stop_vcpus();
    memory_.forget_listeners();
    ports_.forget_listeners();
    // Last in, first out: what is wired to a component goes before it.
    while (!components_.empty()) components_.pop_back();
    while (!kept_.empty()) {
        kept_.back().destroy(kept_.back().part);
        kept_.pop_back();
    }
}

Cpu& Machine::add_cpu(std::unique_ptr<Cpu> cpu) {
    Cpu& added = add(std::move(cpu));
    cpus_.push_back(&added);
    instruction_time_.add(added);
    auto thread = std::make_unique<VcpuThread>(*this, added);
    added.on_attention([wake = thread.get()] { wake->wake(); });
    threads_.push_back(std::move(thread));
    return added;
}

Ram& Machine::add_ram(std::unique_ptr<Ram> ram) {
    rams_.push_back(std::move(ram));
    return *rams_.back();
}

u64 Machine::retired() const {
    u64 sum = 0;
    for (const Cpu* cpu : cpus_) sum += cpu->retired();
    return sum;
}

void Machine::reset() {
    const u64 now_ns = clock_.now_ns();
    for (const auto& component : components_) component->reset();
    if (options_.deterministic) instruction_time_.set_ns(now_ns);
    if (reset_callback_) reset_callback_();
}

void Machine::end(Outcome outcome) {
    // A guest that ends while the machine is being paused has ended.
    if (ended_ && outcome_.ending != Ending::paused) return;
    outcome_ = outcome;
    ended_ = true;
    for (Cpu* cpu : cpus_) cpu->kick();
    events_->wake();
}

// In deterministic mode nobody runs while the event loop does, and a kick that no one needs would cost a vCPU its turn.
void Machine::pause() {
    events_->post([this] {
        if (!options_.deterministic) return end({Ending::paused, 0});
        if (!ended_) outcome_ = {Ending::paused, 0};
        ended_ = true;
        events_->wake();
    });
}

// From vCPU threads. Of several that stop at once the first counts; the others come to the same place again.
void Machine::stopped_by(Cpu& cpu, ExitReason reason) {
    std::lock_guard guard(lock_);
    if (ended_) return;
    debug_stop_ = {&cpu, reason};
    end({Ending::paused, 0});
}

// From vCPU threads, or between their turns.
void Machine::stuck_at(Cpu& cpu, StuckKind kind) {
    std::lock_guard guard(lock_);
    if (ended_) return;
    stuck_ = {&cpu, kind};
    end({Ending::stuck, 0});
}

bool Machine::timer_is_set() const {
    const u64 deadline_ns = clock_.next_deadline_ns();
    return deadline_ns != options_.timeout_ns && deadline_ns < never_in_practice_ns;
}

bool Machine::nobody_goes_on(std::span<const Standstill> vcpus) const {
    const bool timer = timer_is_set();
    return std::ranges::all_of(
        vcpus, [&](const Standstill& vcpu) { return vcpu.still && !vcpu.device && !(vcpu.timer && timer); });
}

bool Machine::nobody_goes_on() const {
    std::vector<Standstill> vcpus;
    for (const Cpu* cpu : cpus_) vcpus.push_back(cpu->standstill());
    return nobody_goes_on(vcpus);
}

// Threaded machines: what the threads told since the last look counts, and they are asked again.
void Machine::look_at_standstill() {
    if (!stops_when_stuck() || clock_.now_ns() < next_look_ns_) return;
    next_look_ns_ = clock_.now_ns() + look_every_ns;
    std::vector<Standstill> vcpus;
    for (auto& thread : threads_) vcpus.push_back(thread->standstill());
    looks_in_standstill_ = nobody_goes_on(vcpus) && !reset_requested_ ? looks_in_standstill_ + 1 : 0;
    if (looks_in_standstill_ == looks_that_count) return stuck_at(*cpus_.front(), StuckKind::standstill);
    for (auto& thread : threads_) thread->look();
}

void Machine::power_off(u32 code) { end({Ending::powered_off, code}); }

void Machine::fail(Error why) {
    failure_ = std::move(why);
    end({Ending::failed, 0});
}

void Machine::request_reset() {
    reset_requested_ = true;
    for (Cpu* cpu : cpus_) cpu->kick();
    events_->wake();
}

void Machine::stop() {
    stop_requested_ = true;
    for (Cpu* cpu : cpus_) cpu->kick();
    events_->wake();
}

bool Machine::looping() {
    const u64 now_ns = clock_.now_ns();
    resets_ns_.push_back(now_ns);
    if (resets_ns_.size() <= resets_in_a_loop) return false;
    resets_ns_.erase(resets_ns_.begin());
    for (std::size_t i = 1; i < resets_ns_.size(); ++i)
        if (resets_ns_[i] - resets_ns_[i - 1] > reset_loop_span_ns) return false;
    return true;
}

void Machine::carry_out_reset() {
    std::lock_guard guard(lock_);
    reset_requested_ = false; // the guest may have asked more than once before it stopped
    reset();
}

Machine::Step Machine::step(Cpu& cpu, bool heed_watches) {
    ended_ = false;
    const ExitReason reason = cpu.step(heed_watches);
    if (ended_ && outcome_.ending != Ending::paused) return {reason, outcome_};
    if (reset_requested_) carry_out_reset();
    return {reason, std::nullopt};
}

bool Machine::carry_out_requests() {
    if (ended_) return false;
    if (stop_requested_.exchange(false)) {
        std::lock_guard guard(lock_);
        if (!ended_) outcome_ = {Ending::stopped, 0};
        return false;
    }
    if (reset_requested_) {
        if (looping()) {
            outcome_ = {Ending::reset_loop, 0};
            return false;
        }
        stop_vcpus();
        carry_out_reset();
        start_vcpus();
    }
    return true;
}

void Machine::start_vcpus() {
    if (options_.deterministic) return;
    for (std::size_t i = 0; i < cpus_.size(); ++i)
        if (runs(*cpus_[i])) threads_[i]->start();
}

void Machine::stop_vcpus() {
    if (options_.deterministic) return;
    for (auto& thread : threads_) thread->request_stop();
    for (auto& thread : threads_) thread->join();
}

Outcome Machine::run() { return options_.deterministic ? run_deterministic(~u64{0}) : run_threaded(); }

Outcome Machine::run_until(u64 retired) {
    ORRERY_ASSERT(options_.deterministic, "only deterministic machines stop at an exact instruction");
    return run_deterministic(retired);
}

Outcome Machine::run_threaded() {
    ended_ = false;
    debug_stop_.reset();
    looks_in_standstill_ = 0;
    for (Cpu* cpu : cpus_) cpu->look_for_loops(stops_when_stuck());
    if (options_.timeout_ns != never_ns) timeout_.arm_at(options_.timeout_ns);
    host_time_.run(true);
    start_vcpus();
    while (carry_out_requests()) {
        const u64 now_ns = clock_.now_ns();
        const u64 deadline_ns = clock_.next_deadline_ns();
        u64 wait_ns = deadline_ns == never_ns ? ~u64{0} : deadline_ns > now_ns ? deadline_ns - now_ns : 0;
        if (stops_when_stuck()) wait_ns = std::min(wait_ns, look_every_ns);
        events_->run_once(wait_ns);
        look_at_standstill();
        std::lock_guard guard(lock_);
        clock_.run_due(clock_.now_ns());
    }
    stop_vcpus();
    host_time_.run(false);
    return outcome_;
}

// Every vCPU in turn, up to the next deadline of virtual time.
void Machine::run_vcpus_once(u64 retired_limit) {
    for (Cpu* cpu : cpus_) {
        if (!runs(*cpu)) continue;
        const u64 now_ns = clock_.now_ns();
        const u64 deadline_ns = clock_.next_deadline_ns();
        if (deadline_ns <= now_ns || ended_ || reset_requested_) return;
        const u64 until_limit = retired_limit - std::min(retired_limit, retired());
        const u64 budget = std::min({turn_instructions, deadline_ns - now_ns, until_limit});
        if (budget == 0) continue;
        const ExitReason reason = cpu->run(budget);
        if (is_stuck(reason) && stops_when_stuck()) return stuck_at(*cpu, cpu->stuck_kind());
        if (reason == ExitReason::stuck) instruction_time_.skip_to(clock_.now_ns() + stuck_ns);
        if (is_debug_stop(reason)) return stopped_by(*cpu, reason);
    }
}

// True if every vCPU that runs waits: then virtual time goes on at once to the next deadline, and without one the host
// is waited for.
bool Machine::skip_idle_time() {
    const auto goes_on = [this](Cpu* cpu) { return runs(*cpu) && (cpu->wakes() || cpu->run(0) != ExitReason::halted); };
    if (std::ranges::any_of(cpus_, goes_on)) return false;
    if (stops_when_stuck() && !reset_requested_ && nobody_goes_on()) {
        stuck_at(*cpus_.front(), StuckKind::standstill);
        return true;
    }
    const u64 deadline_ns = clock_.next_deadline_ns();
    events_->run_once(deadline_ns == never_ns ? ~u64{0} : 0);
    if (deadline_ns != never_ns) instruction_time_.skip_to(deadline_ns);
    return true;
}

Outcome Machine::run_deterministic(u64 retired_limit) {
    ended_ = false;
    debug_stop_.reset();
    looks_in_standstill_ = 0;
    for (Cpu* cpu : cpus_) cpu->look_for_loops(stops_when_stuck());
    if (options_.timeout_ns != never_ns) timeout_.arm_at(options_.timeout_ns);
    // It gets somewhere before anyone outside is heard, however often it is paused.
    for (u32 turn = 1; carry_out_requests(); ++turn) {
        if (retired() >= retired_limit) return {Ending::instructions, 0};
        if (turn % turns_between_polls == 0) {
            events_->run_once(0);
            looks_in_standstill_ = stops_when_stuck() && nobody_goes_on() ? looks_in_standstill_ + 1 : 0;
            if (looks_in_standstill_ == looks_that_count) stuck_at(*cpus_.front(), StuckKind::standstill);
        }
        {
            std::lock_guard guard(lock_);
            clock_.run_due(clock_.now_ns());
        }
        if (!skip_idle_time()) run_vcpus_once(retired_limit);
    }
    return outcome_;
}

} // namespace orrery
