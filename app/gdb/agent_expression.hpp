// gdb's agent expressions: the byte code that it compiles a breakpoint's condition to, so that it can be decided here
// and not by a round trip for every hit ("The GDB Agent Expression Mechanism" in gdb's manual).
#pragma once

#include <optional>
#include <span>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app::gdb {

// What an expression can ask about the CPU that it is evaluated for.
class AgentMachine {
public:
    virtual ~AgentMachine() = default;
    // By gdb's number.
    [[nodiscard]] virtual std::optional<u64> register_value(u32 number) = 0;
    // All of `out`, or false.
    [[nodiscard]] virtual bool read_memory(u64 address, std::span<u8> out) = 0;
};

// The value left on the stack. Ends after a bounded number of steps whatever the code is.
Result<u64> evaluate_agent_expression(std::span<const u8> code, AgentMachine& machine);

} // namespace orrery::app::gdb
