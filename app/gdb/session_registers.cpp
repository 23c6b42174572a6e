// Registers: all of the basic ones at once (g, G), or any one (p, P).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/gdb/session.hpp"

namespace orrery::app::gdb {
namespace {

u32 size_bytes(const RegisterDescription& about) { return (about.bits + 7) / 8; }

// As the guest stores it, least significant byte first.
std::optional<RegisterValue> parse_value(std::string_view digits, u32 bytes) {
    std::array<u8, 16> raw{};
    if (bytes > raw.size() || !decode_hex(digits, std::span(raw).first(bytes))) return std::nullopt;
    RegisterValue value;
    for (std::size_t byte = 8; byte-- > 0;) {
        value.low = value.low << 8 | raw[byte];
        value.high = value.high << 8 | raw[byte + 8];
    }
    return value;
}

} // namespace

// The first feature's: gdb asks for the others, which are many, one by one.
std::size_t Session::registers_at_once(const DebugView& view) {
    const auto registers = view.registers();
    const auto end = std::ranges::find_if(registers, [&](const RegisterDescription& about) {
        return about.feature != registers.front().feature ||
               about.number != static_cast<u32>(&about - registers.data());
    });
    return static_cast<std::size_t>(end - registers.begin());
}

std::optional<std::size_t> Session::program_counter(const DebugView& view) {
    constexpr std::array<std::string_view, 4> names{"pc", "rip", "eip", "nip"};
    const auto registers = view.registers();
    const auto found = std::ranges::find_if(registers, [&](const RegisterDescription& about) {
        return std::ranges::find(names, about.name) != names.end();
    });
    if (found == registers.end()) return std::nullopt;
    return static_cast<std::size_t>(found - registers.begin());
}

std::optional<std::size_t> Session::register_index(u32 cpu, u64 number) const {
    const auto registers = target_.view(cpu).registers();
    const auto found = std::ranges::lower_bound(registers, number, {}, &RegisterDescription::number);
    if (found == registers.end() || found->number != number) return std::nullopt;
    return static_cast<std::size_t>(found - registers.begin());
}

// lldb names the CPU in the packet itself: ";thread:1;".
std::optional<u32> Session::cpu_of_suffix(std::string_view suffix) const {
    Scanner scanner(suffix);
    if (!scanner.skip(";thread:")) return cpu_;
    return parse_cpu(scanner);
}

void Session::read_registers(Scanner arguments) {
    const auto cpu = cpu_of_suffix(arguments.rest());
    if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    const DebugView& view = target_.view(*cpu);
    writer_.begin();
    for (std::size_t index = 0; index < registers_at_once(view); ++index)
        append_register_hex(writer_.text(), view.read_wide(index), size_bytes(view.registers()[index]));
    writer_.end();
}

void Session::write_registers(Scanner arguments) {
    const std::string_view text = arguments.rest();
    const std::size_t end = std::min(text.find(';'), text.size());
    const auto cpu = cpu_of_suffix(text.substr(end));
    if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    DebugView& view = target_.view(*cpu);
    std::string_view digits = text.substr(0, end);
    for (std::size_t index = 0; index < registers_at_once(view) && !digits.empty(); ++index) {
        const u32 bytes = size_bytes(view.registers()[index]);
        const auto value = parse_value(digits.substr(0, 2 * std::size_t{bytes}), bytes);
        if (!value) return reply_error(ErrorCode::syntax, "a register's value isn't as long as the register");
        digits.remove_prefix(2 * std::size_t{bytes});
        if (*value == view.read_wide(index)) continue; // also those that can't be written
        if (const Status written = view.write_wide(index, *value); !written)
            return reply_error(ErrorCode::refused, written.error().message());
    }
    reply_ok();
}

void Session::read_register(Scanner arguments) {
    const auto number = arguments.number();
    const auto cpu = cpu_of_suffix(arguments.rest());
    if (!number) return reply_error(ErrorCode::syntax, "a register read needs the register's number");
    if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    const auto index = register_index(*cpu, *number);
    if (!index) return reply_error(ErrorCode::refused, fmt::format("there is no register {}", *number));
    const DebugView& view = target_.view(*cpu);
    writer_.begin();
    append_register_hex(writer_.text(), view.read_wide(*index), size_bytes(view.registers()[*index]));
    writer_.end();
}

void Session::write_register(Scanner arguments) {
    const auto number = arguments.number();
    if (!number || !arguments.skip('=')) return reply_error(ErrorCode::syntax, "a register write needs NUMBER=VALUE");
    const std::string_view text = arguments.rest();
    const std::size_t end = std::min(text.find(';'), text.size());
    const auto cpu = cpu_of_suffix(text.substr(end));
    if (!cpu) return reply_error(ErrorCode::no_such_cpu, "there is no such CPU");
    const auto index = register_index(*cpu, *number);
    if (!index) return reply_error(ErrorCode::refused, fmt::format("there is no register {}", *number));
    DebugView& view = target_.view(*cpu);
    const auto value = parse_value(text.substr(0, end), size_bytes(view.registers()[*index]));
    if (!value) return reply_error(ErrorCode::syntax, "the value isn't as long as the register");
    if (const Status written = view.write_wide(*index, *value); !written)
        return reply_error(ErrorCode::refused, written.error().message());
    reply_ok();
}

} // namespace orrery::app::gdb
