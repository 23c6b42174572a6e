// Helpers of the x87 instructions that compute with an operand, load, store and move (SDM 1, 8.3.3 to 8.3.6).
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

using Operation = X87Request::Operation;
using StackFault = X87Unit::StackFault;
using softfloat::F32;
using softfloat::F64;
using softfloat::Relation;
namespace extended = softfloat::extended;
namespace x87_flag = softfloat::x87_flag;

// What translated code has read of memory, or a register.
Extended operand(const X87Unit& unit, u64 value, ExtendedContext& context) {
    switch (unit.request().type) {
    case X87Type::f32:
        return extended::widen<F32>(static_cast<u32>(value), context);
    case X87Type::f64:
        return extended::widen<F64>(value, context);
    case X87Type::i16:
        return extended::from_integer(static_cast<i16>(value));
    case X87Type::i32:
        return extended::from_integer(static_cast<i32>(value));
    case X87Type::i64:
        return extended::from_integer(static_cast<i64>(value));
    case X87Type::extended:
        return {value, unit.request().upper};
    case X87Type::decimal:
        return extended::from_decimal({value, unit.request().upper});
    case X87Type::stack:
        break;
    }
    return unit.get(unit.request().index);
}

bool lacks_operand(const X87Unit& unit) {
    return unit.empty(0) || (unit.request().type == X87Type::stack && unit.empty(unit.request().index));
}

Extended compute(Operation operation, Extended top, Extended other, bool to_index, ExtendedContext& context) {
    const Extended to = to_index ? other : top;
    const Extended from = to_index ? top : other;
    switch (operation) {
    case Operation::add:
        return extended::add(to, from, context);
    case Operation::multiply:
        return extended::mul(to, from, context);
    case Operation::subtract:
        return extended::sub(to, from, context);
    case Operation::subtract_reversed:
        return extended::sub(from, to, context);
    case Operation::divide:
        return extended::div(to, from, context);
    default: // divide_reversed
        return extended::div(from, to, context);
    }
}

Relation related(X87Unit& unit, u64 value, ExtendedContext& context) {
    using softfloat::NanComparison;
    const bool quiet = unit.request().operation == Operation::compare_quietly;
    const Extended other = operand(unit, value, context);
    return extended::compare(unit.get(0), other, quiet ? NanComparison::quiet : NanComparison::signaling, context);
}

constexpr u16 conditions_of(Relation relation) {
    switch (relation) {
    case Relation::less:
        return x87_status::c0;
    case Relation::equal:
        return x87_status::c3;
    case Relation::greater:
        return 0;
    case Relation::unordered:
        break;
    }
    return x87_status::c0 | x87_status::c2 | x87_status::c3;
}

// SDM 2, FCOMI: the same in ZF, PF and CF.
constexpr u32 flags_of(Relation relation) {
    switch (relation) {
    case Relation::less:
        return flag::carry;
    case Relation::equal:
        return flag::zero;
    case Relation::greater:
        return 0;
    case Relation::unordered:
        break;
    }
    return flag::carry | flag::parity | flag::zero;
}

// Compares, and hands what comes out to `put`.
template <typename Put> void compare(X87Unit& unit, u64 value, Put put) {
    const auto commit = [&](Relation relation) {
        put(relation);
        unit.pop(unit.request().pops);
    };
    if (lacks_operand(unit)) return unit.conclude(StackFault::underflow, [&] { commit(Relation::unordered); });
    ExtendedContext context = unit.context();
    const Relation relation = related(unit, value, context);
    unit.conclude(context, [&] { commit(relation); });
}

} // namespace

namespace helper {

u64 x87_arithmetic(void* self, u64 value, u64 data, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), data);
    const X87Request& request = unit.request();
    const auto commit = [&](Extended result) {
        unit.put(request.to_index ? request.index : 0, result);
        unit.pop(request.pops);
    };
    if (lacks_operand(unit)) {
        unit.conclude(StackFault::underflow, [&] { commit(extended::indefinite); });
        return 0;
    }
    ExtendedContext context = unit.context();
    const Extended other = operand(unit, value, context);
    const Extended result = compute(request.operation, unit.get(0), other, request.to_index, context);
    unit.conclude(context, [&] { commit(result); });
    return 0;
}

