// Helpers of the x87 instructions that compute from what is on the stack alone (SDM 1, 8.3.5 to 8.3.9).
#include "cpu/float/extended_functions.hpp"
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/x87_unit.hpp"

namespace orrery::x86 {
namespace {

using Operation = X87Request::Operation;
using StackFault = X87Unit::StackFault;
using softfloat::ExtendedClass;
using softfloat::Relation;
namespace extended = softfloat::extended;

// SDM 2, FXAM, table 3-41: C3, C2 and C0 say the class, C1 the sign.
void examine(X87Unit& unit) {
    using namespace x87_status;
    const Extended top = unit.get(0);
    const auto class_of = [&]() -> u16 {
        if (unit.empty(0)) return c3 | c0;
        switch (classify(top)) {
        case ExtendedClass::unsupported:
            return 0;
        case ExtendedClass::quiet_nan:
        case ExtendedClass::signaling_nan:
            return c0;
        case ExtendedClass::normal:
            return c2;
        case ExtendedClass::infinity:
            return c2 | c0;
        case ExtendedClass::zero:
            return c3;
        case ExtendedClass::denormal:
            break;
        }
        return c3 | c2;
    };
    unit.set_conditions(class_of());
    unit.report(top.negative() ? c1 : 0);
}

void test(X87Unit& unit) {
    using namespace x87_status;
    if (unit.empty(0)) return unit.conclude(StackFault::underflow, [&] { unit.set_conditions(c0 | c2 | c3); });
    ExtendedContext context = unit.context();
    const Relation relation =
        extended::compare(unit.get(0), extended::zero, softfloat::NanComparison::signaling, context);
    constexpr std::array<u16, 4> conditions{c0, c3, 0, c0 | c2 | c3};
    unit.conclude(context, [&] { unit.set_conditions(conditions[static_cast<std::size_t>(relation)]); });
}

// ST(0) becomes a function of itself.
template <typename Function> void replace_top(X87Unit& unit, Function function) {
    if (unit.empty(0)) return unit.conclude(StackFault::underflow, [&] { unit.put(0, extended::indefinite); });
    ExtendedContext context = unit.context();
    const Extended result = function(unit.get(0), context);
    unit.conclude(context, [&] { unit.put(0, result); });
}

// ST(0) becomes a function of itself and ST(1).
template <typename Function> void replace_top_by_two(X87Unit& unit, Function function) {
    if (unit.empty(0) || unit.empty(1))
        return unit.conclude(StackFault::underflow, [&] { unit.put(0, extended::indefinite); });
    ExtendedContext context = unit.context();
    const Extended result = function(unit.get(0), unit.get(1), context);
    unit.conclude(context, [&] { unit.put(0, result); });
}

// ST(0) becomes the first of two results, and the second is pushed.
template <typename Function> void replace_and_push(X87Unit& unit, Function function) {
    const auto commit = [&](Extended first, Extended second) {
        unit.put(0, first);
        unit.push(second);
    };
    if (unit.empty(0) || !unit.has_room())
        return unit.conclude(unit.empty(0) ? StackFault::underflow : StackFault::overflow,
                             [&] { commit(extended::indefinite, extended::indefinite); });
    ExtendedContext context = unit.context();
    const auto [first, second] = function(unit.get(0), context);
    unit.conclude(context, [&] { commit(first, second); });
}

// SDM 2, FPREM: the quotient's low bits are C0, C3 and C1, unless there is more to divide.
void remainder(X87Unit& unit, bool nearest) {
    unit.clear_condition(x87_status::c2);
    if (unit.empty(0) || unit.empty(1))
        return unit.conclude(StackFault::underflow, [&] { unit.put(0, extended::indefinite); });
    ExtendedContext context = unit.context();
    const extended::Remainder result = extended::remainder(unit.get(0), unit.get(1), nearest, context);
    const auto bit = [&](u32 number, u16 condition) {
        return (result.quotient >> number & 1) != 0 ? condition : u16{0};
    };
    using Outcome = extended::Remainder::Outcome;
    unit.conclude(context, [&] {
        unit.put(0, result.value);
        if (result.outcome == Outcome::impossible) return;
        const bool complete = result.outcome == Outcome::complete;
        unit.set_conditions(complete ? static_cast<u16>(bit(2, x87_status::c0) | bit(1, x87_status::c3))
                                     : x87_status::c2);
        if (complete) context.raise(bit(0, x87_status::c1));
    });
}

// Of an angle; one that is too large for it is left alone, and C2 says so (SDM 1, 8.3.8).
bool takes_angle(X87Unit& unit, bool pushes) {
    unit.clear_condition(x87_status::c2);
    const bool stack_fault = unit.empty(0) || (pushes && !unit.has_room());
    if (stack_fault || extended::is_reducible(unit.get(0))) return true;
    unit.report(0);
    unit.set_condition(x87_status::c2);
    return false;
}

// ST(1) becomes a function of itself and ST(0), which is popped.
template <typename Function> void replace_below(X87Unit& unit, Function function) {
    const auto commit = [&](Extended result) {
        unit.put(1, result);
        unit.pop(1);
    };
    if (unit.empty(0) || unit.empty(1))
        return unit.conclude(StackFault::underflow, [&] { commit(extended::indefinite); });
    ExtendedContext context = unit.context();
    const Extended result = function(unit.get(1), unit.get(0), context);
    unit.conclude(context, [&] { commit(result); });
}

std::pair<Extended, Extended> tangent_and_one(Extended a, ExtendedContext& context) {
    const Extended result = extended::tangent(a, context);
    const bool is_nan = result.exponent() == Extended::largest_exponent;
    return {result, is_nan ? result : extended::one};
}

void transcendental(X87Unit& unit) {
    switch (unit.request().operation) {
    case Operation::sine:
        if (takes_angle(unit, false)) replace_top(unit, extended::sine);
        return;
    case Operation::cosine:
        if (takes_angle(unit, false)) replace_top(unit, extended::cosine);
        return;
    case Operation::sine_and_cosine:
        if (takes_angle(unit, true)) replace_and_push(unit, extended::sine_and_cosine);
        return;
    case Operation::tangent:
        if (takes_angle(unit, true)) replace_and_push(unit, tangent_and_one);
        return;
    case Operation::arctangent:
        return replace_below(unit, extended::arctangent);
    case Operation::power_of_two:
        return replace_top(unit, extended::power_of_two_less_one);
    case Operation::logarithm:
        return replace_below(unit, extended::logarithm);
    default: // logarithm_near_one
        replace_below(unit, extended::logarithm_plus_one);
    }
}

} // namespace

namespace helper {

u64 x87_transform(void* self, u64, u64, u64 packed) {
    X87Unit unit(core_of(self), X87Request::unpack(packed), X87Unit::no_data);
    switch (unit.request().operation) {
    case Operation::change_sign:
        replace_top(unit, [](Extended a, ExtendedContext&) { return extended::with_sign(!a.negative(), a); });
        break;
    case Operation::absolute:
        replace_top(unit, [](Extended a, ExtendedContext&) { return extended::with_sign(false, a); });
        break;
    case Operation::test:
        test(unit);
        break;
    case Operation::examine:
        examine(unit);
        break;
    case Operation::square_root:
        replace_top(unit, extended::sqrt);
        break;
    case Operation::round:
        replace_top(unit, extended::round_to_integral);
        break;
    case Operation::scale:
        replace_top_by_two(unit, extended::scale);
        break;
    case Operation::extract:
        replace_and_push(unit, extended::extract);
        break;
    case Operation::remainder:
        remainder(unit, false);
        break;
    case Operation::nearest_remainder:
        remainder(unit, true);
        break;
    default:
        transcendental(unit);
    }
    return 0;
}

} // namespace helper
} // namespace orrery::x86
