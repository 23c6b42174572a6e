// A small generator of random numbers whose state is visible: tests that are named by a seed, and test devices that are
// part of a machine's state, use it.
#pragma once

#include <span>

#include "machine/fabric/types.hpp"

namespace orrery::test {

struct Random {
    u64 seed = 1;

    // Sebastiano Vigna's splitmix64 (public domain algorithm).
    u64 next() {
        seed += 0x9e37'79b9'7f4a'7c15;
        u64 mixed = seed;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
        return mixed ^ (mixed >> 31);
    }
    // Uniform below `bound`, which isn't 0.
    u64 below(u64 bound) { return next() % bound; }
    u32 below32(u32 bound) { return static_cast<u32>(below(bound)); }
    bool one_in(u64 chances) { return below(chances) == 0; }
    template <typename T> const T& among(std::span<const T> choices) { return choices[below(choices.size())]; }

    static constexpr void fields(auto& s, auto&& f) { f("seed", s.seed); }
};

} // namespace orrery::test
