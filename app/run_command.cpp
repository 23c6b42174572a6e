#include "app/run_command.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include <unistd.h>

#include "accel/kvm/host.hpp"
#include "app/doors.hpp"
#include "app/end_signals.hpp"
#include "app/escape_keys.hpp"
#include "app/exit_codes.hpp"
#include "app/host_probe.hpp"
#include "app/messages.hpp"
#include "app/stuck_report.hpp"
#include "app/stuck_rerun.hpp"
#include "app/trace/control.hpp"
#include "app/values.hpp"
#include "machine/fabric/log.hpp"
#include "machine/loader/file.hpp"
#include "machine/loader/image_content.hpp"
#include "machine/snapshot.hpp"

namespace orrery::app {

Status place_image(RunPlan& plan) {
    if (!plan.image) return {};
    const ImageContent content = TRY(recognise_image(*plan.image));
    if (content != ImageContent::kernel) {
        if (!plan.machine->starts_disks && !plan.board.kernel && !plan.board.bios)
            return error("'{}' is a disk, and the built-in firmware of {} doesn't start disks; name a kernel (--kernel "
                         "FILE) or firmware (--bios FILE) as well, or a machine that does (--machine pc)",
                         *plan.image, plan.machine->name);
        if (content == ImageContent::cdrom && plan.machine->starts_disks)
            plan.board.cdroms.insert(plan.board.cdroms.begin(), *plan.image);
        else
            plan.board.disks.insert(plan.board.disks.begin(), {.path = *plan.image});
        return {};
    }
    if (plan.board.kernel)
        return error("'{}' is a kernel, and --kernel names another; give one of the two", *plan.image);
    plan.board.kernel = plan.image;
    return {};
}

namespace {

// An ELF file of 32 bits: its user's debugger has the same file, and must not be told that it is the wrong one.
bool is_32_bit_program(const std::optional<std::string>& path) {
    if (!path) return false;
    std::ifstream file(*path, std::ios::binary);
    std::array<char, 5> begins{};
    file.read(begins.data(), begins.size());
    return file && std::string_view(begins.data(), begins.size()) == "\177ELF\1";
}

// Runs what KVM can't, and everything where it isn't used.
Status choose_software(RunPlan& plan) {
    plan.board.engine = plan.engine == EngineChoice::interpreter ? dbt::Engine::interpreter : dbt::Engine::baseline;
    if (plan.board.engine == dbt::Engine::interpreter) return {};
    const Status usable = translator_usable();
    if (usable) return {};
    if (plan.engine == EngineChoice::translator) return std::unexpected(usable.error().in("--engine jit"));
    log::warning("{}; using the interpreter, which is many times slower", usable.error().message());
    plan.board.engine = dbt::Engine::interpreter;
    return {};
}

// What the host is examined for, and remembered, only if it matters.
Status use_kvm(RunPlan& plan) {
    const kvm::HostReport report = kvm::examine_host_once(cache_folder());
    const std::string reasons = fmt::format("{}", fmt::join(report.reasons, "; "));
    if (report.host_class == kvm::HostClass::none) return error("--engine kvm: {}; --engine jit needs no KVM", reasons);
    if (report.host_class == kvm::HostClass::limited && !plan.force_engine)
        return error("--engine kvm: this host's KVM is limited: {}; --engine jit runs everything, and --force uses KVM "
                     "all the same",
                     reasons);
    plan.board.kvm = report.facts;
    return {};
}

// True if the host is good for it.
bool use_kvm_if_full(RunPlan& plan) {
    const kvm::HostReport report = kvm::examine_host_once(cache_folder());
    if (report.host_class == kvm::HostClass::full) plan.board.kvm = report.facts;
    return plan.board.kvm.has_value();
}

// What greet() adds to the engine's name.
Result<std::string> choose_engine(RunPlan& plan) {
    TRY_STATUS(choose_software(plan));
    if (plan.engine == EngineChoice::kvm) TRY_STATUS(use_kvm(plan));
    const bool asks = plan.engine == EngineChoice::automatic && plan.machine->runs_on_kvm && !plan.board.deterministic;
    if (asks && !use_kvm_if_full(plan)) return std::string(", since KVM isn't full here (`orrery doctor`)");
    return std::string();
}

std::string_view engine_name(const BoardOptions& board) {
    if (board.kvm) return "KVM (kvm)";
    return board.engine == dbt::Engine::interpreter ? "interpreter (interp)" : "translator (jit)";
}

void greet(const RunPlan& plan, std::string_view about_engine) {
    const BoardOptions& board = plan.board;
    const bool terminal = board.serial == "stdio" && ::isatty(STDIN_FILENO) == 1;
    tell("{}, {} {}{}, {}, {}{}{}{}; {}", plan.machine->name, board.cpus, plan.machine->cpu_noun,
         board.cpus == 1 ? "" : "s", size_text(board.memory_bytes), engine_name(board), about_engine,
         board.deterministic ? ", deterministic" : "", plan.restore ? fmt::format(", from {}", *plan.restore) : "",
         terminal ? "Ctrl-] q quits, Ctrl-] m opens the monitor" : "Ctrl-C ends it");
}

void tell_hash(Machine& machine) {
    tell("after {} instructions the state is {:016x}", machine.retired(), state_hash(machine));
}

// The first multiple of `step` after `count`, or the last number there is.
u64 next_multiple(u64 count, u64 step) {
    const u64 steps = count / step + 1;
    return steps > ~u64{0} / step ? ~u64{0} : steps * step;
}

// Runs to an end, to a pause, or to the instruction at which to save; on the way there it writes hashes.
Outcome run_machine(Machine& machine, const RunPlan& plan) {
    if (!plan.board.deterministic) return machine.run();
    const u64 save_at = plan.save_at.value_or(~u64{0});
    for (;;) {
        const u64 hash_at = plan.hash_every ? next_multiple(machine.retired(), *plan.hash_every) : ~u64{0};
        const Outcome outcome = machine.run_until(std::min(save_at, hash_at));
        const bool goes_on = outcome.ending == Ending::instructions || outcome.ending == Ending::paused;
        if (goes_on && machine.retired() == hash_at) tell_hash(machine);
        if (outcome.ending != Ending::instructions) return outcome;
        if (machine.retired() >= save_at) return outcome;
    }
}

std::vector<std::string> programs_of(const RunPlan& plan) {
    std::vector<std::string> programs;
    for (const auto& program : {plan.board.kernel, plan.board.bios})
        if (program) programs.push_back(*program);
    return programs;
}

// Symbols are read only if something is traced.
class Tracing {
public:
    Tracing(Machine& machine, const RunPlan& plan) : machine_(machine), plan_(plan) {}

