#include "app/trace/show/line.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace orrery::app::trace {
namespace {

constexpr std::array<std::string_view, record_kinds> kinds{"instruction", "branch",    "memory",
                                                           "device",      "exception", "interrupt"};
constexpr std::array<std::string_view, 5> jumps{"jump", "call", "return", "conditional", "other"};

std::string name_at(const std::vector<std::string>& names, u64 number) {
    return number < names.size() ? printable(names[number]) : "";
}

std::string hex(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

std::string access_text(const Record& record, std::string_view where) {
    return fmt::format("{} {} at {}: {:#x}", record.access.write ? "writes" : "reads", record.access.size_bytes, where,
                       record.access.value);
}

std::string trap_name(const LineStyle& style, const Record& record) {
    const bool interrupt = record.kind == RecordKind::interrupt;
    const CpuWords& words = style.header.words;
    return name_at(interrupt ? words.interrupts : words.exceptions, record.code);
}

std::string trap_text(const LineStyle& style, const Record& record) {
    const std::string name = trap_name(style, record);
    std::string text = fmt::format("{} {}{}", kinds[std::to_underlying(record.kind)], record.code,
                                   name.empty() ? "" : fmt::format(" ({})", name));
    if (record.kind == RecordKind::exception) text += fmt::format(", value {:#x}", record.value);
    return text + ", handler at " + address_text(style.symbols, record.to);
}

std::string event_text(const LineStyle& style, const Record& record) {
    switch (record.kind) {
    case RecordKind::instruction:
        return fmt::format("{:<8}{}", hex(record.bytes), style.disassemble ? "  " + style.disassemble(record) : "");
    case RecordKind::branch:
        return fmt::format("{} to {}", jumps[std::to_underlying(record.jump)], address_text(style.symbols, record.to));
    case RecordKind::memory:
        return access_text(record, address_text(style.symbols, record.access.address));
    case RecordKind::device:
        return access_text(record, fmt::format("{}+{:#x}", printable(record.device), record.offset));
    default:
        return trap_text(style, record);
    }
}

// Members of a JSON object, one after the other.
class Object {
public:
    void number(std::string_view name, u64 value) { begin(name) += fmt::format("{}", value); }
    void address(std::string_view name, u64 value) { begin(name) += fmt::format("\"{:#x}\"", value); }
    void truth(std::string_view name, bool value) { begin(name) += value ? "true" : "false"; }
    void text(std::string_view name, std::string_view value) {
        std::string& out = begin(name);
        out += '"';
        for (const char letter : printable(value)) {
            if (letter == '"' || letter == '\\') out += '\\';
            out += letter;
        }
        out += '"';
    }
    void text_if_any(std::string_view name, std::string_view value) {
        if (!value.empty()) text(name, value);
    }
    [[nodiscard]] std::string whole() const { return text_ + "}"; }

private:
    std::string& begin(std::string_view name) {
        text_ += fmt::format("{}\"{}\":", text_.size() == 1 ? "" : ",", name);
        return text_;
    }
    std::string text_ = "{";
};

void add_event(Object& object, const LineStyle& style, const Record& record) {
    switch (record.kind) {
    case RecordKind::instruction:
        object.text("bytes", hex(record.bytes));
        if (style.disassemble) object.text("assembly", style.disassemble(record));
        return;
    case RecordKind::branch:
        object.text("jump", jumps[std::to_underlying(record.jump)]);
        object.address("to", record.to);
        return;
    case RecordKind::memory:
        object.address("address", record.access.address);
        break;
    case RecordKind::device:
        object.text("device", record.device);
        object.address("offset", record.offset);
        break;
    default:
        object.number("code", record.code);
        object.text_if_any("name", trap_name(style, record));
        if (record.kind == RecordKind::exception) object.address("value", record.value);
        object.address("to", record.to);
        return;
    }
    object.truth("write", record.access.write);
    object.number("size", record.access.size_bytes);
    object.address("value", record.access.value);
}

} // namespace

std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& letter : clean)
        if (letter < ' ' || letter > '~') letter = '?';
    return clean;
}

std::string address_text(const Symbols& symbols, u64 address) {
    const std::string name = symbols.name(address);
    return name.empty() ? fmt::format("{:016x}", address) : fmt::format("{:016x} <{}>", address, printable(name));
}

std::string text_line(const LineStyle& style, u32 cpu, const Record& record) {
    const std::string privilege = name_at(style.header.words.privileges, record.place.privilege);
    return fmt::format("{} {} {:>12} {}  {}\n", name_at(style.header.cpus, cpu), privilege.empty() ? "?" : privilege,
                       record.place.retired, address_text(style.symbols, record.place.pc), event_text(style, record));
}

std::string json_line(const LineStyle& style, u32 cpu, const Record& record) {
    Object object;
    object.text("cpu", name_at(style.header.cpus, cpu));
    object.number("count", record.place.retired);
    object.address("pc", record.place.pc);
    object.text_if_any("symbol", style.symbols.name(record.place.pc));
    object.text("privilege", name_at(style.header.words.privileges, record.place.privilege));
    object.text("kind", kinds[std::to_underlying(record.kind)]);
    add_event(object, style, record);
    return object.whole() + "\n";
}

} // namespace orrery::app::trace
