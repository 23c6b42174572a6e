// Breakpoints, watchpoints, and the conditions that breakpoints have.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/gdb/agent_expression.hpp"
#include "app/gdb/session.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::app::gdb {
namespace {

// No one needs as many; but what a client sends must not grow without an end.
constexpr std::size_t breakpoint_limit = 1'000'000;
constexpr std::size_t watchpoint_limit = 10'000;
constexpr std::size_t condition_limit_bytes = 16 * MiB;

class CpuForAgent final : public AgentMachine {
public:
    CpuForAgent(DebugTarget& target, u32 cpu, MemorySpace space) : target_(target), cpu_(cpu), space_(space) {}
    std::optional<u64> register_value(u32 number) override {
        const DebugView& view = target_.view(cpu_);
        const auto registers = view.registers();
        const auto found = std::ranges::lower_bound(registers, number, {}, &RegisterDescription::number);
        if (found == registers.end() || found->number != number) return std::nullopt;
        return view.read(static_cast<std::size_t>(found - registers.begin()));
    }
    bool read_memory(u64 address, std::span<u8> out) override {
        return target_.read_memory(cpu_, space_, address, out) == out.size();
    }

private:
    DebugTarget& target_;
    u32 cpu_;
    MemorySpace space_;
};

std::size_t total_bytes(const std::vector<std::vector<u8>>& conditions) {
    std::size_t total = 0;
    for (const auto& condition : conditions) total += condition.size();
    return total;
}

std::optional<Watchpoint> watchpoint_of(char type, const Scanner::Range& range) {
    Watchpoint watchpoint{.address = range.address, .size_bytes = range.length};
    switch (type) {
    case '2':
        watchpoint.kind = WatchKind::write;
        return watchpoint;
    case '3':
        watchpoint.kind = WatchKind::read;
        return watchpoint;
    case '4':
        watchpoint.kind = WatchKind::access;
        return watchpoint;
    default:
        return std::nullopt;
    }
}

} // namespace

// ";X3,220127X2,2227": a count of bytes, then these. Without any the breakpoint stops always.
std::optional<Session::Conditions> Session::parse_conditions(Scanner arguments) {
    Conditions conditions;
    while (!arguments.at_end()) {
        static_cast<void>(arguments.skip(';'));
        if (!arguments.skip('X')) return std::nullopt;
        const auto count = arguments.number();
        if (!count || !arguments.skip(',') || *count > arguments.rest().size() / 2) return std::nullopt;
        const std::string_view digits = arguments.rest().substr(0, 2 * *count);
        std::vector<u8>& condition = conditions.emplace_back(*count);
        if (!decode_hex(digits, condition)) return std::nullopt;
        static_cast<void>(arguments.skip(digits));
    }
    return conditions;
}

// Any of them; one that can't be decided stops too, so that the user gets to see it.
bool Session::condition_holds(u32 cpu, const Conditions& conditions) {
    CpuForAgent machine(target_, cpu, space_);
    return std::ranges::any_of(conditions, [&](const std::vector<u8>& condition) {
        const Result<u64> value = evaluate_agent_expression(condition, machine);
        if (value) return *value != 0;
        if (!condition_failure_told_)
            log::warning("a breakpoint's condition can't be decided, so it stops: {}", value.error().message());
        condition_failure_told_ = true;
        return true;
    });
}

void Session::insert(Scanner arguments) {
    const char type = arguments.at_end() ? '\0' : arguments.rest().front();
    static_cast<void>(arguments.skip(type));
    const auto range = arguments.skip(',') ? arguments.range() : std::nullopt;
    if (!range) return reply_error(ErrorCode::syntax, "a breakpoint needs TYPE,ADDRESS,KIND");
    if (const auto watchpoint = watchpoint_of(type, *range)) return insert_watchpoint(*watchpoint);
    if (type != '0' && type != '1') return reply("");
    auto conditions = parse_conditions(arguments);
    if (!conditions) return reply_error(ErrorCode::syntax, "the breakpoint's condition is damaged");
    insert_breakpoint(range->address, type == '1', *std::move(conditions));
}

void Session::remove(Scanner arguments) {
    const char type = arguments.at_end() ? '\0' : arguments.rest().front();
    static_cast<void>(arguments.skip(type));
    const auto range = arguments.skip(',') ? arguments.range() : std::nullopt;
    if (!range) return reply_error(ErrorCode::syntax, "a breakpoint needs TYPE,ADDRESS,KIND");
    if (const auto watchpoint = watchpoint_of(type, *range)) return remove_watchpoint(*watchpoint);
    if (type != '0' && type != '1') return reply("");
    remove_breakpoint(range->address, type == '1');
}

void Session::insert_breakpoint(u64 address, bool hardware, Conditions conditions) {
    const auto known = breakpoints_.find(address);
    const std::size_t replaced = known == breakpoints_.end() ? 0 : known->second.condition_bytes;
    const std::size_t bytes = total_bytes(conditions);
    if (condition_bytes_ - replaced + bytes > condition_limit_bytes ||
        (known == breakpoints_.end() && breakpoints_.size() >= breakpoint_limit))
        return reply_error(ErrorCode::too_many, "there are too many breakpoints");
    DebugTarget::Condition condition;
    if (!conditions.empty())
        condition = [this, wanted = std::move(conditions)](u32 cpu) { return condition_holds(cpu, wanted); };
    if (const Status inserted = target_.insert_breakpoint(address, std::move(condition)); !inserted)
        return reply_error(ErrorCode::refused, inserted.error().message());
    Breakpoint& breakpoint = breakpoints_[address];
    (hardware ? breakpoint.hardware : breakpoint.software) = true;
    breakpoint.condition_bytes = bytes;
    condition_bytes_ = condition_bytes_ - replaced + bytes;
    reply_ok();
}

// Also of one that isn't there, as the protocol wants it.
void Session::remove_breakpoint(u64 address, bool hardware) {
    const auto known = breakpoints_.find(address);
    if (known == breakpoints_.end()) return reply_ok();
    (hardware ? known->second.hardware : known->second.software) = false;
    if (known->second.hardware || known->second.software) return reply_ok();
    condition_bytes_ -= known->second.condition_bytes;
    breakpoints_.erase(known);
    if (const Status removed = target_.remove_breakpoint(address); !removed)
        return reply_error(ErrorCode::refused, removed.error().message());
    reply_ok();
}

void Session::insert_watchpoint(const Watchpoint& watchpoint) {
    if (watchpoint.size_bytes == 0) return reply_error(ErrorCode::syntax, "a watchpoint needs a size");
    if (std::ranges::find(watchpoints_, watchpoint) != watchpoints_.end()) return reply_ok();
    if (watchpoints_.size() >= watchpoint_limit)
        return reply_error(ErrorCode::too_many, "there are too many watchpoints");
    if (const Status inserted = target_.insert_watchpoint(watchpoint); !inserted)
        return reply_error(ErrorCode::refused, inserted.error().message());
    watchpoints_.push_back(watchpoint);
    reply_ok();
}

void Session::remove_watchpoint(const Watchpoint& watchpoint) {
    const auto known = std::ranges::find(watchpoints_, watchpoint);
    if (known == watchpoints_.end()) return reply_ok();
    watchpoints_.erase(known);
    if (const Status removed = target_.remove_watchpoint(watchpoint); !removed)
        return reply_error(ErrorCode::refused, removed.error().message());
    reply_ok();
}

} // namespace orrery::app::gdb
