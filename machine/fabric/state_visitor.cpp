#include "machine/fabric/state_visitor.hpp"

#include <bit>
#include <cstring>

namespace orrery {

static_assert(std::endian::native == std::endian::little, "snapshots are little-endian and written as they lie");

std::string_view name(ScalarType type) {
    static constexpr std::array<std::string_view, 7> names{"bool", "u8", "u16", "u32", "u64", "i32", "i64"};
    return names[static_cast<std::size_t>(type)];
}

std::size_t size_bytes(ScalarType type) {
    static constexpr std::array<std::size_t, 7> sizes{1, 1, 2, 4, 8, 4, 8};
    return sizes[static_cast<std::size_t>(type)];
}

void SaveVisitor::scalars(std::string_view, ScalarType type, void* storage, std::size_t count) {
    const auto* first = static_cast<const u8*>(storage);
    out_.insert(out_.end(), first, first + size_bytes(type) * count);
}

std::size_t SaveVisitor::length(std::string_view, std::size_t current, std::size_t) {
    u64 value = current;
    scalars({}, ScalarType::unsigned64, &value, 1);
    return current;
}

void RestoreVisitor::scalars(std::string_view, ScalarType type, void* storage, std::size_t count) {
    const std::size_t size = size_bytes(type) * count;
    if (failed_ || in_.size() < size) {
        failed_ = true;
        return;
    }
    if (type == ScalarType::boolean) {
        for (std::size_t i = 0; i < count; ++i) static_cast<bool*>(storage)[i] = in_[i] != 0;
    } else if (size != 0) {
        std::memcpy(storage, in_.data(), size);
    }
    in_ = in_.subspan(size);
}

std::size_t RestoreVisitor::length(std::string_view, std::size_t current, std::size_t limit) {
    u64 value = 0;
    scalars({}, ScalarType::unsigned64, &value, 1);
    if (failed_ || value > limit) {
        failed_ = true;
        return current;
    }
    return value;
}

void InspectVisitor::enter(std::string_view name) {
    levels_.push_back(prefix_.size());
    prefix_ = path(name);
}

void InspectVisitor::leave() {
    prefix_.resize(levels_.back());
    levels_.pop_back();
}

std::string InspectVisitor::path(std::string_view name) const {
    return prefix_.empty() ? std::string(name) : fmt::format("{}.{}", prefix_, name);
}

void InspectVisitor::scalars(std::string_view name, ScalarType type, void* storage, std::size_t count) {
    const std::size_t size = size_bytes(type);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        u64 value = 0;
        std::memcpy(&value, static_cast<const u8*>(storage) + i * size, size);
        fmt::format_to(std::back_inserter(text), "{}{:#x}", i == 0 ? "" : " ", value);
    }
    lines_.push_back({path(name), type, count, std::move(text)});
}

std::size_t InspectVisitor::length(std::string_view name, std::size_t current, std::size_t) {
    u64 value = current;
    scalars(fmt::format("{}.length", name), ScalarType::unsigned64, &value, 1);
    return current;
}

} // namespace orrery
