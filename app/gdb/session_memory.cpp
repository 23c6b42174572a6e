// Memory: hexadecimal (m, M) and binary (x, X).
#include <algorithm>

#include <fmt/format.h>

#include "app/gdb/session.hpp"

namespace orrery::app::gdb {

// What there is of the range, from its start, and no more than a reply may have.
std::span<const u8> Session::fetch(const Scanner::Range& range) {
    const std::size_t wanted = std::min<u64>(range.length, packet_bytes / 2);
    if (memory_.size() < wanted) memory_.resize(wanted);
    const std::span<u8> bytes = std::span(memory_).first(wanted);
    return bytes.first(std::min(target_.read_memory(cpu_, space_, range.address, bytes), wanted));
}

void Session::read_memory_hex(Scanner arguments) {
    const auto range = arguments.range();
    if (!range) return reply_error(ErrorCode::syntax, "a memory read needs ADDRESS,LENGTH");
    const std::span<const u8> bytes = fetch(*range);
    if (bytes.empty() && range->length != 0)
        return reply_error(ErrorCode::memory, fmt::format("no memory at {:#x}", range->address));
    writer_.begin();
    append_hex(writer_.text(), bytes);
    writer_.end();
}

void Session::read_memory_binary(Scanner arguments) {
    const auto range = arguments.range();
    if (!range) return reply_error(ErrorCode::syntax, "a memory read needs ADDRESS,LENGTH");
    if (range->length == 0) { // lldb 19 tries whether "x" is known, and expects no prefix
        prefixed_binary_reads_ = false;
        return reply_ok();
    }
    const std::span<const u8> bytes = fetch(*range);
    if (bytes.empty()) return reply_error(ErrorCode::memory, fmt::format("no memory at {:#x}", range->address));
    writer_.begin();
    if (prefixed_binary_reads_) writer_.text() += 'b';
    append_escaped(writer_.text(), bytes);
    writer_.end();
}

void Session::write_memory_hex(Scanner arguments) {
    const auto range = arguments.range();
    if (!range || !arguments.skip(':') || range->length > arguments.rest().size())
        return reply_error(ErrorCode::syntax, "a memory write needs ADDRESS,LENGTH:BYTES");
    memory_.resize(std::max<std::size_t>(memory_.size(), range->length));
    const std::span<u8> bytes = std::span(memory_).first(range->length);
    if (!decode_hex(arguments.rest(), bytes))
        return reply_error(ErrorCode::syntax, "what to write isn't LENGTH bytes of hexadecimal digits");
    write_memory(range->address, bytes);
}

void Session::write_memory_binary(std::span<char> packet) {
    Scanner arguments(std::string_view(packet.data(), packet.size()).substr(1));
    const auto range = arguments.range();
    if (!range || !arguments.skip(':'))
        return reply_error(ErrorCode::syntax, "a memory write needs ADDRESS,LENGTH:BYTES");
    const std::span<char> data = packet.last(arguments.rest().size());
    const std::size_t count = unescape(data);
    if (count != range->length)
        return reply_error(ErrorCode::syntax, fmt::format("{} bytes to write, {} sent", range->length, count));
    write_memory(range->address, {reinterpret_cast<const u8*>(data.data()), count});
}

void Session::write_memory(u64 address, std::span<const u8> bytes) {
    if (bytes.empty()) return reply_ok();
    const std::size_t written = target_.write_memory(cpu_, space_, address, bytes);
    if (written < bytes.size())
        return reply_error(ErrorCode::memory, fmt::format("no memory at {:#x}", address + written));
    reply_ok();
}

} // namespace orrery::app::gdb
