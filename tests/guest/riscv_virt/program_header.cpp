#include "tests/guest/riscv_virt/program_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

namespace orrery::test {
namespace {

constexpr std::array<std::string_view, 32> register_names = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
    "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<u64> number(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x");
    if (hexadecimal) text.remove_prefix(2);
    u64 value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Status add_registers(ProgramHeader& header, std::string_view list) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        const std::string_view item = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        const auto equals = item.find('=');
        if (equals == std::string_view::npos) return error("'{}' isn't REGISTER = VALUE", item);
        const std::string_view name = trim(item.substr(0, equals));
        const auto* const found = std::ranges::find(register_names, name);
        const auto value = number(trim(item.substr(equals + 1)));
        if (found == register_names.end() || !value) return error("'{}' isn't REGISTER = VALUE", item);
        header.registers.push_back({std::string(name), static_cast<u32>(found - register_names.begin()), *value});
    }
    return {};
}

// Between quotes; \n is the only escape.
Status set_output(ProgramHeader& header, std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return error("the output isn't quoted");
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool line_end = text.substr(i).starts_with("\\n");
        header.output += line_end ? '\n' : text[i];
        if (line_end) ++i;
    }
    return {};
}

Status set(ProgramHeader& header, std::string_view key, std::string_view value) {
    if (key == "expect") return add_registers(header, value);
    if (key == "output") return set_output(header, value);
    if (key == "known failure") {
        header.known_failure = value;
        return {};
    }
    if (key == "virtio" && value == "mmio") {
        header.virtio_mmio = true;
        return {};
    }
    if (key == "ends" && value == "reset loop") {
        header.end = {Ending::reset_loop, 0};
        return {};
    }
    const auto count = number(value);
    if (!count) return error("'{}' isn't a number", value);
    if (key == "ends") header.end.code = static_cast<u32>(*count);
    if (key == "harts") header.harts = static_cast<u32>(*count);
    return {};
}

bool is_key(std::string_view text) {
    constexpr std::array<std::string_view, 6> keys = {"expect", "output", "virtio", "ends", "harts", "known failure"};
    return std::ranges::find(keys, text) != keys.end();
}

} // namespace

Result<ProgramHeader> read_program_header(const std::string& path) {
    std::ifstream file(path);
    if (!file) return error("{} can't be read", path);
    ProgramHeader header;
    std::string line;
    while (std::getline(file, line) && line.starts_with("//")) {
        const std::string_view text = trim(std::string_view(line).substr(2));
        const auto colon = text.find(':');
        if (colon == std::string_view::npos || !is_key(text.substr(0, colon))) continue;
        if (const Status done = set(header, text.substr(0, colon), trim(text.substr(colon + 1))); !done)
            return std::unexpected(done.error().in(line).in(path));
    }
    if (header.registers.empty()) return error("{} expects nothing of any register, so it can't fail", path);
    return header;
}

} // namespace orrery::test
