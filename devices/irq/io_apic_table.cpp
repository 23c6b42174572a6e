// The I/O APIC's redirection table decoded, for people (82093AA 3.2.4).
#include <fmt/format.h>

#include "devices/irq/io_apic.hpp"

namespace orrery {

Table IoApic::table(std::string_view) const {
    Table table{fmt::format("I/O APIC {}, {} pins", s_.id, pins), {}};
    for (u32 pin = 0; pin < pins; ++pin) {
        const u64 entry = s_.entry[pin];
        const auto is = [&](u32 bit) { return (entry >> bit & 1) != 0; };
        const u64 destination = entry >> 56;
        table.rows.push_back(
            {.name = fmt::format("pin {}", pin),
             .address = {},
             .value = entry,
             .meaning = fmt::format("{}, vector {:#x}, to {} {:#x}, {}, active {}{}{}{}",
                                    delivery_mode_name(static_cast<DeliveryMode>(entry >> 8 & 7)), entry & 0xff,
                                    is(11) ? "logical" : "APIC", destination, is(15) ? "level" : "edge",
                                    is(13) ? "low" : "high", is(16) ? ", masked" : "", is(14) ? ", remote IRR" : "",
                                    active(pin) ? ", asserted" : "")});
    }
    return table;
}

// The priority of a vector is its upper half (SDM 3A 11.8.3).
std::vector<IrqInput> IoApic::irq_inputs() const {
    std::vector<IrqInput> inputs;
    for (u32 pin = 0; pin < pins; ++pin) {
        const u64 entry = s_.entry[pin];
        const bool masked = (entry >> 16 & 1) != 0, remote_irr = (entry >> 14 & 1) != 0;
        IrqInput input{.pin = pin,
                       .source = {},
                       .level = active(pin),
                       .pending = active(pin) && !remote_irr && keeps_level(entry),
                       .in_service = remote_irr,
                       .priority = static_cast<u32>(entry >> 4 & 15),
                       .enabled_for = {}};
        if (!masked) input.enabled_for.push_back(static_cast<u32>(entry >> 56));
        inputs.push_back(std::move(input));
    }
    return inputs;
}

} // namespace orrery
