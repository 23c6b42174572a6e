#include "cpu/x86/state.hpp"

namespace orrery::x86 {
namespace {

constexpr std::array<std::string_view, gpr::count> register_names = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr std::array<std::string_view, segment_count> base_names = {"es_base", "cs_base", "ss_base",
                                                                    "ds_base", "fs_base", "gs_base"};
constexpr std::array<std::string_view, 16> low_names = {
    "xmm0.low", "xmm1.low", "xmm2.low",  "xmm3.low",  "xmm4.low",  "xmm5.low",  "xmm6.low",  "xmm7.low",
    "xmm8.low", "xmm9.low", "xmm10.low", "xmm11.low", "xmm12.low", "xmm13.low", "xmm14.low", "xmm15.low"};
constexpr std::array<std::string_view, 16> high_names = {
    "xmm0.high", "xmm1.high", "xmm2.high",  "xmm3.high",  "xmm4.high",  "xmm5.high",  "xmm6.high",  "xmm7.high",
    "xmm8.high", "xmm9.high", "xmm10.high", "xmm11.high", "xmm12.high", "xmm13.high", "xmm14.high", "xmm15.high"};

constexpr std::array<std::string_view, 16> upper_low_names = {
    "ymm0_high.low",  "ymm1_high.low",  "ymm2_high.low",  "ymm3_high.low", "ymm4_high.low",  "ymm5_high.low",
    "ymm6_high.low",  "ymm7_high.low",  "ymm8_high.low",  "ymm9_high.low", "ymm10_high.low", "ymm11_high.low",
    "ymm12_high.low", "ymm13_high.low", "ymm14_high.low", "ymm15_high.low"};
constexpr std::array<std::string_view, 16> upper_high_names = {
    "ymm0_high.high",  "ymm1_high.high",  "ymm2_high.high",  "ymm3_high.high", "ymm4_high.high",  "ymm5_high.high",
    "ymm6_high.high",  "ymm7_high.high",  "ymm8_high.high",  "ymm9_high.high", "ymm10_high.high", "ymm11_high.high",
    "ymm12_high.high", "ymm13_high.high", "ymm14_high.high", "ymm15_high.high"};

constexpr u32 at(std::size_t base, std::size_t size, u32 index) { return static_cast<u32>(base + size * index); }

constexpr auto slot_table = [] {
    std::array<ir::Slot, slot::count> table{};
    for (u32 i = 0; i < gpr::count; ++i) table[slot::r(i)] = {register_names[i], at(offsetof(State, r), 8, i)};
    table[slot::pc] = {"pc", offsetof(State, pc)};
    constexpr u32 lazy = offsetof(State, lazy);
    table[slot::flag_kind] = {"flag_kind", lazy + offsetof(LazyFlags, kind)};
    table[slot::flag_result] = {"flag_result", lazy + offsetof(LazyFlags, result)};
    table[slot::flag_operand] = {"flag_operand", lazy + offsetof(LazyFlags, operand)};
    table[slot::rflags] = {"rflags", offsetof(State, rflags)};
    for (u32 i = 0; i < segment_count; ++i)
        table[slot::segment_base(static_cast<Segment>(i))] = {
            base_names[i], at(offsetof(State, segments) + offsetof(SegmentCache, base), sizeof(SegmentCache), i)};
    table[slot::mxcsr] = {"mxcsr", offsetof(State, mxcsr)};
    table[slot::interrupt_shadow] = {"interrupt_shadow", offsetof(State, interrupt_shadow)};
    table[slot::pending_debug] = {"pending_debug", offsetof(State, pending_debug)};
    for (u32 i = 0; i < 16; ++i) {
        table[slot::xmm_low(i)] = {low_names[i], at(offsetof(State, xmm), sizeof(Vector), i)};
        table[slot::xmm_high(i)] = {high_names[i], at(offsetof(State, xmm) + 8, sizeof(Vector), i)};
        table[slot::ymm_high_low(i)] = {upper_low_names[i], at(offsetof(State, ymm_high), sizeof(Vector), i)};
        table[slot::ymm_high_high(i)] = {upper_high_names[i], at(offsetof(State, ymm_high) + 8, sizeof(Vector), i)};
    }
    for (u32 i = 0; i < 4; ++i) {
        table[slot::scratch_low(i)] = {"scratch.low", at(offsetof(State, scratch), sizeof(Vector), i)};
        table[slot::scratch_high(i)] = {"scratch.high", at(offsetof(State, scratch) + 8, sizeof(Vector), i)};
    }
    table[slot::x87_instruction] = {"x87.instruction", offsetof(State, x87) + offsetof(X87, instruction)};
    table[slot::kernel_gs_base] = {"kernel_gs_base", offsetof(State, kernel_gs_base)};
    return table;
}();

// By how often compilers' code names them.
constexpr std::array hot_table = {slot::r(gpr::rax), slot::r(gpr::rsp),  slot::r(gpr::rdi), slot::r(gpr::rdx),
                                  slot::flag_result, slot::r(gpr::rsi),  slot::r(gpr::rcx), slot::r(gpr::rbx),
                                  slot::r(gpr::rbp), slot::flag_operand, slot::r(8),        slot::r(12),
                                  slot::r(9),        slot::r(13),        slot::r(14),       slot::r(10),
                                  slot::r(15),       slot::r(11),        slot::flag_kind};

} // namespace

std::span<const ir::Slot> slots() { return slot_table; }
std::span<const u16> hot_slots() { return hot_table; }

} // namespace orrery::x86
