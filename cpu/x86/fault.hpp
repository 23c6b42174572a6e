// Exceptions as values (Fault in cpu/frontend.hpp): the code holds the vector, whether there is an error code, and the
// error code; the value is the linear address of a page fault, which CR2 gets, or one that isn't canonical, and of
// a debug exception what DR6 gets.
#pragma once

#include "cpu/frontend.hpp"
#include "cpu/x86/control_bits.hpp"

namespace orrery::x86 {

inline constexpr u64 fault_has_error_code = 1 << 8;

// SDM 3A 6.15: those that have an error code have one always.
constexpr Fault exception(u8 vector) { return {vector, 0}; }
constexpr Fault exception(u8 vector, u32 error_code) {
    return {vector | fault_has_error_code | u64{error_code} << 32, 0};
}
constexpr Fault page_fault(u64 linear_address, u32 error_code) {
    return {exception(vector::pf, error_code).code, linear_address};
}
constexpr Fault general_protection(u32 error_code = 0) { return exception(vector::gp, error_code); }

// `causes` are bits that DR6 gets.
constexpr Fault debug_exception(u64 causes) { return {vector::db, causes}; }
// Becomes #SS where the address is one of the stack's: see refers_to_stack().
constexpr Fault not_canonical(u64 linear_address) { return {general_protection().code, linear_address}; }

constexpr u8 vector_of(Fault fault) { return static_cast<u8>(fault.code); }
constexpr bool has_error_code(Fault fault) { return (fault.code & fault_has_error_code) != 0; }
constexpr u32 error_code_of(Fault fault) { return static_cast<u32>(fault.code >> 32); }

} // namespace orrery::x86
