// The architectural state of one x86-64 CPU as a plain struct: the translator runs on it, KVM imports and exports it,
// snapshots and debuggers see it through `fields`. Below it, the numbered slots by which IR addresses registers. Member
// initialisers are the values after power-on (SDM 3A 9.1.1, table 9-1). Sections are those of Intel's Software
// Developer's Manual (SDM).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "cpu/x86/control_bits.hpp"
#include "cpu/x86/segment.hpp"
#include "jit/ir/ir.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::x86 {

// In the order in which instructions number them (SDM 2, table 3-1).
namespace gpr {
inline constexpr u32 rax = 0, rcx = 1, rdx = 2, rbx = 3, rsp = 4, rbp = 5, rsi = 6, rdi = 7;
inline constexpr u32 count = 16;
} // namespace gpr

// What the six arithmetic flags are computed from, when someone asks (see flags.hpp).
struct LazyFlags {
    u64 kind = 0; // FlagKind
    u64 result = 0;
    u64 operand = 0;
    static constexpr void fields(auto& s, auto&& f) {
        f("kind", s.kind), f("result", s.result), f("operand", s.operand);
    }
};

struct DescriptorTable {
    u64 base = 0;
    u16 limit = 0xffff;
    static constexpr void fields(auto& s, auto&& f) { f("base", s.base), f("limit", s.limit); }
};

// The x87 unit (SDM 1, 8.1). Registers stand in their physical order, not in the order of the stack: a push moves TOP,
// not eight registers. An 80-bit value is a significand and the sign with the exponent.
struct X87 {
    struct Register {
        u64 significand = 0;
        u16 sign_exponent = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("significand", s.significand), f("sign_exponent", s.sign_exponent);
        }
    };
    std::array<Register, 8> registers{};
    u16 control = 0x0040;
    u16 status = 0; // without TOP
    u8 top = 0;
    u8 valid = 0; // a bit for each physical register that isn't empty
    u16 opcode = 0;
    // Of the last one that wasn't a control instruction, an offset or, without descriptors, a linear address. The data
    // pointer and the opcode are those of the last unmasked exception, and selectors aren't kept: CPUID says so
    // (SDM 1, 8.1.8 and 8.1.9).
    u64 instruction = 0;
    u64 data = 0;
    // Exceptions of a store whose value is on its way to memory. Means nothing between instructions.
    u16 unfinished_store = 0;
    u16 unfinished_upper = 0; // bits 79:64 of such a value
    static constexpr void fields(auto& s, auto&& f) {
        f("registers", s.registers), f("control", s.control), f("status", s.status), f("top", s.top);
        f("valid", s.valid), f("opcode", s.opcode), f("instruction", s.instruction), f("data", s.data);
    }
};

// 128 bits, little end first. Those above, of the YMM registers, stand apart, as in the XSAVE area (SDM 1, 13.4).
using Vector = std::array<u64, 2>;

struct Mtrrs {
    static constexpr u32 variable_count = 8;
    u64 default_type = 0; // IA32_MTRR_DEF_TYPE
    std::array<u64, 11> fixed{};
    std::array<u64, variable_count> base{};
    std::array<u64, variable_count> mask{};
    static constexpr void fields(auto& s, auto&& f) {
        f("default_type", s.default_type), f("fixed", s.fixed), f("base", s.base), f("mask", s.mask);
    }
};

// Values of State::interrupt_shadow.
inline constexpr u64 shadow_of_sti = 1;
inline constexpr u64 shadow_of_stack = 2; // of a load of SS: debug exceptions wait, too

enum class Activity : u8 { running, halted, waiting_for_sipi, shut_down };

struct State {
    // Slots, all 64 bits wide.
    std::array<u64, gpr::count> r{}; // a reset leaves the processor's signature in RDX
    // The linear address of the next instruction: RIP, which Core has, plus the base of CS.
    u64 pc = 0xffff'fff0;
    LazyFlags lazy;
    u64 rflags = rflags_fixed; // the arithmetic flags are those of `lazy`
    std::array<SegmentCache, segment_count> segments = segments_at_reset;
    u64 mxcsr = 0x1f80;
    // The instruction before this one keeps interrupts away from it: sti, and a load of SS (SDM 3A 6.8.3).
    u64 interrupt_shadow = 0;
    // A debug exception that is due before the next instruction: bits of DR6, 0 for none (SDM 3B 17.3.1.4).
    u64 pending_debug = 0;

    std::array<Vector, 16> xmm{};
    std::array<Vector, 16> ymm_high{};
    // What an instruction has read of memory before it computes with vectors. Means nothing between instructions.
    std::array<Vector, 4> scratch{}; // the third and fourth: the upper halves of the first and second
    X87 x87;

    u64 cr0 = cr0::reset;
    u64 cr2 = 0;
    u64 cr3 = 0;
    u64 cr4 = 0;
    u64 efer = 0;
    u64 xcr0 = xcr0::x87;
    std::array<u64, 4> pdptes{}; // with PAE paging: what CR3's load has read (SDM 3A 4.4.1)
    std::array<u64, 4> dr{};
    u64 dr6 = 0xffff'0ff0;
    u64 dr7 = 0x0000'0400;
    DescriptorTable gdtr;
    DescriptorTable idtr;
    SegmentCache ldtr = ldtr_at_reset;
    SegmentCache tr = tr_at_reset;

