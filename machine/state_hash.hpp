// A fast hash of 64 bits, for telling states apart. Not against someone who wants two to look alike.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "machine/fabric/types.hpp"

namespace orrery {

// Every input bit reaches every output bit.
constexpr u64 mix(u64 value) {
    value = (value ^ (value >> 32)) * 0x9fb2'1c65'1e98'df25;
    value = (value ^ (value >> 29)) * 0xd6e8'feb8'6659'fd93;
    return value ^ (value >> 32);
}

inline u64 hash_bytes(std::span<const u8> bytes, u64 seed) {
    constexpr std::size_t lane_count = 4; // independent, so that the processor overlaps their multiplications
    std::array<u64, lane_count> lanes{seed, ~seed, mix(seed + 1), mix(seed + 2)};
    const auto take = [&lanes](std::size_t lane, u64 word) {
        lanes[lane] = std::rotl((lanes[lane] ^ word) * 0x9e37'79b9'7f4a'7c15, 29);
    };
    const u64 length = bytes.size();
    std::array<u64, lane_count> words;
    for (; bytes.size() >= sizeof words; bytes = bytes.subspan(sizeof words)) {
        std::memcpy(words.data(), bytes.data(), sizeof words);
        for (std::size_t lane = 0; lane < lane_count; ++lane) take(lane, words[lane]);
    }
    if (!bytes.empty()) {
        words = {};
        std::memcpy(words.data(), bytes.data(), bytes.size());
        for (std::size_t lane = 0; lane < lane_count; ++lane) take(lane, words[lane]);
    }
    u64 hash = mix(length);
    for (const u64 lane : lanes) hash = mix(hash ^ lane) + lane;
    return mix(hash);
}

} // namespace orrery