u64 x87_compare(void* self, u64 value, u64 data, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), data);
    compare(unit, value, [&](Relation relation) { unit.set_conditions(conditions_of(relation)); });
    return 0;
}

u64 x87_compare_flags(void* self, u64, u64, u64 packed) {
    Core& core = core_of(self);
    X87Unit unit(core, X87Request::unpack(packed), X87Unit::no_data);
    compare(unit, 0, [&](Relation relation) {
        core.state().lazy = {flag_kind(FlagOperation::image, 0), 0, flags_of(relation)};
    });
    return 0;
}

u64 x87_load(void* self, u64 value, u64 data, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), data);
    const X87Request& request = unit.request();
    const bool nothing = request.type == X87Type::stack && unit.empty(request.index);
    if (nothing || !unit.has_room()) {
        unit.conclude(nothing ? StackFault::underflow : StackFault::overflow, [&] { unit.push(extended::indefinite); });
        return 0;
    }
    ExtendedContext context = unit.context();
    Extended loaded = operand(unit, value, context);
    if (request.type == X87Type::f32 || request.type == X87Type::f64) {
        if (context.denormal_operand) context.raise(x87_flag::denormal);
        if (classify(loaded) == softfloat::ExtendedClass::signaling_nan) {
            context.raise(x87_flag::invalid);
            loaded.significand |= u64{1} << 62;
        }
    }
    // A denormal is loaded even where it is an unmasked exception.
    if (!context.stops() || (context.raised & x87_flag::denormal) != 0) unit.push(loaded);
    unit.report(context.raised);
    return 0;
}

