// Little-endian numbers in a table under construction.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::bios {

template <typename T> void append_number(std::vector<u8>& to, T value) {
    const std::size_t at = to.size();
    to.resize(at + sizeof value);
    std::memcpy(to.data() + at, &value, sizeof value);
}

template <typename T> void put_number(std::vector<u8>& into, u64 at, T value) {
    std::memcpy(into.data() + at, &value, sizeof value);
}

inline void append_text(std::vector<u8>& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

} // namespace orrery::bios
