// Private to the rows: makes a Row from the manual's notation at compile time, and the names the rows are written with.
#pragma once

#include <initializer_list>
#include <string_view>

#include "cpu/x86/row.hpp"

namespace orrery::x86 {

// Not constexpr: reaching it makes the constant expression, and so the build, fail.
void row_notation_is_malformed();

constexpr int hex_digit(char symbol) {
    if (symbol >= '0' && symbol <= '9') return symbol - '0';
    if (symbol >= 'A' && symbol <= 'F') return symbol - 'A' + 10;
    return -1;
}

// The value of two upper-case hexadecimal digits, or -1.
constexpr int hex_byte(std::string_view word) {
    if (word.size() != 2 || hex_digit(word[0]) < 0 || hex_digit(word[1]) < 0) return -1;
    return hex_digit(word[0]) * 16 + hex_digit(word[1]);
}

// Reads "F3 0F AE /0 r", "REX.W 0F C7 /1 m", "VEX.256.66.0F38.W1 16 /r", "0F 90+cc /r", "0F 01 C8" and the like.
//   NP, 66, F3, F2, NFx (neither F3 nor F2)   the mandatory prefix; where nothing is said any will do
//   +r, +cc                                   a register or a condition in the opcode
//   /r, /0 … /7, then m or r                  ModRM, its reg field, and that rm is memory or a register
//   a byte after the opcode                   the whole of ModRM
class RowNotation {
public:
    constexpr explicit RowNotation(std::string_view text) : rest_(text) {
        row_.notation = text;
        std::string_view word = next();
        if (word.starts_with("VEX.")) {
            read_vex(word.substr(4));
            word = next();
        } else {
            word = read_prefix(word);
            word = read_map(word);
        }
        read_opcode(word);
        for (word = next(); !word.empty(); word = next()) read_modrm(word);
    }
    [[nodiscard]] constexpr Row row() const { return row_; }

private:
    constexpr std::string_view next() {
        const std::size_t length = rest_.find(' ');
        const std::string_view word = rest_.substr(0, length);
        rest_ = length == std::string_view::npos ? std::string_view() : rest_.substr(length + 1);
        return word;
    }
    static constexpr int prefix_named(std::string_view word) {
        if (word == "NP") return prefix::none;
        if (word == "66") return prefix::p66;
        if (word == "F3") return prefix::pf3;
        if (word == "F2") return prefix::pf2;
        if (word == "NFx") return prefix::none | prefix::p66;
        return -1;
    }
    constexpr std::string_view read_prefix(std::string_view word) {
        if (const int mask = prefix_named(word); mask >= 0) {
            row_.prefixes = static_cast<u8>(mask);
            word = next();
        }
        if (word == "REX.W" || word == "REX.W0") {
            row_.wide = word == "REX.W" ? 1 : 0;
            word = next();
        }
        return word;
    }
    constexpr std::string_view read_map(std::string_view word) {
        if (word != "0F") return word;
        row_.map = Map::map_0f;
        word = next();
        if (word == "38") row_.map = Map::map_0f38;
        if (word == "3A") row_.map = Map::map_0f3a;
        return row_.map == Map::map_0f ? word : next();
    }
    // "128.66.0F38.W0" without what may be anything: L, W.
    constexpr void read_vex(std::string_view fields) {
        row_.map = Map::vex_0f;
        row_.prefixes = prefix::none;
        while (!fields.empty()) {
            const std::size_t length = fields.find('.');
            read_vex_field(fields.substr(0, length));
            fields = length == std::string_view::npos ? std::string_view() : fields.substr(length + 1);
        }
    }
    constexpr void read_vex_field(std::string_view field) {
        if (field == "128" || field == "LZ") {
            row_.vector = 0;
        } else if (field == "256") {
            row_.vector = 1;
        } else if (field == "W0" || field == "W1") {
            row_.wide = field == "W1" ? 1 : 0;
        } else if (field == "0F38") {
            row_.map = Map::vex_0f38;
        } else if (field == "0F3A") {
            row_.map = Map::vex_0f3a;
        } else if (const int mask = prefix_named(field); mask >= 0) {
            row_.prefixes = static_cast<u8>(mask);
        } else if (field != "0F" && field != "LIG" && field != "WIG") {
            row_notation_is_malformed();
        }
    }
    constexpr void read_opcode(std::string_view word) {
        const int value = hex_byte(word.substr(0, 2));
        if (value < 0) row_notation_is_malformed();
        row_.opcode = static_cast<u8>(value);
        const std::string_view span = word.substr(2);
        if (span == "+r") {
            row_.opcode_count = 8;
        } else if (span == "+cc") {
            row_.opcode_count = 16;
            row_.traits |= trait::condition_code;
        } else if (!span.empty()) {
            row_notation_is_malformed();
        }
    }
    constexpr void read_modrm(std::string_view word) {
        row_.has_modrm = true;
        if (word.size() == 2 && word[0] == '/') {
            if (word[1] != 'r') row_.reg = static_cast<i8>(hex_digit(word[1]));
            return;
        }
        if (word == "m" || word == "r") {
            row_.mod = word == "m" ? Mod::memory : Mod::registers;
            return;
        }
        const int modrm = hex_byte(word);
        if (modrm < 0xc0) row_notation_is_malformed();
        row_.mod = Mod::registers;
        row_.reg = static_cast<i8>(modrm >> 3 & 7);
        row_.rm = static_cast<i8>(modrm & 7);
    }

