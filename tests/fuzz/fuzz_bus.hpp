// Drives any device with random accesses, biased towards edges: hostile RAM for its DMA, time that jumps, saves,
// restores and resets in between. Deterministic: a seed names a run. ORRERY_FUZZ_SEED and ORRERY_FUZZ_ACCESSES change
// the seed and the length of every run.
#pragma once

#include <functional>
#include <vector>

#include "tests/support/fake_bus.hpp"

namespace orrery::test {

class FuzzRandom {
public:
    explicit FuzzRandom(u64 seed) : state_(seed) {}
    u64 next();
    // Uniform below `bound`, which isn't 0.
    u64 below(u64 bound) { return next() % bound; }
    bool one_in(u64 chances) { return below(chances) == 0; }
    // A number as bugs like it: 0, ones, a power of two or its neighbour, an address in or at the end of RAM (also
    // byte-swapped), or anything.
    u64 edge();

private:
    u64 state_;
};

struct FuzzOptions {
    u64 accesses = 50'000;
    u64 seed = 1;
    // Registers and values that chance alone would seldom hit.
    std::vector<u64> offsets = {};
    std::vector<u64> values = {};
    // Saved, restored and reset along the way; also given snapshots with a few bytes changed, which it must survive.
    Component* component = nullptr;
    bool hostile_snapshots = true;
    // What the world outside does now and then: input arrives, a line moves. Machine lock held.
    std::function<void(FuzzRandom&)> outside = {};
};

// Plugs `device` into the bus for the time of the run.
void fuzz_device(FakeBus& bus, IoHandler& device, u64 window_size_bytes, FuzzOptions options = {});
// The same for a window that is mapped already.
void fuzz_window(FakeBus& bus, GuestPhysical base, u64 window_size_bytes, FuzzOptions options = {});

} // namespace orrery::test
