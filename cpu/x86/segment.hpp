// Segment registers with the descriptor that was loaded into them (SDM 3A 3.4.3), and descriptors as they lie in memory
// (3.4.5).
#pragma once

#include <array>

#include "cpu/x86/instruction.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::x86 {

inline constexpr std::size_t segment_count = 6;

// The second word of a descriptor from bit 8 on, as it stands there (SDM 3A figure 3-8).
namespace access {
inline constexpr u16 accessed = 1 << 0;    // of code and data
inline constexpr u16 writable = 1 << 1;    // of data
inline constexpr u16 readable = 1 << 1;    // of code
inline constexpr u16 expand_down = 1 << 2; // of data
inline constexpr u16 conforming = 1 << 2;  // of code
inline constexpr u16 code = 1 << 3;
inline constexpr u16 type = 0xf;
inline constexpr u16 code_or_data = 1 << 4; // S
inline constexpr u16 dpl_low = 5;
inline constexpr u16 present = 1 << 7;
inline constexpr u16 available = 1 << 12;
inline constexpr u16 long_mode = 1 << 13; // L
inline constexpr u16 big = 1 << 14;       // D/B
inline constexpr u16 granular = 1 << 15;  // G
inline constexpr u16 all = 0xf0ff;
} // namespace access

// Types of system segments and gates (SDM 3A table 3-2).
enum class SystemType : u8 {
    tss16_available = 1,
    ldt = 2,
    tss16_busy = 3,
    call_gate16 = 4,
    task_gate = 5,
    interrupt_gate16 = 6,
    trap_gate16 = 7,
    tss_available = 9, // 32 bits wide, in long mode 64
    tss_busy = 11,
    call_gate = 12,
    interrupt_gate = 14,
    trap_gate = 15,
};

struct SegmentCache {
    u64 base = 0;
    u32 limit = 0; // of the last byte, whatever the granularity
    u16 selector = 0;
    u16 rights = 0; // as in access::

    [[nodiscard]] constexpr bool is(u16 bits) const { return (rights & bits) == bits; }
    [[nodiscard]] constexpr u32 dpl() const { return rights >> access::dpl_low & 3; }
    [[nodiscard]] constexpr bool present() const { return is(access::present); }
    // A null selector was loaded: any use is an exception, but in 64-bit mode.
    [[nodiscard]] constexpr bool usable() const { return present(); }
    bool operator==(const SegmentCache&) const = default;

    static constexpr void fields(auto& s, auto&& f) {
        f("base", s.base), f("limit", s.limit), f("selector", s.selector), f("rights", s.rights);
    }
};

namespace selector {
inline constexpr u16 rpl = 3;
inline constexpr u16 local = 4; // TI
constexpr u16 offset(u16 value) { return static_cast<u16>(value & ~u16{7}); }
constexpr bool is_null(u16 value) { return (value & ~rpl) == 0; }
} // namespace selector

// SDM 3A table 9-1.
inline constexpr u16 data_at_reset = access::present | access::code_or_data | access::writable | access::accessed;
inline constexpr SegmentCache data_segment_at_reset{0, 0xffff, 0, data_at_reset};
inline constexpr std::array<SegmentCache, segment_count> segments_at_reset{
    data_segment_at_reset, SegmentCache{0xffff'0000, 0xffff, 0xf000, data_at_reset | access::code},
    data_segment_at_reset, data_segment_at_reset,
    data_segment_at_reset, data_segment_at_reset};
inline constexpr SegmentCache ldtr_at_reset{0, 0xffff, 0, access::present | static_cast<u16>(SystemType::ldt)};
inline constexpr SegmentCache tr_at_reset{0, 0xffff, 0, access::present | static_cast<u16>(SystemType::tss_busy)};

// Eight bytes of a descriptor table.
struct Descriptor {
    u64 value = 0;

    [[nodiscard]] constexpr u16 rights() const { return static_cast<u16>(value >> 40 & access::all); }
    [[nodiscard]] constexpr bool is(u16 bits) const { return (rights() & bits) == bits; }
    [[nodiscard]] constexpr u32 base() const {
        return static_cast<u32>(value >> 16 & 0xff'ffff) | static_cast<u32>(value >> 56) << 24;
    }
    [[nodiscard]] constexpr u32 limit() const {
        const u32 raw = static_cast<u32>(value & 0xffff) | static_cast<u32>(value >> 32 & 0xf'0000);
        return is(access::granular) ? raw << 12 | 0xfff : raw;
    }
    [[nodiscard]] constexpr u32 dpl() const { return rights() >> access::dpl_low & 3; }
    [[nodiscard]] constexpr bool present() const { return is(access::present); }
    [[nodiscard]] constexpr bool is_code_or_data() const { return is(access::code_or_data); }
    [[nodiscard]] constexpr bool is_code() const { return is(access::code_or_data | access::code); }
    [[nodiscard]] constexpr SystemType system_type() const { return static_cast<SystemType>(rights() & access::type); }
    [[nodiscard]] constexpr SegmentCache segment(u16 selector) const { return {base(), limit(), selector, rights()}; }
    // Of a gate: where it leads, without bits 63:32, and through which selector.
    [[nodiscard]] constexpr u32 gate_offset() const {
        return static_cast<u32>(value & 0xffff) | static_cast<u32>(value >> 32 & 0xffff'0000);
    }
    [[nodiscard]] constexpr u16 gate_selector() const { return static_cast<u16>(value >> 16); }
    [[nodiscard]] constexpr u8 gate_parameters() const { return static_cast<u8>(value >> 32 & 0x1f); }
    [[nodiscard]] constexpr u8 gate_stack() const { return static_cast<u8>(value >> 32 & 7); } // IST
};

} // namespace orrery::x86