    std::string_view rest_;
    Row row_;
};

constexpr Immediates immediate_of(Operand operand) {
    if (operand.place == Place::A) return Immediates::far_pointer;
    if (operand.place == Place::O) return Immediates::address;
    if (operand.place == Place::L) return Immediates::byte;
    if (operand.place == Place::J) return operand.type == Type::b ? Immediates::branch_byte : Immediates::branch_z;
    if (operand.place != Place::I) return Immediates::none;
    if (operand.type == Type::b) return Immediates::byte;
    if (operand.type == Type::bs) return Immediates::byte_signed;
    if (operand.type == Type::w) return Immediates::word;
    return operand.type == Type::z ? Immediates::z : Immediates::v;
}

// What an operand says of its encoding besides the notation.
constexpr void apply_operand(Row& row, Operand operand) {
    using enum Place;
    const Place place = operand.place;
    if (place == B || place == H) row.uses_vvvv = true;
    if (place == C || place == D || place == S) row.traits |= trait::limited_reg;
    const bool registers_only = place == N || place == R || place == T || place == U;
    if (registers_only && row.mod == Mod::any && !row.has(trait::mod_ignored)) row.mod = Mod::registers;
    if (place == M && row.mod == Mod::any) row.mod = Mod::memory;
    const Immediates immediate = immediate_of(operand);
    if (immediate == Immediates::none) return;
    const bool second = row.immediates == Immediates::word; // ENTER
    row.immediates = second ? Immediates::word_byte : immediate;
}

constexpr Row row(std::string_view notation, Op op, std::initializer_list<Operand> operands = {}, Traits traits = {}) {
    Row result = RowNotation(notation).row();
    result.op = op;
    result.traits |= traits.bits;
    result.branch = traits.branch;
    result.features = traits.features;
    result.features_256 = traits.features_256;
    std::size_t count = 0;
    for (const Operand operand : operands) {
        result.operands[count++] = operand;
        apply_operand(result, operand);
    }
    // What an SSE instruction merges into its first operand, an AVX one takes from another and writes the whole.
    if (is_vex(result.map) && !traits.features.contains({Feature::fma})) result.traits |= trait::writes_first;
    return result;
}

// The names by which rows say their traits.
namespace row_traits {
inline constexpr Traits lockable{.bits = trait::lockable};
inline constexpr Traits repeats{.bits = trait::rep};
inline constexpr Traits repeats_while{.bits = trait::repe};
inline constexpr Traits privileged{.bits = trait::privileged};
inline constexpr Traits io_sensitive{.bits = trait::io_sensitive};
inline constexpr Traits not_64{.bits = trait::not_64};
inline constexpr Traits only_64{.bits = trait::only_64};
inline constexpr Traits default_64{.bits = trait::default_64};
inline constexpr Traits force_64{.bits = trait::force_64};
inline constexpr Traits mod_ignored{.bits = trait::mod_ignored};
inline constexpr Traits no_rex_b{.bits = trait::no_rex_b};
inline constexpr Traits else_older{.bits = trait::else_older};
inline constexpr Traits vsib{.bits = trait::vsib};
inline constexpr Traits protected_mode{.bits = trait::protected_mode};
inline constexpr Traits serialising{.bits = trait::serialising};
inline constexpr Traits writes_first{.bits = trait::writes_first};
inline constexpr Traits user_input{.bits = trait::user_input};
inline constexpr Traits jumps{.branch = Branch::jump};
inline constexpr Traits jumps_if{.branch = Branch::conditional};
inline constexpr Traits calls{.branch = Branch::call};
inline constexpr Traits returns{.branch = Branch::returns};
inline constexpr Traits goes_far{.branch = Branch::far};
inline constexpr Traits interrupts{.branch = Branch::interrupt};
inline constexpr Traits enters_system{.branch = Branch::system};
constexpr Traits needs(Feature feature) { return {.features = {feature}}; }
// AVX has it with 128 bits, AVX2 with 256 too.
inline constexpr Traits avx_then_avx2{.features = {Feature::avx}, .features_256 = {Feature::avx2}};
} // namespace row_traits

} // namespace orrery::x86