namespace {

// SDM 2, FLD1 and its like: rounded as the control word says, with no exception.
struct Constant {
    Extended value; // rounded toward zero
    bool above_half = false;
    bool exact = false;
};
constexpr std::array<Constant, 7> constants{{
    {extended::one, false, true},
    {{0xd49a'784b'cd1b'8afe, 0x4000}, false}, // log2(10)
    {{0xb8aa'3b29'5c17'f0bb, 0x3fff}, true},  // log2(e)
    {{0xc90f'daa2'2168'c234, 0x4000}, true},  // pi
    {{0x9a20'9a84'fbcf'f798, 0x3ffd}, true},  // log10(2)
    {{0xb172'17f7'd1cf'79ab, 0x3ffe}, true},  // ln(2)
    {extended::zero, false, true},
}};

u64 put_store(X87Unit& unit, u64 value, u16 raised) {
    unit.state().unfinished_store = raised;
    return value;
}

extended::Decimal bits_of(Extended a) { return {a.significand, a.sign_exponent}; }

u64 indefinite_of(X87Type type) {
    switch (type) {
    case X87Type::f32:
        return 0xffc0'0000;
    case X87Type::f64:
        return 0xfff8'0000'0000'0000;
    default: // the lowest number of each size
        return type == X87Type::i16 ? 0x8000 : type == X87Type::i32 ? 0x8000'0000 : u64{1} << 63;
    }
}

u64 converted(const X87Unit& unit, ExtendedContext& context) {
    const bool truncated = unit.request().operation == Operation::store_truncated;
    const softfloat::Rounding rounding = truncated ? softfloat::Rounding::toward_zero : context.rounding;
    const Extended top = unit.get(0);
    switch (unit.request().type) {
    case X87Type::f32:
        return extended::narrow<F32>(top, context);
    case X87Type::f64:
        return extended::narrow<F64>(top, context);
    case X87Type::i16:
        return static_cast<u64>(extended::to_integer(top, 16, rounding, context));
    case X87Type::i32:
        return static_cast<u64>(extended::to_integer(top, 32, rounding, context));
    default:
        return static_cast<u64>(extended::to_integer(top, 64, rounding, context));
    }
}

} // namespace

u64 x87_load_constant(void* self, u64 number, u64, u64 packed) {
    using softfloat::Rounding;
    X87Unit unit(core_of(self), X87Request::unpack(packed), X87Unit::no_data);
    if (!unit.has_room()) {
        unit.conclude(StackFault::overflow, [&] { unit.push(extended::indefinite); });
        return 0;
    }
    const Constant& constant = constants[number];
    const ExtendedContext context = unit.context();
    const bool up = !constant.exact && (context.rounding == Rounding::up ||
                                        (context.rounding == Rounding::nearest_even && constant.above_half));
    Extended value = constant.value;
    if (up) ++value.significand;
    unit.conclude(context, [&] { unit.push(value); });
    return 0;
}

u64 x87_store(void* self, u64 data, u64, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), data);
    if (unit.empty(0)) {
        constexpr u16 raised = X87Unit::flags_of(StackFault::underflow);
        if (unit.context().is_masked(x87_flag::invalid))
            return put_store(unit, indefinite_of(unit.request().type), raised);
        unit.report(raised);
        return 0;
    }
    ExtendedContext context = unit.context();
    const u64 value = converted(unit, context);
    if (!context.stops_store()) return put_store(unit, value, context.raised);
    unit.report(context.raised);
    return 0;
}

u64 x87_finish_store(void* self, u64 data, u64, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), data);
    unit.pop(unit.request().pops);
    unit.report(unit.state().unfinished_store);
    return 0;
}

u64 x87_store_wide(void* self, u64 address, u64 data, u64 packed) {
    Core& core = core_of(self);
    X87Unit unit(core, X87Request::unpack(packed), data);
    const bool decimal = unit.request().type == X87Type::decimal;
    ExtendedContext context = unit.context();
    extended::Decimal image{};
    u16 raised = 0;
    bool stops = false;
    if (unit.empty(0)) {
        raised = X87Unit::flags_of(StackFault::underflow);
        stops = !context.is_masked(x87_flag::invalid);
        image = decimal ? extended::indefinite_decimal : bits_of(extended::indefinite);
    } else {
        image = decimal ? extended::to_decimal(unit.get(0), context) : bits_of(unit.get(0));
        raised = context.raised;
        stops = context.stops_store();
    }
    if (stops) {
        unit.report(raised);
        return 0;
    }
    // The two stores that follow must not be half done.
    if ((address ^ (address + 9)) >= page_size)
        if (const auto writable = core.check_writable(address, 10); !writable) {
            core.services().leave_raising(writable.error());
            return 0;
        }
    unit.state().unfinished_upper = image.high;
    return put_store(unit, image.low, raised);
}

u64 x87_upper(void* self, u64, u64, u64) { return core_of(self).state().x87.unfinished_upper; }

u64 x87_move(void* self, u64, u64, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), X87Unit::no_data);
    const X87Request& request = unit.request();
    const auto value_or_indefinite = [&](u32 index) {
        return unit.empty(index) ? extended::indefinite : unit.get(index);
    };
    switch (request.operation) {
    case Operation::copy: {
        const auto commit = [&] {
            unit.put(request.index, value_or_indefinite(0));
            unit.pop(request.pops);
        };
        if (unit.empty(0))
            unit.conclude(StackFault::underflow, commit);
        else
            unit.conclude(unit.context(), commit);
        return 0;
    }
    case Operation::copy_if_any:
        if (!unit.empty(0)) unit.put(request.index, unit.get(0));
        unit.pop(request.pops);
        break;
    case Operation::exchange: {
        const auto commit = [&] {
            const Extended top = value_or_indefinite(0);
            unit.put(0, value_or_indefinite(request.index));
            unit.put(request.index, top);
        };
        if (unit.empty(0) || unit.empty(request.index))
            unit.conclude(StackFault::underflow, commit);
        else
            unit.conclude(unit.context(), commit);
        return 0;
    }
    case Operation::free:
        unit.free(request.index);
        unit.pop(request.pops);
        break;
    case Operation::rotate_up:
        unit.rotate(1);
        break;
    default: // rotate_down
        unit.rotate(7);
    }
    unit.report(0);
    return 0;
}

u64 x87_move_if(void* self, u64 condition, u64, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), X87Unit::no_data);
    if (lacks_operand(unit)) {
        unit.conclude(StackFault::underflow, [&] { unit.put(0, extended::indefinite); });
        return 0;
    }
    if (condition != 0) unit.put(0, unit.get(unit.request().index));
    return 0;
}

} // namespace helper
} // namespace orrery::x86
