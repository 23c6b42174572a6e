// The last accesses to a device's window, for people who look into a machine. Machine lock held.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

struct Access {
    u64 time_ns = 0; // of the guest
    u64 offset = 0;
    u64 value = 0;
    Width width = Width::byte;
    bool write = false;
};

class AccessLog {
public:
    static constexpr std::size_t capacity = 20;

    void add(const Access& access) { ring_[added_++ % capacity] = access; }
    // Ever, not only those that are remembered.
    [[nodiscard]] u64 count() const { return added_; }
    // Oldest first.
    [[nodiscard]] std::vector<Access> recent() const {
        std::vector<Access> accesses;
        for (u64 i = added_ - std::min<u64>(added_, capacity); i < added_; ++i) accesses.push_back(ring_[i % capacity]);
        return accesses;
    }

private:
    std::array<Access, capacity> ring_{};
    u64 added_ = 0;
};

} // namespace orrery
