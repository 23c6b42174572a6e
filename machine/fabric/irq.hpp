// Interrupt lines. A device holds lines, never interrupt numbers; the board connects each line to a pin of a sink.
#pragma once

#include <string>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

// Whatever has interrupt inputs: an interrupt controller, a CPU. Called under the machine lock.
class IrqSink {
public:
    virtual ~IrqSink() = default;
    virtual void set_irq(u32 pin, bool level) = 0;
};

// Where an interrupt request comes from whose vector is only known once someone asks for it: the 8259s of a PC, by the
// INTA cycles. Called under the machine lock, when the request is about to be served.
class InterruptAcknowledge {
public:
    virtual ~InterruptAcknowledge() = default;
    virtual u8 acknowledge() = 0;
};

// An input of an interrupt controller, for people.
struct IrqInput {
    u32 pin = 0;
    std::string source; // what the board has connected
    bool level = false;
    bool pending = false;
    bool in_service = false; // taken by a CPU and not finished
    u32 priority = 0;
    std::vector<u32> enabled_for; // the controller's outputs
};

class IrqController {
public:
    virtual ~IrqController() = default;
    [[nodiscard]] virtual std::vector<IrqInput> irq_inputs() const = 0;
};

// A level-triggered wire. It remembers nothing: both ends keep their own state, so a restore raises no edge.
class IrqLine {
public:
    IrqLine() = default;
    IrqLine(IrqSink& sink, u32 pin) : sink_(&sink), pin_(pin) {}
    void set(bool level) const {
        if (sink_) sink_->set_irq(pin_, level);
    }
    [[nodiscard]] bool connected() const { return sink_ != nullptr; }

private:
    IrqSink* sink_ = nullptr;
    u32 pin_ = 0;
};

} // namespace orrery
