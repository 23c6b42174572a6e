// The device of the differ's machine: a source of random values that is part of the machine's state, interrupt lines, a
// timer that interrupts ever again, and a log of who accessed it. Ends the machine when nothing retires any more.
#pragma once

#include <deque>
#include <string>

#include "machine/fabric/component.hpp"
#include "machine/machine.hpp"
#include "tests/differ/layout.hpp"
#include "tests/support/random.hpp"

namespace orrery::test::differ {

class ChaosDevice final : public Component, public IoHandler {
public:
    ChaosDevice(Machine& machine, IrqSink& hart, u64 seed);

    [[nodiscard]] std::string_view type() const override { return "chaos"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, state_); }
    void restored() override { timer_.arm_at(state_.deadline_ns); }

    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;

    // The last few accesses, as text.
    [[nodiscard]] std::string recent_accesses() const;

private:
    struct State {
        Random random;
        u64 accesses = 0;
        u64 log_hash = 0;
        u64 deadline_ns = 0;
        u64 retired_at_timer = 0;
        u32 idle_timers = 0;
        bool supervisor = false; // the mode the firmware last went to
        bool paging = false;
        u64 leaf = 0; // number of the page whose entry is being changed
        static constexpr void fields(auto& s, auto&& f) {
            f("random", s.random), f("accesses", s.accesses), f("log_hash", s.log_hash);
            f("deadline_ns", s.deadline_ns), f("retired_at_timer", s.retired_at_timer);
            f("idle_timers", s.idle_timers), f("supervisor", s.supervisor), f("paging", s.paging), f("leaf", s.leaf);
        }
    };

    u64 value(u64 port);
    u64 next_mstatus();
    u64 next_satp();
    void set_lines(u64 levels);
    void expired();
    void log(u64 offset, u64 value, Width width, bool writing);

    Machine& machine_;
    IrqSink& hart_;
    const u64 seed_;
    Timer timer_;
    State state_;
    std::deque<std::string> recent_;
};

} // namespace orrery::test::differ
