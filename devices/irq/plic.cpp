#include "devices/irq/plic.hpp"

#include <bit>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// The memory map (PLIC chapter 3).
constexpr u64 priority_base = 0x00'0000;
constexpr u64 pending_base = 0x00'1000;
constexpr u64 enable_base = 0x00'2000;
constexpr u64 enable_stride = 0x80;
constexpr u64 context_base = 0x20'0000;
constexpr u64 context_stride = 0x1000;
constexpr u64 threshold_register = 0;
constexpr u64 claim_complete_register = 4;

constexpr u32 bit_of(u64 source) { return u32{1} << (source % 32); }

} // namespace

Plic::Plic(std::string name, Configuration configuration, std::vector<IrqLine> contexts)
    : Component(std::move(name)), configuration_(configuration), lines_(std::move(contexts)) {
    ORRERY_ASSERT(configuration_.sources <= max_sources, "the PLIC has fewer sources than the board wants");
    ORRERY_ASSERT(lines_.size() <= max_contexts, "the PLIC has fewer contexts than the board wants");
}

void Plic::reset() {
    s_ = {};
    for (const IrqLine& line : lines_) line.set(false);
}

// ---- registers ----

u64 Plic::read(u64 offset, Width) {
    if (offset >= context_base) {
        const u64 index = (offset - context_base) / context_stride;
        if (index >= lines_.size()) return 0;
        switch (offset % context_stride) {
        case threshold_register:
            return s_.context[index].threshold;
        case claim_complete_register:
            return claim(s_.context[index]);
        default:
            return 0;
        }
    }
    if (offset >= enable_base) {
        const u64 index = (offset - enable_base) / enable_stride;
        const u64 word = offset % enable_stride / 4;
        return index < lines_.size() && word < words ? s_.context[index].enabled[word] : 0;
    }
    if (offset >= pending_base) {
        const u64 word = (offset - pending_base) / 4;
        return word < words ? s_.pending[word] : 0;
    }
    const u64 source = (offset - priority_base) / 4;
    return is_source(source) ? s_.priority[source] : 0;
}

void Plic::write(u64 offset, u64 value, Width) {
    if (offset >= context_base) {
        const u64 index = (offset - context_base) / context_stride;
        if (index >= lines_.size()) return;
        switch (offset % context_stride) {
        case threshold_register:
            s_.context[index].threshold = value & highest_priority;
            break;
        case claim_complete_register:
            complete(s_.context[index], value);
            break;
        default:
            return;
        }
    } else if (offset >= enable_base) {
        const u64 index = (offset - enable_base) / enable_stride;
        const u64 word = offset % enable_stride / 4;
        if (index >= lines_.size() || word >= words) return;
        s_.context[index].enabled[word] = static_cast<u32>(value) & existing(word);
    } else if (offset >= pending_base) {
        log::guest_error(name(), "write to the read-only pending bits at {:#x}", offset);
        return;
    } else {
        const u64 source = (offset - priority_base) / 4;
        if (!is_source(source)) return;
        s_.priority[source] = value & highest_priority; // WARL (PLIC chapter 4)
    }
    notify();
}

// The bits of `word` that stand for sources; the others are wired to 0 (PLIC chapter 6).
u32 Plic::existing(u64 word) const {
    const u64 first = word * 32;
    if (first >= configuration_.sources) return 0;
    const u64 count = configuration_.sources - first;
    const u32 bits = count >= 32 ? ~u32{0} : bit_of(count) - 1;
    return word == 0 ? bits & ~u32{1} : bits;
}

std::string Plic::register_name(u64 offset, bool) const {
    if (offset < pending_base) return fmt::format("priority {}", offset / 4);
    if (offset < enable_base) return fmt::format("pending {}", (offset - pending_base) / 4);
    if (offset < context_base)
        return fmt::format("enable {} of context {}", offset % enable_stride / 4,
                           (offset - enable_base) / enable_stride);
    const u64 register_offset = offset % context_stride;
    const std::string_view what = register_offset == threshold_register        ? "threshold"
                                  : register_offset == claim_complete_register ? "claim/complete"
                                                                               : "nothing";
    return fmt::format("{} of context {}", what, (offset - context_base) / context_stride);
}

std::vector<IrqInput> Plic::irq_inputs() const {
    const auto in = [](const SourceBits& bits, u32 source) { return (bits[source / 32] & bit_of(source)) != 0; };
    std::vector<IrqInput> inputs;
    for (u32 source = 1; source < configuration_.sources; ++source) {
        IrqInput input{.pin = source,
                       .source = source_names_[source],
                       .level = in(s_.level, source),
                       .pending = in(s_.pending, source),
                       .in_service = in(s_.in_flight, source),
                       .priority = s_.priority[source],
                       .enabled_for = {}};
        for (u32 context = 0; context < lines_.size(); ++context)
            if (in(s_.context[context].enabled, source)) input.enabled_for.push_back(context);
        inputs.push_back(std::move(input));
    }
    return inputs;
}

// ---- gateways ----

// A request once passed on stays pending, even if its wire falls before anyone claims it (PLIC chapter 1.2).
void Plic::set_irq(u32 pin, bool level) {
    if (!is_source(pin)) return;
    u32& wires = s_.level[pin / 32];
    const u32 before = wires;
    wires = level ? wires | bit_of(pin) : wires & ~bit_of(pin);
    if (wires == before || !level) return;
    pass_on();
    notify();
}

// Open gateways turn high wires into requests.
void Plic::pass_on() {
    for (u32 word = 0; word < words; ++word) s_.pending[word] |= s_.level[word] & ~s_.in_flight[word];
}

// ---- targets ----

u32 Plic::best(const Context& context, u32 threshold) const {
    u32 best_source = 0;
    u32 best_priority = threshold;
    for (u32 word = 0; word < words; ++word) {
        for (u32 bits = s_.pending[word] & context.enabled[word]; bits != 0; bits &= bits - 1) {
            const u32 source = word * 32 + static_cast<u32>(std::countr_zero(bits));
            // Strictly more: of equals the lowest number goes first, and priority 0 never does (PLIC chapter 4).
            if (s_.priority[source] <= best_priority) continue;
            best_source = source;
            best_priority = s_.priority[source];
        }
    }
    return best_source;
}

// Claiming takes the best request whatever the threshold (PLIC chapter 8).
u32 Plic::claim(Context& context) {
    const u32 source = best(context, 0);
    if (source == 0) return 0;
    s_.pending[source / 32] &= ~bit_of(source);
    s_.in_flight[source / 32] |= bit_of(source);
    notify();
    return source;
}

// Completing what the context doesn't have enabled is ignored (PLIC chapter 9).
void Plic::complete(const Context& context, u64 source) {
    if (!is_source(source) || (context.enabled[source / 32] & bit_of(source)) == 0) {
        log::guest_error(name(), "completion of source {} that the context has not enabled", source);
        return;
    }
    s_.in_flight[source / 32] &= ~bit_of(source);
    pass_on();
}

void Plic::notify() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        Context& context = s_.context[i];
        const bool wanted = best(context, context.threshold) != 0;
        if (wanted == context.notified) continue;
        context.notified = wanted;
        lines_[i].set(wanted);
    }
}

} // namespace orrery