    trace::Control& control() {
        constexpr u64 largest_program = 2 * GiB;
        if (control_) return *control_;
        Symbols symbols;
        for (const std::string& path : programs_of(plan_))
            if (const auto file = read_file(path, largest_program, "the program")) symbols.add(*file);
        control_ = std::make_unique<trace::Control>(machine_, std::string(plan_.machine->name), std::move(symbols));
        return *control_;
    }

    // What failed in writing was told when it did.
    void end() {
        if (!control_ || !control_->status().running) return;
        const Status whole = control_->stop();
        const trace::Control::Progress done = control_->status();
        if (whole)
            tell("traced {} events to {} ({} bytes)", done.records, done.path, done.size_bytes);
        else
            tell("the trace in {} isn't complete", done.path);
    }

private:
    Machine& machine_;
    const RunPlan& plan_;
    std::unique_ptr<trace::Control> control_;
};

int guest_code(u32 code) {
    if (code <= exit_highest_guest_code) return static_cast<int>(code);
    tell("the guest powered off with code {}, which exceeds {} and becomes it", code,
         static_cast<int>(exit_highest_guest_code));
    return exit_highest_guest_code;
}

// Why the guest gets nowhere; at length only if the user wants it so.
void tell_stuck(Machine& machine, Outcome outcome, const RunPlan& plan) {
    const StuckReport report = stuck_report(machine, outcome, programs_of(plan));
    complain("the guest is stuck: {}", report.sentence);
    if (plan.on_stuck != OnStuck::report) return;
    const auto print = [](const StuckReport& report) {
        for (const std::string& line : report.lines) fmt::print(stderr, "  {}\n", line);
    };
    print(report);
    if (!plan.board.kvm) return;
    const Result<StuckReport> again = rerun_stuck(plan, machine, programs_of(plan));
    if (!again) return tell("{}", again.error().message());
    tell("run again by the translator from {}: {}", *plan.restore, again->sentence);
    print(*again);
}

int exit_code(Machine& machine, Outcome outcome, const RunPlan& plan) {
    switch (outcome.ending) {
    case Ending::powered_off:
        return guest_code(outcome.code);
    case Ending::reset_loop:
        tell("the guest resets itself again and again without getting anywhere, so the run ends");
        if (plan.board.stop_when_stuck) tell_stuck(machine, outcome, plan);
        return exit_reset_loop;
    case Ending::stuck:
        tell_stuck(machine, outcome, plan);
        return exit_stuck;
    case Ending::timed_out:
        tell("--timeout: {} s of guest time are over", static_cast<double>(plan.board.timeout_ns) / 1e9);
        return exit_timed_out;
    case Ending::instructions:
        return exit_powered_off;
    case Ending::paused:
    case Ending::stopped:
        return exit_quit;
    case Ending::failed:
        complain("{}", machine.failure() ? machine.failure()->message() : "the machine failed");
        return exit_failure;
    }
    return exit_failure;
}

// As the shell expects it of a process that a signal ended.
[[noreturn]] void die_by(int signal) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    ::_exit(128 + signal);
}

struct Ended {
    int code = exit_failure;
    int signal = 0;
};

// When this returns, the machine is gone: the terminal is put back, disks are closed.
Result<Ended> run_plan(RunPlan& plan) {
    TRY_STATUS(place_image(plan));
    const std::string about_engine = TRY(choose_engine(plan));
    EscapeKeys keys;
    plan.board.escape = keys.handler();
    dbt::CodeInspector inspector;
    plan.board.inspector = &inspector;
    const std::unique_ptr<Machine> machine = TRY(plan.machine->create(plan.board));
    if (plan.restore) TRY_STATUS(restore_snapshot(*machine, *plan.restore));
    keys.attach(*machine);
    const std::unique_ptr<EndSignals> signals = TRY(EndSignals::create(*machine));
    Tracing tracing(*machine, plan);
    if (plan.trace_file) TRY_STATUS(tracing.control().start(*plan.trace_file, plan.trace));
    const bool debugger_chooses = plan.gdb_any_architecture || is_32_bit_program(plan.board.kernel);
    Doors doors(*machine, keys,
                {.gdb = plan.gdb,
                 .architecture_by = debugger_chooses ? gdb::ArchitectureBy::debugger : gdb::ArchitectureBy::machine,
                 .monitor = plan.monitor,
                 .paused = plan.paused},
                {.programs = programs_of(plan), .inspector = &inspector, .tracing = [&tracing]() -> trace::Control& {
                     return tracing.control();
                 }});
    doors.run_by([&] { return run_machine(*machine, plan); });
    TRY_STATUS(doors.open());
    std::unique_ptr<HostWindow> window;
    if (plan.window) {
        auto opened = open_window(*machine, *plan.window, fmt::format("Orrery: {}", plan.machine->name));
        if (!opened) return std::unexpected(opened.error().in("--display"));
        window = std::move(*opened);
    }
    greet(plan, about_engine);
    doors.tell_addresses();
    const Outcome outcome = doors.run();
    window.reset();
    tracing.end();
    const bool ended_from_here = outcome.ending == Ending::stopped && !plan.save_at;
    if (plan.save && (ended_from_here || outcome.ending == Ending::instructions)) {
        TRY_STATUS(save_snapshot(*machine, *plan.save));
        tell("saved after {} instructions to {}", machine->retired(), *plan.save);
    }
    const int code = exit_code(*machine, outcome, plan);
    doors.tell_end(code);
    return Ended{code, signals->received()};
}

} // namespace

int run(const RunArguments& arguments) {
    Result<RunPlan> plan = plan_run(arguments);
    if (!plan) {
        complain("{}", plan.error().message());
        return exit_usage;
    }
    const Result<Ended> ended = run_plan(*plan);
    if (!ended) {
        complain("{}", ended.error().message());
        return exit_failure;
    }
    if (ended->signal != 0) die_by(ended->signal);
    return ended->code;
}

} // namespace orrery::app
