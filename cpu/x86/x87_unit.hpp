// The x87 unit while it executes one instruction (SDM 1, chapter 8): its stack, and how exceptions are reported. Made
// by the helpers that translated code calls; x87_helpers.cpp and x87_functions.cpp say what the instructions do.
#pragma once

#include "cpu/float/extended.hpp"
#include "cpu/x86/core.hpp"

namespace orrery::x86 {

using softfloat::Extended;
using softfloat::ExtendedContext;

// Of the status word, besides softfloat::x87_flag (SDM 1, 8.1.3).
namespace x87_status {
inline constexpr u16 stack_fault = 1 << 6;
inline constexpr u16 summary = 1 << 7; // ES: an unmasked exception is pending
inline constexpr u16 c0 = 1 << 8;
inline constexpr u16 c1 = 1 << 9;
inline constexpr u16 c2 = 1 << 10;
inline constexpr u16 c3 = 1 << 14;
inline constexpr u16 busy = 1 << 15; // the same as ES
inline constexpr u16 pending = summary | busy;
} // namespace x87_status

inline constexpr u16 x87_control_after_init = 0x037f;
// Bits of the control word that can be changed; bit 6 is always set.
inline constexpr u16 x87_control_bits = 0x1f3f;
inline constexpr u16 x87_control_fixed = 0x0040;

// What an operand in memory is; `stack`: it is a register.
enum class X87Type : u8 { stack, f32, f64, extended, i16, i32, i64, decimal };

// What the helpers are told of an instruction.
struct X87Request {
    enum class Operation : u8 {
        add,
        multiply,
        subtract,
        subtract_reversed,
        divide,
        divide_reversed,
        compare, // an unordered result is invalid
        compare_quietly,
        load,
        store,
        store_truncated,
        // x87_move
        copy,
        copy_if_any, // fstpnce: no exception if there is nothing
        exchange,
        free,
        rotate_up, // fincstp
        rotate_down,
        // x87_transform: from what is on the stack
        change_sign,
        absolute,
        test,
        examine,
        square_root,
        round,
        scale,
        extract,
        remainder,
        nearest_remainder,
        sine,
        cosine,
        sine_and_cosine,
        tangent,
        arctangent,
        power_of_two,
        logarithm,
        logarithm_near_one
    };

    Operation operation = Operation::add;
    X87Type type = X87Type::stack;
    u8 index = 0;          // of the operand ST(index)
    bool to_index = false; // the result goes to it, and not to ST(0)
    u8 pops = 0;
    u8 length = 0;  // of the instruction in bytes
    u16 opcode = 0; // as FOP has it: 11 bits
    u16 upper = 0;  // of an operand of 80 bits

    [[nodiscard]] constexpr u64 pack() const {
        return static_cast<u64>(operation) | static_cast<u64>(type) << 8 | u64{index} << 16 | u64{to_index} << 20 |
               u64{pops} << 24 | u64{length} << 28 | u64{opcode} << 32 | u64{upper} << upper_shift;
    }
    static constexpr X87Request unpack(u64 packed) {
        return {.operation = static_cast<Operation>(packed & 0xff),
                .type = static_cast<X87Type>(packed >> 8 & 0xff),
                .index = static_cast<u8>(packed >> 16 & 15),
                .to_index = (packed >> 20 & 1) != 0,
                .pops = static_cast<u8>(packed >> 24 & 15),
                .length = static_cast<u8>(packed >> 28 & 15),
                .opcode = static_cast<u16>(packed >> 32 & 0x7ff),
                .upper = static_cast<u16>(packed >> upper_shift)};
    }
    static constexpr u32 upper_shift = 48;
};

class X87Unit {
public:
    // `data`: the offset of the operand in memory, or no_data.
    X87Unit(Core& core, X87Request request, u64 data)
        : core_(core), x87_(core.state().x87), request_(request), data_(data) {}
    static constexpr u64 no_data = ~u64{0};

    [[nodiscard]] const X87Request& request() const { return request_; }
    [[nodiscard]] X87& state() { return x87_; }
    [[nodiscard]] ExtendedContext context() const { return ExtendedContext(x87_.control); }

    // ---- the stack
    [[nodiscard]] bool empty(u32 index) const { return (x87_.valid >> physical(index) & 1) == 0; }
    [[nodiscard]] Extended get(u32 index) const {
        const X87::Register& from = x87_.registers[physical(index)];
        return {from.significand, from.sign_exponent};
    }
    void put(u32 index, Extended value) {
        x87_.registers[physical(index)] = {value.significand, value.sign_exponent};
        x87_.valid = static_cast<u8>(x87_.valid | 1U << physical(index));
    }
    void free(u32 index) { x87_.valid = static_cast<u8>(x87_.valid & ~(1U << physical(index))); }
    void rotate(u32 by) { x87_.top = static_cast<u8>((x87_.top + by) & 7); }
    void push(Extended value) {
        rotate(7);
        put(0, value);
    }
    void pop(u32 count) {
        for (; count > 0; --count) {
            free(0);
            rotate(1);
        }
    }
    [[nodiscard]] bool has_room() const { return empty(7); }

    // ---- the end of an instruction
    // `commit` makes its changes, unless an unmasked exception forbids it.
    template <typename Commit> void conclude(const ExtendedContext& context, Commit commit) {
        if (!context.stops()) commit();
        report(context.raised);
    }
    // SDM 1, 8.5.1.1; `commit` makes the changes of the masked response.
    enum class StackFault : u8 { underflow, overflow };
    template <typename Commit> void conclude(StackFault fault, Commit commit) {
        if ((x87_.control & softfloat::x87_flag::invalid) != 0) commit();
        report(flags_of(fault));
    }
    static constexpr u16 flags_of(StackFault fault) {
        return static_cast<u16>(softfloat::x87_flag::invalid | x87_status::stack_fault |
                                (fault == StackFault::overflow ? x87_status::c1 : 0));
    }
    // Replaces C1, adds exceptions, and takes note of an unmasked one.
    void report(u16 raised) {
        x87_.status = static_cast<u16>((x87_.status & ~x87_status::c1) | raised);
        if ((raised & ~x87_.control & softfloat::x87_flag::exceptions) != 0) [[unlikely]]
            report_unmasked();
    }
    void clear_condition(u16 condition) { x87_.status = static_cast<u16>(x87_.status & ~condition); }
    void set_condition(u16 condition) { x87_.status = static_cast<u16>(x87_.status | condition); }
    void set_conditions(u16 conditions) {
        constexpr u16 all = x87_status::c0 | x87_status::c2 | x87_status::c3;
        x87_.status = static_cast<u16>((x87_.status & ~all) | conditions);
    }

private:
    [[nodiscard]] u32 physical(u32 index) const { return (x87_.top + index) & 7U; }
    void report_unmasked();

    Core& core_;
    X87& x87_;
    const X87Request request_;
    const u64 data_;
};

// ES and B anew, after control or status have changed by other ways than an exception. If they are others, what is
// translated after the instruction, which has `length` bytes, may have to be so, too.
void update_x87_summary(Core& core, u32 length);

// FNINIT
void initialize_x87(X87& x87);

} // namespace orrery::x86