    u64 star = 0;
    u64 lstar = 0;
    u64 cstar = 0;
    u64 sfmask = 0;
    u64 kernel_gs_base = 0;
    u64 sysenter_cs = 0;
    u64 sysenter_esp = 0;
    u64 sysenter_eip = 0;
    u64 pat = 0x0007'0406'0007'0406;
    u64 misc_enable = misc_enable::reset;
    u64 spec_ctrl = 0;
    u64 tsc_offset = 0; // added to what the clock gives
    u64 tsc_adjust = 0;
    u64 tsc_aux = 0;
    Mtrrs mtrrs;

    Activity activity = Activity::running;
    bool nmi_blocked = false; // until the handler's iret (SDM 3A 6.7.1)
    bool a20 = true;          // the level of the A20M# pin: false clears bit 20 of physical addresses
    bool ignne = false;       // the pending x87 exception is to be ignored, with CR0.NE clear (SDM 3A 2.5)
    // What came from outside, as EventBits. Other threads change it: std::atomic_ref only.
    alignas(8) u64 events = 0;
    u8 sipi_vector = 0;

    static constexpr void fields(auto& s, auto&& f) {
        f("r", s.r), f("pc", s.pc), f("lazy", s.lazy), f("rflags", s.rflags), f("segments", s.segments);
        f("mxcsr", s.mxcsr), f("xmm", s.xmm), f("ymm_high", s.ymm_high), f("x87", s.x87);
        f("cr0", s.cr0), f("cr2", s.cr2), f("cr3", s.cr3), f("cr4", s.cr4), f("efer", s.efer), f("xcr0", s.xcr0);
        f("pdptes", s.pdptes), f("dr", s.dr), f("dr6", s.dr6), f("dr7", s.dr7);
        f("gdtr", s.gdtr), f("idtr", s.idtr), f("ldtr", s.ldtr), f("tr", s.tr);
        f("star", s.star), f("lstar", s.lstar), f("cstar", s.cstar), f("sfmask", s.sfmask);
        f("kernel_gs_base", s.kernel_gs_base), f("sysenter_cs", s.sysenter_cs), f("sysenter_esp", s.sysenter_esp);
        f("sysenter_eip", s.sysenter_eip), f("pat", s.pat), f("misc_enable", s.misc_enable),
            f("spec_ctrl", s.spec_ctrl);
        f("tsc_offset", s.tsc_offset), f("tsc_adjust", s.tsc_adjust), f("tsc_aux", s.tsc_aux), f("mtrrs", s.mtrrs);
        f("activity", s.activity), f("interrupt_shadow", s.interrupt_shadow), f("pending_debug", s.pending_debug);
        f("nmi_blocked", s.nmi_blocked);
        f("a20", s.a20), f("ignne", s.ignne), f("events", s.events), f("sipi_vector", s.sipi_vector);
    }

    [[nodiscard]] SegmentCache& segment(Segment name) { return segments[static_cast<std::size_t>(name)]; }
    [[nodiscard]] const SegmentCache& segment(Segment name) const { return segments[static_cast<std::size_t>(name)]; }
};
static_assert(std::is_standard_layout_v<State>, "slots are found by their offsets");

// Bits of State::events.
namespace event {
inline constexpr u64 interrupt = 1; // the level of INTR
inline constexpr u64 nmi = 2;       // these three are latched until they are taken
inline constexpr u64 init = 4;
inline constexpr u64 sipi = 8;
inline constexpr u64 a20_masked = 16; // the level of A20M#, for `a20` to follow
inline constexpr u64 ignne = 32;      // IGNNE# was asserted
} // namespace event

namespace slot {
constexpr u16 r(u32 number) { return static_cast<u16>(number); }
inline constexpr u16 pc = 16;
inline constexpr u16 flag_kind = 17;
inline constexpr u16 flag_result = 18;
inline constexpr u16 flag_operand = 19;
inline constexpr u16 rflags = 20;
constexpr u16 segment_base(Segment name) { return static_cast<u16>(21 + static_cast<u32>(name)); }
inline constexpr u16 mxcsr = 27;
inline constexpr u16 interrupt_shadow = 28;
inline constexpr u16 pending_debug = 29;
constexpr u16 xmm_low(u32 number) { return static_cast<u16>(30 + 2 * number); }
constexpr u16 xmm_high(u32 number) { return static_cast<u16>(31 + 2 * number); }
constexpr u16 scratch_low(u32 number) { return static_cast<u16>(62 + 2 * number); }
constexpr u16 scratch_high(u32 number) { return static_cast<u16>(63 + 2 * number); }
inline constexpr u16 x87_instruction = 70;
constexpr u16 ymm_high_low(u32 number) { return static_cast<u16>(71 + 2 * number); }
constexpr u16 ymm_high_high(u32 number) { return static_cast<u16>(72 + 2 * number); }
inline constexpr u16 kernel_gs_base = 103;
inline constexpr u16 count = 104;
} // namespace slot

std::span<const ir::Slot> slots();
std::span<const u16> hot_slots();

} // namespace orrery::x86
