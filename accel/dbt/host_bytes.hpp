// Guest memory as the host's bytes, where vCPUs race if the guest's program does.
#pragma once

#include <cstring>

#include "machine/fabric/types.hpp"

namespace orrery::dbt {

constexpr bool crosses_page(u64 address, u64 size_bytes) {
    return (address & (page_size - 1)) + size_bytes > page_size;
}

constexpr Width width_of(u64 size_bytes) { return static_cast<Width>(size_bytes); }

inline u64 load_host(const u8* host, u64 size_bytes) {
    u64 value = 0;
    std::memcpy(&value, host, size_bytes);
    return value;
}

inline void store_host(u8* host, u64 value, u64 size_bytes) { std::memcpy(host, &value, size_bytes); }

} // namespace orrery::dbt
