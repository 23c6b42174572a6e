// The one CPU interface. A machine runs vCPUs through it and can't tell a translated one from an accelerated one.
#pragma once

#include <functional>
#include <span>

#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

enum class ExitReason : u8 {
    deadline, // the instruction budget is used up
    kicked,   // kick() was called, or something outside must be looked at before going on
    halted,   // the vCPU waits for an interrupt and none is pending
    stopped,  // the vCPU isn't started, or the guest switched it off
    stuck,    // a long row of exceptions between which nothing retired: it may go on so for ever
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
};

} // namespace orrery
