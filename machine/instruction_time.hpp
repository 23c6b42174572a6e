// Virtual time of deterministic mode: one nanosecond for every instruction that any vCPU has retired, plus the time that
// was skipped while all of them waited. The same instructions give the same times.
#pragma once

#include <atomic>
#include <vector>

#include "cpu/cpu.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery {

class InstructionTime final : public TimeSource {
public:
    void add(const Cpu& cpu) { cpus_.push_back(&cpu); }
    [[nodiscard]] u64 now_ns() const override { return skipped_ns_ + retired(); }
    void set_ns(u64 ns) override { skipped_ns_ = ns - retired(); }
    void run(bool) override {}
    // All vCPUs wait: nothing happens before `ns`.
    void skip_to(u64 ns) {
        if (ns > now_ns()) set_ns(ns);
    }

private:
    [[nodiscard]] u64 retired() const {
        u64 sum = 0;
        for (const Cpu* cpu : cpus_) sum += cpu->retired();
        return sum;
    }

    std::vector<const Cpu*> cpus_;
    u64 skipped_ns_ = 0;
};

} // namespace orrery
