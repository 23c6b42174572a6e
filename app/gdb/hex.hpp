// Hexadecimal text and the scanner that packets of the remote protocol are read with.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cpu/debug.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app::gdb {

// Two digits a byte, in the order of the bytes.
void append_hex(std::string& out, std::span<const u8> bytes);
void append_hex(std::string& out, std::string_view text);
// The `size_bytes` low bytes of a register as the (little-endian) guest stores it.
void append_register_hex(std::string& out, RegisterValue value, u32 size_bytes);
// False: not exactly two digits for every byte of `out`.
[[nodiscard]] bool decode_hex(std::string_view digits, std::span<u8> out);
// -1: not a digit.
[[nodiscard]] int hex_digit(char character);

// Reads a packet from left to right. Nothing is consumed by what returns false or nothing.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}
    [[nodiscard]] bool skip(char expected);
    [[nodiscard]] bool skip(std::string_view expected);
    // Most significant digit first, at most 16 of them.
    [[nodiscard]] std::optional<u64> number();
    // "ADDRESS,LENGTH"
    struct Range {
        u64 address = 0;
        u64 length = 0;
    };
    [[nodiscard]] std::optional<Range> range();
    // Up to the next `end`, which is consumed, or all the rest.
    [[nodiscard]] std::string_view until(char end);
    [[nodiscard]] std::string_view rest() const { return text_; }
    [[nodiscard]] bool at_end() const { return text_.empty(); }

private:
    std::string_view text_;
};

} // namespace orrery::app::gdb
