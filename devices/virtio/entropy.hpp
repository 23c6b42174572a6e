// Where random bytes for the guest come from: the host, or in deterministic mode a seed.
#pragma once

#include <span>

#include "machine/fabric/state_visitor.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

class EntropySource {
public:
    virtual ~EntropySource() = default;
    virtual void fill(std::span<u8> out) = 0;
    virtual void reset() {}
    virtual void state(StateVisitor&) {}
};

// The same bytes in every run: SplitMix64 (Steele, Lea, Flood 2014).
class SeededEntropy final : public EntropySource {
public:
    explicit SeededEntropy(u64 seed) : seed_(seed) { s_.position = seed; }
    void fill(std::span<u8> out) override {
        u64 word = 0;
        for (std::size_t i = 0; i < out.size(); ++i, word >>= 8) {
            if (i % 8 == 0) word = next();
            out[i] = static_cast<u8>(word);
        }
    }
    void reset() override { s_ = {seed_}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct State {
        u64 position = 0;
        static constexpr void fields(auto& s, auto&& f) { f("position", s.position); }
    };
    u64 next() {
        u64 z = s_.position += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }

    u64 seed_;
    State s_;
};

} // namespace orrery
