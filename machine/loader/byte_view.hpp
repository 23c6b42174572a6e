// Little-endian numbers and ranges of a file's bytes, every one checked: outside the file numbers read 0 and ranges are
// empty.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "machine/fabric/types.hpp"

namespace orrery {

class ByteView {
public:
    explicit ByteView(std::span<const u8> bytes) : bytes_(bytes) {}

    [[nodiscard]] u64 size() const { return bytes_.size(); }
    [[nodiscard]] bool has(u64 offset, u64 count) const {
        return offset <= bytes_.size() && count <= bytes_.size() - offset;
    }
    [[nodiscard]] std::span<const u8> part(u64 offset, u64 count) const {
        return has(offset, count) ? bytes_.subspan(offset, count) : std::span<const u8>{};
    }
    template <typename T> [[nodiscard]] T number(u64 offset) const {
        T value = 0;
        if (has(offset, sizeof value)) std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }
    [[nodiscard]] u16 half(u64 offset) const { return number<u16>(offset); }
    [[nodiscard]] u32 word(u64 offset) const { return number<u32>(offset); }
    [[nodiscard]] u64 dword(u64 offset) const { return number<u64>(offset); }
    [[nodiscard]] bool holds(u64 offset, std::string_view text) const {
        return has(offset, text.size()) && std::memcmp(bytes_.data() + offset, text.data(), text.size()) == 0;
    }
    // The characters from `offset` up to a zero byte, at most `most` of them.
    [[nodiscard]] std::string_view text(u64 offset, u64 most) const {
        if (offset >= bytes_.size()) return {};
        const auto rest = bytes_.subspan(offset, std::min(most, bytes_.size() - offset));
        const auto end = std::ranges::find(rest, u8{0});
        return {reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(end - rest.begin())};
    }

private:
    std::span<const u8> bytes_;
};

} // namespace orrery
