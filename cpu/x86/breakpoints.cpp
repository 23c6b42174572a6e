#include "cpu/x86/breakpoints.hpp"

namespace orrery::x86 {
namespace {

constexpr u32 count = 4;

enum class Kind : u64 { execute = 0, write = 1, port = 2, access = 3 };

struct Breakpoint {
    u64 first = 0;
    u64 size_bytes = 1;
    Kind kind = Kind::execute;

    [[nodiscard]] bool overlaps(u64 address, u64 other_size_bytes) const {
        return first - address < other_size_bytes || address - first < size_bytes;
    }
};

// Empty: it is off. Addresses are aligned by leaving out their low bits (SDM 3B 17.2.5). Without CR4.DE there are no
// ports to break at, and what would mean them is undefined: nothing.
std::optional<Breakpoint> breakpoint(const State& state, u32 number) {
    if ((state.dr7 >> 2 * number & 3) == 0) return std::nullopt;
    const u64 bits = state.dr7 >> (16 + 4 * number);
    const auto kind = static_cast<Kind>(bits & 3);
    if (kind == Kind::port && (state.cr4 & cr4::de) == 0) return std::nullopt;
    constexpr std::array<u64, 4> sizes{1, 2, 8, 4};
    const u64 size = kind == Kind::execute ? 1 : sizes[bits >> 2 & 3];
    return Breakpoint{state.dr[number] & ~(size - 1), size, kind};
}

template <typename Matches> u64 matching(const State& state, Matches matches) {
    if ((state.dr7 & dr7::enabled) == 0) return 0;
    u64 found = 0;
    for (u32 i = 0; i < count; ++i)
        if (const auto one = breakpoint(state, i); one && matches(*one)) found |= u64{1} << i;
    return found;
}

} // namespace

bool breaks_instructions(const State& state) {
    return matching(state, [](const Breakpoint& one) { return one.kind == Kind::execute; }) != 0;
}

u64 instruction_breakpoints(const State& state, u64 linear) {
    return matching(state, [&](const Breakpoint& one) { return one.kind == Kind::execute && one.first == linear; });
}

u64 data_breakpoints(const State& state, u64 linear, u64 size_bytes, bool write) {
    return matching(state, [&](const Breakpoint& one) {
        const bool meant = one.kind == Kind::access || (one.kind == Kind::write && write);
        return meant && one.overlaps(linear, size_bytes);
    });
}

u64 port_breakpoints(const State& state, u16 port, u64 size_bytes) {
    return matching(state,
                    [&](const Breakpoint& one) { return one.kind == Kind::port && one.overlaps(port, size_bytes); });
}

void drop_idle_resume_flag(State& state) {
    if (!breaks_instructions(state)) state.rflags &= ~u64{flag::resume};
}

void arm_breakpoints(Core& core) {
    std::vector<u64> instructions;
    std::vector<Watch> data;
    for (u32 i = 0; i < count; ++i) {
        const auto one = breakpoint(core.state(), i);
        if (!one || one->kind == Kind::port) continue;
        if (one->kind == Kind::execute)
            instructions.push_back(one->first);
        else
            data.push_back({one->first, one->size_bytes, one->kind == Kind::access, true});
    }
    core.services().set_guest_breakpoints(instructions);
    core.services().set_guest_watches(data);
}

} // namespace orrery::x86
