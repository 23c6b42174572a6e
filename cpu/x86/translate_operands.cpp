// Operands, the stack and flags of a BlockTranslation.
#include "cpu/x86/translate.hpp"

namespace orrery::x86 {
namespace {

using IrOp = ir::Op;
using ir::Value;

constexpr u64 mask_of(u32 size) { return size == 8 ? ~u64{0} : (u64{1} << 8 * size) - 1; }

// Whether it writes memory where the guest says, other than helpers behind which a block ends anyway.
constexpr bool stores(HelperNumber helper) {
    switch (helper) {
    case HelperNumber::push_all:
    case HelperNumber::push_flags:
    case HelperNumber::enter:
    case HelperNumber::string:
    case HelperNumber::update:
    case HelperNumber::compare_and_swap:
    case HelperNumber::compare_and_swap_pair:
    case HelperNumber::store_masked:
    case HelperNumber::fxsave:
    case HelperNumber::xsave:
    case HelperNumber::x87_store_wide:
    case HelperNumber::x87_store_environment:
        return true;
    default:
        return false;
    }
}

} // namespace

Value BlockTranslation::zero_extend(Value value, u32 size) {
    switch (size) {
    case 1:
        return unary(IrOp::zext8, value);
    case 2:
        return unary(IrOp::zext16, value);
    case 4:
        return unary(IrOp::zext32, value);
    default:
        return value;
    }
}

Value BlockTranslation::sign_extend(Value value, u32 size) {
    switch (size) {
    case 1:
        return unary(IrOp::sext8, value);
    case 2:
        return unary(IrOp::sext16, value);
    case 4:
        return unary(IrOp::sext32, value);
    default:
        return value;
    }
}

Value BlockTranslation::gpr(u32 number, u32 size) { return zero_extend(builder_.get(slot::r(number)), size); }

void BlockTranslation::put_gpr(u32 number, u32 size, Value value) {
    if (size >= 4) return builder_.put(slot::r(number), zero_extend(value, size));
    const Value kept = binary(IrOp::and_, builder_.get(slot::r(number)), ~mask_of(size));
    builder_.put(slot::r(number), binary(IrOp::or_, kept, zero_extend(value, size)));
}

Value BlockTranslation::call(HelperNumber helper, Value a, Value b, Value c) {
    const auto number = static_cast<u16>(helper);
    helper_stores_ = helper_stores_ || stores(helper);
    return builder_.call(number, helper_table()[number].writes_slots, a, b, c);
}

// ---- memory

Value BlockTranslation::effective_address() {
    const Instruction& i = *instruction_;
    const MemoryAddress& memory = i.memory;
    const auto displacement = static_cast<u64>(i.displacement);
    Value sum = ir::no_value;
    if (memory.base == instruction_pointer)
        sum = constant(next_pc_ + displacement);
    else if (memory.base != no_register)
        sum = builder_.get(slot::r(memory.base));
    const bool vectors = i.row->has(trait::vsib); // the index is a gather's own matter
    if (memory.index != no_register && !vectors) {
        Value index = builder_.get(slot::r(memory.index));
        if (memory.scale != 0) index = binary(IrOp::shl, index, u64{memory.scale});
        sum = sum == ir::no_value ? index : binary(IrOp::add, sum, index);
    }
    if (sum == ir::no_value) return constant(displacement & mask_of(i.address_size));
    if (memory.base != instruction_pointer && displacement != 0) sum = binary(IrOp::add, sum, displacement);
    return zero_extend(sum, i.address_size);
}

Value BlockTranslation::linear(Segment segment, Value offset, u32 size, bool write) {
    const bool has_own_base = segment == Segment::fs || segment == Segment::gs;
    if (is_64()) return has_own_base ? binary(IrOp::add, offset, builder_.get(slot::segment_base(segment))) : offset;
    const bool to_code = write && segment == Segment::cs; // which is never writable
    if (mode_.flat && !has_own_base && !to_code) return offset;
    call(HelperNumber::check_segment, offset, constant(static_cast<u64>(segment) | (write ? 8 : 0) | u64{size} << 8));
    return binary(IrOp::add, offset, builder_.get(slot::segment_base(segment)), ir::Type::i32);
}

void BlockTranslation::check_alignment(Value address, u32 size) {
    if (mode_.aligned && size > 1) call(HelperNumber::check_alignment, address, constant(size));
}

Value BlockTranslation::load(Value address, u32 size) {
    check_alignment(address, size);
    return builder_.load({.size_log2 = static_cast<u8>(log2_of(size))}, address, 0);
}

void BlockTranslation::store(Value address, u32 size, Value value) {
    check_alignment(address, size);
    builder_.store({.size_log2 = static_cast<u8>(log2_of(size))}, address, 0, value);
}

// ---- operands

Location BlockTranslation::place(std::size_t operand) {
    const OperandValue decoded = operand_of(*instruction_, operand);
    Location found{.kind = decoded.kind, .number = decoded.number, .size = decoded.size_bytes};
    if (decoded.kind == OperandKind::immediate) {
        // The decoder has extended it to what it is used as: the size of the first operand.
        found.size = operand_of(*instruction_, 0).size_bytes;
        found.value = constant(static_cast<u64>(decoded.value) & mask_of(found.size));
    } else if (decoded.kind == OperandKind::memory) {
        const Access access = operation_of(instruction_->row->op).access;
        const bool write = operand_access(*instruction_->row, operand).write && access != Access::read;
        found.value = linear(instruction_->memory.segment, effective_address(), found.size, write);
    }
    return found;
}

Value BlockTranslation::read(const Location& place) {
    switch (place.kind) {
    case OperandKind::general:
        return gpr(place.number, place.size);
    case OperandKind::high_byte:
        return unary(IrOp::zext8, binary(IrOp::shr, builder_.get(slot::r(place.number)), u64{8}));
    case OperandKind::memory:
        return load(place.value, place.size);
    default:
        return place.value;
    }
}

void BlockTranslation::write(const Location& place, Value value) {
    switch (place.kind) {
    case OperandKind::general:
        return put_gpr(place.number, place.size, value);
    case OperandKind::high_byte: {
        const Value kept = binary(IrOp::and_, builder_.get(slot::r(place.number)), ~u64{0xff00});
        const Value moved = binary(IrOp::shl, unary(IrOp::zext8, value), u64{8});
        return builder_.put(slot::r(place.number), binary(IrOp::or_, kept, moved));
    }
    case OperandKind::memory:
        return store(place.value, place.size, value);
    default:
        return;
    }
}

// ---- the stack (SDM 1, 6.2)

Value BlockTranslation::stack_pointer() { return gpr(gpr::rsp, bytes(mode_.stack)); }

Value BlockTranslation::moved_stack_pointer(i64 by) {
    return zero_extend(binary(IrOp::add, builder_.get(slot::r(gpr::rsp)), static_cast<u64>(by)), bytes(mode_.stack));
}

void BlockTranslation::push(Value value, u32 size) {
    const Value pointer = moved_stack_pointer(-static_cast<i64>(size));
    store(linear(Segment::ss, pointer, size, true), size, value);
    put_gpr(gpr::rsp, bytes(mode_.stack), pointer);
}

Value BlockTranslation::top(u32 size) { return load(linear(Segment::ss, stack_pointer(), size, false), size); }

void BlockTranslation::drop(u32 size) { put_gpr(gpr::rsp, bytes(mode_.stack), moved_stack_pointer(size)); }

// ---- flags

void BlockTranslation::set_flags(FlagOperation operation, u32 size, Value result, Value operand, Value first) {
    builder_.put(slot::flag_kind, constant(flag_kind(operation, log2_of(size))));
    builder_.put(slot::flag_result, result);
    builder_.put(slot::flag_operand, operand);
    flags_ = {true, operation, size, result, operand, first};
}

void BlockTranslation::set_flag_image(Value image) {
    builder_.put(slot::flag_kind, constant(flag_kind(FlagOperation::image, 0)));
    builder_.put(slot::flag_operand, image);
    flags_ = {.known = true, .operation = FlagOperation::image, .operand = image};
}

Value BlockTranslation::flag_image() {
    if (flags_.known && flags_.operation == FlagOperation::image) return flags_.operand;
    return call(HelperNumber::flags);
}

// Conditions of cmp and sub compare the operands. `condition` is even, and neither parity nor overflow.
Test BlockTranslation::subtraction_test(u32 condition) {
    const auto test = [&](ir::Condition c, bool is_signed) {
        const ir::Type type = flags_.size == 4 ? ir::Type::i32 : ir::Type::i64;
        const auto widened = [&](Value value) {
            return is_signed && flags_.size < 4 ? sign_extend(value, flags_.size) : value;
        };
        return Test{c, type, widened(flags_.first), widened(flags_.operand)};
    };
    switch (condition) {
    case 2:
        return test(ir::Condition::ltu, false);
    case 4:
        return test(ir::Condition::eq, false);
    case 6: { // a <= b is b >= a
        Test swapped = test(ir::Condition::geu, false);
        std::swap(swapped.a, swapped.b);
        return swapped;
    }
    case 12:
        return test(ir::Condition::lt, true);
    default: { // 14
        Test swapped = test(ir::Condition::ge, true);
        std::swap(swapped.a, swapped.b);
        return swapped;
    }
    }
}

std::optional<Test> BlockTranslation::image_test(u32 condition) {
    const auto any_of = [&](u64 bits) {
        return Test{ir::Condition::ne, ir::Type::i64, binary(IrOp::and_, flags_.operand, bits), constant(0)};
    };
    switch (condition) {
    case 0:
        return any_of(flag::overflow);
    case 2:
        return any_of(flag::carry);
    case 4:
        return any_of(flag::zero);
    case 6:
        return any_of(flag::carry | flag::zero);
    case 8:
        return any_of(flag::sign);
    case 10:
        return any_of(flag::parity);
    default:
        return std::nullopt;
    }
}

// `condition` is even. Empty: it takes all the flags.
std::optional<Test> BlockTranslation::known_test(u32 condition) {
    if (!flags_.known) return std::nullopt;
    if (flags_.operation == FlagOperation::image) return image_test(condition);
    const Value zero = constant(0);
    if (condition == 4) return Test{ir::Condition::eq, ir::Type::i64, flags_.result, zero};
    if (condition == 8) return Test{ir::Condition::lt, ir::Type::i64, sign_extend(flags_.result, flags_.size), zero};
    const bool compares = condition == 2 || condition == 6 || condition == 12 || condition == 14;
    if (flags_.operation == FlagOperation::subtract && compares && flags_.first != ir::no_value)
        return subtraction_test(condition);
    if (flags_.operation == FlagOperation::logic && compares) {
        const Value result = sign_extend(flags_.result, flags_.size);
        if (condition == 2) return Test{ir::Condition::ne, ir::Type::i64, zero, zero};
        if (condition == 6) return Test{ir::Condition::eq, ir::Type::i64, result, zero};
        if (condition == 12) return Test{ir::Condition::lt, ir::Type::i64, result, zero};
        return Test{ir::Condition::ge, ir::Type::i64, zero, result};
    }
    if (condition != 2) return std::nullopt;
    switch (flags_.operation) {
    case FlagOperation::add:
        return Test{ir::Condition::ltu, ir::Type::i64, flags_.result, flags_.operand};
    case FlagOperation::subtract:
    case FlagOperation::logic:
    case FlagOperation::image:
        return std::nullopt;
    default:
        return Test{ir::Condition::ne, ir::Type::i64, flags_.operand, zero};
    }
}

Test BlockTranslation::test(u32 condition) {
    if (auto test = known_test(condition & ~1U)) {
        if ((condition & 1) != 0) test->condition = ir::negate(test->condition);
        return *test;
    }
    return {ir::Condition::ne, ir::Type::i64, call(HelperNumber::condition, constant(condition)), constant(0)};
}

Value BlockTranslation::condition(u32 condition) {
    if (!known_test(condition & ~1U)) return call(HelperNumber::condition, constant(condition));
    const Test test = this->test(condition);
    return builder_.compare(test.condition, test.a, test.b, test.type);
}

} // namespace orrery::x86
