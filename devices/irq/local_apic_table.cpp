// The local APIC's registers decoded, for people (SDM 3A table 11-1).
#include <fmt/format.h>

#include "devices/irq/local_apic.hpp"

namespace orrery {
namespace {

using namespace local_apic;

std::string vectors_in(std::span<const u32> words) {
    std::string text;
    for (u32 vector = 0; vector < words.size() * 32; ++vector)
        if ((words[vector / 32] >> vector % 32 & 1) != 0)
            text += fmt::format("{}{:#x}", text.empty() ? "" : " ", vector);
    return text.empty() ? "none" : text;
}

// Bits 7:0 and 10:8 of local vectors and commands, and 15:12 of what has a wire (SDM 3A figures 11-8 and 11-12).
std::string vector_words(u32 value) { return fmt::format("vector {:#x}", value & lvt::vector); }

std::string pin_words(u32 value) {
    return fmt::format("{}, {}{}{}", (value & lvt::level) != 0 ? "level" : "edge",
                       (value & lvt::active_low) != 0 ? "active low" : "active high",
                       (value & lvt::remote_irr) != 0 ? ", remote IRR" : "",
                       (value & lvt::delivery_pending) != 0 ? ", delivery pending" : "");
}

std::string_view masked_words(u32 value) { return (value & lvt::masked) != 0 ? ", masked" : ""; }

std::string local_words(u32 index, u32 value) {
    constexpr std::array<std::string_view, 4> modes{"one-shot", "periodic", "TSC deadline", "reserved mode"};
    if (index == local::timer)
        return fmt::format("{}, {}{}", vector_words(value), modes[value >> lvt::timer_mode_shift & 3],
                           masked_words(value));
    if (index == local::error) return vector_words(value) + std::string(masked_words(value));
    const std::string_view mode = delivery_mode_name(static_cast<DeliveryMode>(value >> 8 & 7));
    const bool wired = index == local::lint0 || index == local::lint1;
    return fmt::format("{}, {}{}{}", mode, vector_words(value), wired ? ", " + pin_words(value) : "",
                       masked_words(value));
}

std::string command_words(u64 command, bool x2apic) {
    constexpr std::array<std::string_view, 4> shorthands{"", "to itself", "to all", "to all others"};
    const auto low = static_cast<u32>(command);
    const u32 shorthand = low >> icr::shorthand_shift & 3;
    const u64 destination = x2apic ? command >> 32 : command >> 56;
    const std::string to = shorthand == 0
                               ? fmt::format("to {} {:#x}", (low & icr::logical) != 0 ? "logical" : "APIC", destination)
                               : std::string(shorthands[shorthand]);
    return fmt::format("last sent: {}, {}, {}", delivery_mode_name(static_cast<DeliveryMode>(low >> 8 & 7)),
                       vector_words(low), to);
}

std::string error_words(u32 value) {
    std::string text;
    if ((value & error::send_illegal_vector) != 0) text += "sent an illegal vector ";
    if ((value & error::receive_illegal_vector) != 0) text += "received an illegal vector ";
    if ((value & error::illegal_register) != 0) text += "illegal register ";
    return text;
}

} // namespace

Table LocalApic::Decoded::table(std::string_view) const {
    const State& s = apic_.s_;
    const std::string_view mode = !apic_.is_on() ? "disabled" : apic_.x2apic() ? "x2APIC" : "xAPIC";
    Table table{fmt::format("local APIC {} at {:#x}, {}{}{}", apic_.identity(), s.base & base::address, mode,
                            (s.base & base::bootstrap) != 0 ? ", of the bootstrap processor" : "",
                            (s.spurious & svr::enabled) != 0 ? "" : ", software-disabled"),
                {}};
    const auto add = [&](std::string_view name, u32 number, std::optional<u64> value, std::string meaning = {}) {
        const auto address =
            apic_.has_page() ? std::optional((s.base & base::address) + u64{number} * 16) : std::nullopt;
        table.rows.push_back({std::string(name), address, value, std::move(meaning)});
    };
    constexpr std::array<std::string_view, local::count> names{"LVT timer", "LVT thermal", "LVT performance",
                                                               "LVT LINT0", "LVT LINT1",   "LVT error"};
    add("ID", number::id, apic_.x2apic() ? apic_.identity() : u64{apic_.identity()} << 24);
    add("TPR", number::task_priority, s.task_priority);
    add("PPR", number::processor_priority, apic_.processor_priority());
    if (!apic_.x2apic()) {
        add("LDR", number::logical_destination, u64{s.logical_destination} << 24);
        add("DFR", number::destination_format, s.destination_format,
            s.destination_format >> 28 == 0xf ? "flat model" : "cluster model");
    } else {
        add("LDR", number::logical_destination, apic_.x2apic_logical_destination());
    }
    add("SVR", number::spurious, s.spurious,
        fmt::format("spurious {}, {}{}", vector_words(s.spurious),
                    (s.spurious & svr::enabled) != 0 ? "enabled" : "disabled",
                    (s.spurious & svr::no_eoi_broadcast) != 0 ? ", no broadcast of EOI" : ""));
    add("ISR", number::in_service, std::nullopt, fmt::format("in service: {}", vectors_in(s.in_service)));
    add("TMR", number::trigger_mode, std::nullopt, fmt::format("level-triggered: {}", vectors_in(s.trigger_mode)));
    add("IRR", number::requests, std::nullopt,
        fmt::format("requested: {}{}", vectors_in(s.requests), apic_.external_waits() ? ", and one of the 8259s" : ""));
    add("ESR", number::error_status, s.error_status, error_words(s.error_status));
    add("ICR", number::command, s.command, command_words(s.command, apic_.x2apic()));
    for (u32 index = 0; index < local::count; ++index)
        add(names[index], number::local_vectors + index, s.local[index], local_words(index, s.local[index]));
    add("timer initial count", number::initial_count, apic_.timer_.initial_count());
    add("timer current count", number::current_count, apic_.timer_.current_count());
    constexpr std::array<u32, 8> divisors{2, 4, 8, 16, 32, 64, 128, 1};
    add("timer divide", number::divide, apic_.timer_.divide(),
        fmt::format("by {}", divisors[(apic_.timer_.divide() & 3) | (apic_.timer_.divide() >> 1 & 4)]));
    table.rows.push_back(
        {"TSC deadline", std::nullopt, apic_.timer_.deadline(), apic_.timer_.deadline() == 0 ? "disarmed" : ""});
    return table;
}

} // namespace orrery
