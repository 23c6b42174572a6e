#include "cpu/riscv/state.hpp"

namespace orrery::riscv {
namespace {

constexpr u32 offset_of_x = offsetof(State, x);
constexpr u32 offset_of_f = offsetof(State, f);

constexpr std::array<std::string_view, 32> x_names = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "x31"};
constexpr std::array<std::string_view, 32> f_names = {
    "f0",  "f1",  "f2",  "f3",  "f4",  "f5",  "f6",  "f7",  "f8",  "f9",  "f10", "f11", "f12", "f13", "f14", "f15",
    "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27", "f28", "f29", "f30", "f31"};

constexpr auto slot_table = [] {
    std::array<ir::Slot, slot::count> table{};
    for (u32 i = 1; i < 32; ++i) table[slot::x(i)] = {x_names[i], offset_of_x + 8 * i};
    for (u32 i = 0; i < 32; ++i) table[slot::f(i)] = {f_names[i], offset_of_f + 8 * i};
    table[slot::pc] = {"pc", offsetof(State, pc)};
    table[slot::fflags] = {"fflags", offsetof(State, fflags)};
    table[slot::frm] = {"frm", offsetof(State, frm)};
    table[slot::mstatus] = {"mstatus", offsetof(State, mstatus)};
    table[slot::sscratch] = {"sscratch", offsetof(State, sscratch)};
    table[slot::sepc] = {"sepc", offsetof(State, sepc)};
    table[slot::scause] = {"scause", offsetof(State, scause)};
    table[slot::stval] = {"stval", offsetof(State, stval)};
    table[slot::mscratch] = {"mscratch", offsetof(State, mscratch)};
    table[slot::mepc] = {"mepc", offsetof(State, mepc)};
    table[slot::mcause] = {"mcause", offsetof(State, mcause)};
    table[slot::mtval] = {"mtval", offsetof(State, mtval)};
    return table;
}();

// By how often compiled code names them: argument registers and the stack pointer first, then callee-saved ones.
// Floating-point registers follow in the order of the calling convention; a back end keeps the two files apart.
constexpr std::array<u16, 63> hot_table = {
    slot::x(15), slot::x(14), slot::x(10), slot::x(13), slot::x(2),  slot::x(11), slot::x(12), slot::x(8),
    slot::x(9),  slot::x(1),  slot::x(6),  slot::x(16), slot::x(17), slot::x(28), slot::x(18), slot::x(29),
    slot::x(19), slot::x(20), slot::x(30), slot::x(21), slot::x(5),  slot::x(4),  slot::x(22), slot::x(31),
    slot::x(7),  slot::x(23), slot::x(24), slot::x(25), slot::x(26), slot::x(27), slot::x(3),  slot::f(15),
    slot::f(14), slot::f(10), slot::f(11), slot::f(13), slot::f(12), slot::f(16), slot::f(17), slot::f(8),
    slot::f(9),  slot::f(0),  slot::f(1),  slot::f(2),  slot::f(3),  slot::f(4),  slot::f(5),  slot::f(6),
    slot::f(7),  slot::f(28), slot::f(29), slot::f(30), slot::f(31), slot::f(18), slot::f(19), slot::f(20),
    slot::f(21), slot::f(22), slot::f(23), slot::f(24), slot::f(25), slot::f(26), slot::f(27)};

} // namespace

std::span<const ir::Slot> slots() { return slot_table; }
std::span<const u16> hot_slots() { return hot_table; }

} // namespace orrery::riscv
