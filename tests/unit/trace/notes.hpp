// What a CPU tells a trace, a line for each event: instructions retired before, privilege, pc, and what happened.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cpu/trace.hpp"

namespace orrery::test {

inline constexpr u8 all_trace_kinds = (1 << trace_kinds) - 1;
constexpr u8 trace_kind(TraceKind kind) { return static_cast<u8>(1 << static_cast<u8>(kind)); }

class TraceNotes final : public TraceSink {
public:
    // Addresses are told as distances from `base`.
    explicit TraceNotes(u64 base) : base_(base) {}
    void instruction(const TracePlace& place, std::span<const u8> bytes) override {
        u32 word = 0;
        std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof word));
        add(place, fmt::format("instruction {:08x}", word));
    }
    void branch(const TracePlace& place, TraceJump kind, u64 to) override {
        add(place, fmt::format("branch {} {:x}", static_cast<u32>(kind), to - base_));
    }
    void memory(const TracePlace& place, const TraceAccess& access) override {
        add(place, fmt::format("{} {} {:x} {:x}", access.write ? "write" : "read", access.size_bytes,
                               access.address - base_, access.value));
    }
    void device(const TracePlace& place, const TraceDeviceAccess& access) override {
        add(place, fmt::format("device {} {} {} {:x} {:x}", access.write ? "write" : "read", access.window,
                               access.size_bytes, access.offset, access.value));
    }
    void exception(const TracePlace& place, u64 code, u64 value, u64 to) override {
        add(place, fmt::format("exception {} {:x} {:x}", code, value, to - base_));
    }
    void interrupt(const TracePlace& place, u64 code, u64 to) override {
        add(place, fmt::format("interrupt {} {:x}", code, to - base_));
    }
    std::vector<std::string> lines;

private:
    void add(const TracePlace& place, const std::string& what) {
        lines.push_back(fmt::format("{} {} {:x} {}", place.retired, place.privilege, place.pc - base_, what));
    }
    const u64 base_;
};

} // namespace orrery::test
