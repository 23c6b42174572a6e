#include "tests/differ/runner.hpp"

#include <algorithm>
#include <map>

#include "tests/differ/layout.hpp"
#include "tests/support/machine_state.hpp"
#include "tests/unit/cpu_riscv/llvm_disassembler.hpp"

namespace orrery::test::differ {
namespace {

using SliceStates = std::map<u64, std::vector<u8>>; // by instructions retired

// One engine with its program; slices of a size that changes with the program: single steps, a few, many.
class Side {
public:
    Side(const Program& program, dbt::Engine engine, u64 seed)
        : parts_(program, engine), random_{seed}, longest_slice_(longest(random_)) {}

    // False: the machine has ended. `stop_at`, the end of a slice, is as far as it goes.
    bool run_to(u64 retired, u64 stop_at = ~u64{0}) {
        while (machine().retired() < std::min(retired, stop_at)) {
            const u64 slice = std::min(machine().retired() + 1 + random_.below(longest_slice_), retired);
            if (machine().run_until(slice).ending != Ending::instructions) return false;
            if (slices_) (*slices_)[slice] = saved_state(machine());
        }
        return true;
    }
    // The state at the end of each slice is kept from now on.
    void record(SliceStates& slices) { slices_ = &slices; }
    bool run_straight_to(u64 retired) { return machine().run_until(retired).ending == Ending::instructions; }
    Machine& machine() { return parts_.machine(); }
    riscv::State& registers() { return parts_.test.registers(); }
    [[nodiscard]] std::string accesses() const { return parts_.device->recent_accesses(); }

private:
    static u64 longest(Random& random) {
        switch (random.below(4)) {
        case 0:
            return 1;
        case 1:
            return 8;
        case 2:
            return 100;
        default:
            return 100'000;
        }
    }
    ProgramMachine parts_;
    Random random_;
    u64 longest_slice_;
    SliceStates* slices_ = nullptr;
};

struct Pair {
    Pair(const Program& program, const RunLimits& limits)
        : reference(program, dbt::Engine::interpreter, program.seed() + 1),
          tested(program, limits.engine, program.seed() + 2), random{program.seed() + 3} {}

    [[nodiscard]] u64 next_meeting(u64 now, u64 limit) {
        return std::min(now + 1 + random.below(random.one_in(4) ? 4000 : 400), limit);
    }
    // Whether both are in the same state; `running` becomes false once they have ended.
    bool run_to(u64 retired, bool& running) {
        const bool reference_runs = reference.run_to(retired);
        const bool tested_runs = tested.run_to(retired);
        running = reference_runs && tested_runs;
        return reference_runs == tested_runs && same();
    }
    bool same() {
        return same_state(reference.machine(), tested.machine()) && same_memory(reference.machine(), tested.machine());
    }

    Side reference;
    Side tested;
    Random random;
};

std::string registers_text(Side& side) {
    riscv::State& state = side.registers();
    return fmt::format("  pc {:#x}, privilege {}, mcause {:#x}, mepc {:#x}, scause {:#x}, satp {:#x}\n", state.pc,
                       static_cast<u32>(state.privilege), state.mcause, state.mepc, state.scause, state.satp);
}

// Both as far as `stop_at`, in the slices they always run in.
void run_both(Pair& pair, const RunLimits& limits, u64 stop_at) {
    for (u64 now = 0; now < stop_at;) {
        now = pair.next_meeting(now, limits.instructions);
        const bool reference_runs = pair.reference.run_to(now, stop_at);
        if (!pair.tested.run_to(now, stop_at) || !reference_runs) return;
    }
}

struct Bounds {
    u64 same_at, differ_at;
};

// The first slice after which the two differ, among those that end for both at the same instruction.
Bounds narrowed(const Program& program, const RunLimits& limits, const Bounds& wide) {
    SliceStates reference, tested;
    Pair pair(program, limits);
    pair.reference.record(reference);
    pair.tested.record(tested);
    run_both(pair, limits, wide.differ_at);
    Bounds bounds = wide;
    for (const auto& [retired, state] : reference) {
        const auto other = tested.find(retired);
        if (other == tested.end() || retired < wide.same_at) continue;
        bounds.differ_at = retired;
        if (other->second != state) return bounds;
        bounds.same_at = retired;
    }
    bounds.differ_at = wide.differ_at;
    return bounds;
}

std::string explanation(const Program& program, const RunLimits& limits, const Bounds& wide) {
    const Bounds bounds = narrowed(program, limits, wide);
    Pair pair(program, limits);
    run_both(pair, limits, bounds.differ_at);
    std::string text =
        fmt::format("same at {}, not at {} retired instructions (interpreter above):\n{}", bounds.same_at,
                    bounds.differ_at, orrery::test::text(differences(pair.reference.machine(), pair.tested.machine())));
    text += registers_text(pair.reference) + registers_text(pair.tested);
    text += "device, interpreter:\n" + pair.reference.accesses() + "device, other:\n" + pair.tested.accesses();
    Pair steps(program, limits);
    run_both(steps, limits, bounds.same_at);
    text += "the way there:\n";
    for (u64 now = bounds.same_at; now < bounds.differ_at; ++now) {
        const riscv::State& state = steps.reference.registers();
        text += fmt::format("  {}: {:#x} mode {}\n", now, state.pc, static_cast<u32>(state.privilege));
        steps.reference.run_straight_to(now + 1);
    }
    return text;
}

} // namespace

RunResult run_program(const Program& program, const RunLimits& limits, bool explain) {
    Pair pair(program, limits);
    RunResult result;
    bool running = true;
    for (u64 now = 0; running && now < limits.instructions;) {
        now = pair.next_meeting(now, limits.instructions);
        if (!pair.run_to(now, running)) {
            result.differ_at = now;
            break;
        }
        result.same_at = now;
    }
    result.retired = pair.reference.machine().retired();
    result.ended_early = !running;
    if (result.differ_at && explain) {
        result.difference = fmt::format("differ between {} and {}:\n{}", result.same_at, *result.differ_at,
                                        text(differences(pair.reference.machine(), pair.tested.machine(), 8)));
        result.difference += explanation(program, limits, {result.same_at, *result.differ_at});
    }
    return result;
}

Program minimised(Program program, const RunLimits& limits) {
    std::vector<Program::Place>& places = program.places();
    for (std::size_t size = places.size() / 2; size != 0; size /= 2) {
        for (std::size_t first = 0; first < places.size(); first += size) {
            const auto begin = places.begin() + static_cast<std::ptrdiff_t>(first);
            const auto end = begin + static_cast<std::ptrdiff_t>(std::min(size, places.size() - first));
            if (std::all_of(begin, end, [](const Program::Place& place) { return place.removed; })) continue;
            const std::vector<Program::Place> before = places;
            std::for_each(begin, end, [](Program::Place& place) { place.removed = true; });
            if (!run_program(program, limits).differ_at) places = before;
        }
    }
    return program;
}

std::string listing(const Program& program) {
    const tests::LlvmRiscv disassembler;
    std::string text;
    for (const Program::Place& place : program.places()) {
        if (place.removed) continue;
        const tests::LlvmRiscv::Answer answer = disassembler.plain(place.instruction.bits);
        text += fmt::format("  {:#x}: {:0{}x}  {}\n", ram_base + place.offset, place.instruction.bits,
                            2 * place.instruction.length_bytes, answer.length == 0 ? "(illegal)" : answer.text);
    }
    return text;
}

} // namespace orrery::test::differ
