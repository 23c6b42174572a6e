#include "cpu/riscv/diagnosis_words.hpp"

#include <array>

#include <fmt/format.h>

namespace orrery::riscv {
namespace {

constexpr u32 opcode_system = 0x73, opcode_load_float = 0x07, opcode_store_float = 0x27, first_opcode_float = 0x43,
              last_opcode_float = 0x53;

bool is_float(u32 instruction) {
    const u32 opcode = instruction & 0x7f;
    return opcode == opcode_load_float || opcode == opcode_store_float ||
           (opcode >= first_opcode_float && opcode <= last_opcode_float && (opcode & 3) == 3);
}

} // namespace

std::string_view exception_name(u64 code) {
    static constexpr std::array<std::string_view, 16> names = {"misaligned fetch",     "fetch access fault",
                                                               "illegal instruction",  "breakpoint",
                                                               "misaligned load",      "load access fault",
                                                               "misaligned store",     "store access fault",
                                                               "ecall from user mode", "ecall from supervisor mode",
                                                               "reserved exception",   "ecall from machine mode",
                                                               "fetch page fault",     "load page fault",
                                                               "reserved exception",   "store page fault"};
    return code < names.size() ? names[code] : "unknown exception";
}

std::string_view mode_name(Privilege privilege) {
    return privilege == Privilege::machine ? "machine" : privilege == Privilege::supervisor ? "supervisor" : "user";
}

bool has_address(u64 code) {
    const bool is_call =
        code >= static_cast<u64>(Exception::ecall_from_user) && code <= static_cast<u64>(Exception::ecall_from_machine);
    return code != static_cast<u64>(Exception::illegal_instruction) &&
           code != static_cast<u64>(Exception::breakpoint) && !is_call;
}

bool is_csr_access(u32 instruction) { return (instruction & 0x7f) == opcode_system && (instruction >> 12 & 3) != 0; }

u32 csr_of(u32 instruction) { return instruction >> 20; }

bool writes_csr(u32 instruction) { return (instruction >> 12 & 3) == 1 || (instruction >> 15 & 31) != 0; }

bool is_address_fence(u32 instruction) { return (instruction & 0xfe00'7fff) == 0x1200'0073; }

std::string illegal_instruction_words(u32 instruction, const State& state) {
    const bool compressed = (instruction & 3) != 3;
    const std::string what = fmt::format("illegal instruction {:#0{}x}",
                                         compressed ? instruction & 0xffff : instruction, compressed ? 6 : 10);
    if (is_float(instruction) && (state.mstatus & mstatus::fs) == 0)
        return what + ", which needs floating point, and that is switched off (mstatus.FS is 0)";
    return what;
}

} // namespace orrery::riscv
