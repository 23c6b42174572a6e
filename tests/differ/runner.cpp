#include "tests/differ/runner.hpp"

#include <algorithm>

#include "tests/differ/layout.hpp"
#include "tests/support/machine_state.hpp"
#include "tests/unit/cpu_riscv/llvm_disassembler.hpp"

namespace orrery::test::differ {
namespace {

// One engine with its program; slices of a size that changes with the program: single steps, a few, many.
class Side {
public:
    Side(const Program& program, dbt::Engine engine, u64 seed)
        : parts_(program, engine), random_{seed}, longest_slice_(longest(random_)) {}

    // False: the machine has ended.
    bool run_to(u64 retired) {
        while (machine().retired() < retired) {
            const u64 slice = std::min(machine().retired() + 1 + random_.below(longest_slice_), retired);
            if (machine().run_until(slice).ending != Ending::instructions) return false;
        }
        return true;
    }
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

// The same slices up to where both were last the same, then straight to ever later points, in new machines each time.
std::string explanation(const Program& program, const RunLimits& limits, u64 same_at, u64 differ_at) {
    u64 low = same_at, high = differ_at;
    std::string text;
    while (low < high) {
        const u64 middle = low + (high - low) / 2;
        Pair pair(program, limits);
        bool running = true;
        for (u64 now = 0; now < same_at;) {
            now = pair.next_meeting(now, limits.instructions);
            pair.run_to(now, running);
        }
        pair.reference.run_straight_to(middle);
        pair.tested.run_straight_to(middle);
        const std::vector<StateDifference> found = differences(pair.reference.machine(), pair.tested.machine());
        if (found.empty()) {
            low = middle + 1;
            continue;
        }
        high = middle;
        text = fmt::format("differ at {} retired instructions (interpreter above, baseline below):\n{}", middle,
                           orrery::test::text(found));
        text += registers_text(pair.reference) + registers_text(pair.tested);
        text += "device, interpreter:\n" + pair.reference.accesses() + "device, baseline:\n" + pair.tested.accesses();
    }
    if (text.empty()) text = "the difference shows only with the original slices\n";
    Pair before(program, limits);
    bool running = true;
    for (u64 now = 0; now < same_at;) {
        now = before.next_meeting(now, limits.instructions);
        before.run_to(now, running);
    }
    text += "the way there:\n";
    for (u64 now = same_at; now < high && now < same_at + 200; ++now) {
        const riscv::State& state = before.reference.registers();
        if (state.pc >= rom_base + rom_size)
            text += fmt::format("  {}: {:#x} mode {}\n", now, state.pc, static_cast<u32>(state.privilege));
        before.reference.run_straight_to(now + 1);
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
        result.difference += explanation(program, limits, result.same_at, *result.differ_at);
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
