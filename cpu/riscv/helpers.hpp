// Functions that translated code calls for what is better written in C++: see helpers.def for each one's arguments.
#pragma once

#include <span>

#include "jit/ir/ir.hpp"

namespace orrery::riscv {

// Numbers for ir::Builder::call.
enum class HelperNumber : u16 {
#define HELPER(name, writes_slots, may_leave, needs_count) name,
#include "cpu/riscv/helpers.def"
#undef HELPER
};

namespace helper {
#define HELPER(name, writes_slots, may_leave, needs_count) u64 name(void* self, u64 a, u64 b, u64 c);
#include "cpu/riscv/helpers.def"
#undef HELPER
} // namespace helper

std::span<const ir::HelperInfo> helper_table();

} // namespace orrery::riscv
