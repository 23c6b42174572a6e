#include "app/explain/byte_string.hpp"

#include "cpu/riscv/decode.hpp"

namespace orrery::app {
namespace {

constexpr std::size_t most_bytes = 4096;

// 0 to 15, or more for what is no digit.
u32 digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return static_cast<u32>(digit - '0');
    const char lower = static_cast<char>(digit | 0x20);
    if (lower >= 'a' && lower <= 'f') return static_cast<u32>(lower - 'a' + 10);
    return 16;
}

Status check_instructions(const std::vector<u8>& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t left = bytes.size() - at;
        if (left == 1) return error("--bytes: a single byte is left at the end, and instructions have 2 or 4");
        const u8 length = riscv::instruction_length(static_cast<u16>(bytes[at] | bytes[at + 1] << 8));
        if (length > left)
            return error("--bytes: of the last instruction (byte {} and on) only {} of {} bytes are there", at, left,
                         length);
        at += length;
    }
    return {};
}

} // namespace

Result<std::vector<u8>> parse_byte_string(std::string_view text, Assembly assembly) {
    std::vector<u8> bytes;
    std::vector<u32> digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool group_begins = digits.size() % 2 == 0;
        if (text[i] == ' ' || text[i] == ',' || text[i] == '\n') continue;
        if (group_begins && text.substr(i).starts_with("0x")) {
            ++i;
            continue;
        }
        const u32 value = digit_value(text[i]);
        if (value > 15) return error("--bytes: '{}' is no hexadecimal digit", text[i]);
        digits.push_back(value);
    }
    if (digits.empty()) return error("--bytes: there are no bytes in '{}'", text);
    if (digits.size() % 2 != 0)
        return error("--bytes: {} hexadecimal digits are no whole bytes; two make one", digits.size());
    for (std::size_t i = 0; i < digits.size(); i += 2) bytes.push_back(static_cast<u8>(digits[i] << 4 | digits[i + 1]));
    if (bytes.size() > most_bytes)
        return error("--bytes: {} bytes are too many; {} are the most", bytes.size(), most_bytes);
    // Where x86 code ends is for its decoder to say.
    if (assembly == Assembly::riscv64) TRY_STATUS(check_instructions(bytes));
    return bytes;
}

} // namespace orrery::app
