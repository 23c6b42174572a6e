// The two 8259s decoded, for people (8259A, "operational command words").
#include <fmt/format.h>

#include "devices/irq/i8259.hpp"

namespace orrery {
namespace {

constexpr u32 inputs_a_chip = 8;

std::string inputs_in(u32 bits, u32 first) {
    std::string text;
    for (u32 i = 0; i < inputs_a_chip; ++i)
        if ((bits >> i & 1) != 0) text += fmt::format("{}{}", text.empty() ? "IRQ " : " ", first + i);
    return text.empty() ? "none" : text;
}

} // namespace

std::vector<IrqInput> I8259Pair::irq_inputs() const {
    std::vector<IrqInput> inputs;
    for (u32 pin = 0; pin < pins; ++pin) {
        if (pin == cascade) continue;
        const I8259::State& chip = (pin < inputs_a_chip ? master_ : slave_).state();
        const auto in = [&](u8 bits) { return (bits >> pin % inputs_a_chip & 1) != 0; };
        IrqInput input{.pin = pin,
                       .source = {},
                       .level = in(chip.lines),
                       .pending = in(chip.requests),
                       .in_service = in(chip.in_service),
                       .priority = (chip.lowest_priority - pin) & 7,
                       .enabled_for = {}};
        if (!in(chip.mask)) input.enabled_for.push_back(0);
        inputs.push_back(std::move(input));
    }
    return inputs;
}

Table I8259Pair::table(std::string_view) const {
    Table table{"the two 8259s; the slave asks by the master's input 2", {}};
    for (const bool is_master : {true, false}) {
        const I8259::State& chip = (is_master ? master_ : slave_).state();
        const u32 first = is_master ? 0 : inputs_a_chip;
        const std::string_view name = is_master ? "master" : "slave";
        const auto add = [&](std::string_view what, u64 value, std::string meaning) {
            table.rows.push_back({fmt::format("{} {}", name, what), std::nullopt, value, std::move(meaning)});
        };
        add("IRR", chip.requests, "requested: " + inputs_in(chip.requests, first));
        add("ISR", chip.in_service, "in service: " + inputs_in(chip.in_service, first));
        add("IMR", chip.mask, "masked: " + inputs_in(chip.mask, first));
        add("ELCR", chip.elcr, "level-triggered: " + inputs_in(chip.elcr, first));
        add("ICW2", chip.vector_base, fmt::format("vectors {:#x} to {:#x}", chip.vector_base, chip.vector_base + 7U));
    }
    return table;
}

} // namespace orrery
