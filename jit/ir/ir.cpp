#include "jit/ir/ir.hpp"

#include <array>

namespace orrery::ir {
namespace {

constexpr std::string_view printed(std::string_view name) {
    return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}

constexpr std::array<OpInfo, op_count> table{{
#define ORRERY_IR_OPCODE(name, operands, result, immediate, effects)                                                   \
    {printed(#name), operands, result, Immediate::immediate, Effects::effects},
#include "jit/ir/opcodes.def"
#undef ORRERY_IR_OPCODE
}};

} // namespace

const OpInfo& info(Op op) { return table[static_cast<std::size_t>(op)]; }

std::string_view name(Condition condition) {
    static constexpr std::array<std::string_view, 6> names{"eq", "ne", "lt", "ge", "ltu", "geu"};
    return names[static_cast<std::size_t>(condition)];
}

std::string_view name(AtomicOp op) {
    static constexpr std::array<std::string_view, 9> names{"swap", "add", "xor",  "and", "or",
                                                           "min",  "max", "minu", "maxu"};
    return names[static_cast<std::size_t>(op)];
}

} // namespace orrery::ir
