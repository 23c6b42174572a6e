#include "tests/fuzz/fuzz_bus.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "machine/fabric/log.hpp"
#include "tests/support/catch.hpp"

namespace orrery::test {
namespace {

u64 from_environment(const char* name, u64 otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

constexpr Width widths[] = {Width::byte, Width::half, Width::word, Width::dword};

class Run {
public:
    Run(FakeBus& bus, GuestPhysical base, u64 window_size_bytes, FuzzOptions options)
        : bus_(bus), base_(base), window_size_bytes_(window_size_bytes), options_(std::move(options)),
          random_(from_environment("ORRERY_FUZZ_SEED", options_.seed)) {}

    void go() {
        fill_ram(0, bus_.ram->size_bytes());
        const u64 accesses = from_environment("ORRERY_FUZZ_ACCESSES", options_.accesses);
        for (u64 i = 0; i < accesses; ++i) {
            access();
            if (random_.one_in(32)) fill_ram(random_.below(bus_.ram->size_bytes()), 256);
            if (random_.one_in(64)) advance();
            if (options_.outside && random_.one_in(16)) outside();
            if (options_.component && random_.one_in(128)) disturb();
        }
    }

private:
    // Mostly registers near the front, those named, and the last of the window.
    u64 offset(Width width) {
        u64 offset = 0;
        switch (random_.below(4)) {
        case 0:
            offset = random_.below(window_size_bytes_);
            break;
        case 1:
            offset = window_size_bytes_ - 1 - random_.below(std::min<u64>(window_size_bytes_, 16));
            break;
        case 2:
            if (!options_.offsets.empty()) offset = options_.offsets[random_.below(options_.offsets.size())];
            break;
        default:
            offset = random_.below(std::min<u64>(window_size_bytes_, 0x200));
            break;
        }
        // One in sixteen stays misaligned: the bus must refuse it.
        return random_.one_in(16) ? offset : offset & ~(bytes(width) - 1);
    }

    u64 value() {
        if (!options_.values.empty() && random_.one_in(2))
            return options_.values[random_.below(options_.values.size())];
        return random_.edge();
    }

    void access() {
        const Width width = widths[random_.below(4)];
        const GuestPhysical address = base_ + offset(width);
        if (random_.one_in(2))
            bus_.memory.write(address, value(), width);
        else if (const auto got = bus_.memory.read(address, width))
            REQUIRE((*got & ~mask(width)) == 0);
    }

    void fill_ram(u64 offset, u64 size_bytes) {
        const u64 end = std::min(offset + size_bytes, bus_.ram->size_bytes());
        for (u64 at = offset; at + 8 <= end; at += 8) {
            const u64 word = random_.edge();
            std::memcpy(bus_.ram->host() + at, &word, sizeof word);
        }
    }

    void advance() {
        std::lock_guard guard(bus_.lock);
        bus_.advance(random_.one_in(8) ? random_.below(10'000'000'000) : random_.below(100'000));
    }

    void outside() {
        std::lock_guard guard(bus_.lock);
        options_.outside(random_);
    }

    // Save, restore, save is the same bytes; a damaged snapshot does no damage; a reset is always possible.
    void disturb() {
        std::lock_guard guard(bus_.lock);
        Component& component = *options_.component;
        const std::vector<u8> before = save(component);
        if (options_.hostile_snapshots && !before.empty() && random_.one_in(2)) {
            std::vector<u8> damaged = before;
            for (u64 flips = 1 + random_.below(8); flips != 0; --flips)
                damaged[random_.below(damaged.size())] = static_cast<u8>(random_.next());
            restore(component, damaged);
        } else if (random_.one_in(4)) {
            component.reset();
        } else {
            REQUIRE(restore(component, before));
            REQUIRE(save(component) == before);
        }
    }

    FakeBus& bus_;
    GuestPhysical base_;
    u64 window_size_bytes_;
    FuzzOptions options_;
    FuzzRandom random_;
};

} // namespace

// Sebastiano Vigna's splitmix64 (public domain algorithm).
u64 FuzzRandom::next() {
    state_ += 0x9e37'79b9'7f4a'7c15;
    u64 mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31);
}

u64 FuzzRandom::edge() {
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return ~u64{0} >> below(64);
    case 2:
        return u64{1} << below(64);
    case 3:
        return (u64{1} << below(64)) - 1 + below(3);
    case 4:
        return below(256);
    case 5:
        return FakeBus::ram_base.value + below(1 * MiB);
    case 6:
        return std::byteswap(FakeBus::ram_base.value + 1 * MiB - 8 + below(16));
    default:
        return next();
    }
}

void fuzz_device(FakeBus& bus, IoHandler& device, u64 window_size_bytes, FuzzOptions options) {
    bus.plug(device, window_size_bytes);
    fuzz_window(bus, FakeBus::device_base, window_size_bytes, std::move(options));
    bus.unplug();
}

void fuzz_window(FakeBus& bus, GuestPhysical base, u64 window_size_bytes, FuzzOptions options) {
    log::set_sink([](log::Level, std::string_view) {}); // guest errors are the point here
    Run(bus, base, window_size_bytes, std::move(options)).go();
    log::set_sink({});
}

} // namespace orrery::test
