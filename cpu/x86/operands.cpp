#include "cpu/x86/operands.hpp"

namespace orrery::x86 {
namespace {

// In bytes; `in_memory` where types tell memory from registers.
u16 size_of(Type type, const Instruction& instruction, bool in_memory) {
    const u16 operand_size = instruction.operand_size;
    const u16 vector_size = instruction.vex_256 ? 32 : 16;
    const u16 y = operand_size == 8 ? 8 : 4;
    switch (type) {
    case Type::none:
        return 0;
    case Type::a:
        return static_cast<u16>(2 * operand_size);
    case Type::b:
        return 1;
    case Type::bs:
    case Type::v:
        return operand_size;
    case Type::bd:
        return in_memory ? 1 : 4;
    case Type::d:
        return 4;
    case Type::dq:
        return 16;
    case Type::p:
        return static_cast<u16>(2 + operand_size);
    case Type::q:
        return 8;
    case Type::qq:
        return 32;
    case Type::s:
        return operand_size == 8 ? 10 : 6;
    case Type::t:
        return 10;
    case Type::w:
        return 2;
    case Type::wd:
        return in_memory ? 2 : 4;
    case Type::wv:
        return in_memory ? 2 : operand_size;
    case Type::x:
        return vector_size;
    case Type::hx:
        return vector_size / 2;
    case Type::qx:
        return vector_size / 4;
    case Type::ex:
        return vector_size / 8;
    case Type::y:
        return y;
    case Type::z:
        return operand_size == 2 ? 2 : 4;
    }
    return 0;
}

// SDM 2A, 2.2.1.2: without a REX prefix 4 to 7 are AH to BH.
OperandValue general(const Instruction& instruction, u8 number, Type type) {
    const u16 size = size_of(type, instruction, false);
    if (type == Type::b && instruction.rex == 0 && number >= 4)
        return {.kind = OperandKind::high_byte, .number = static_cast<u8>(number - 4), .size_bytes = 1};
    return {.kind = OperandKind::general, .number = number, .size_bytes = size};
}

OperandValue register_or_memory(const Instruction& instruction, OperandKind kind, u8 number, Type type) {
    if (instruction.has_memory) return {.kind = OperandKind::memory, .size_bytes = size_of(type, instruction, true)};
    if (kind == OperandKind::general) return general(instruction, number, type);
    return {.kind = kind, .number = number, .size_bytes = size_of(type, instruction, false)};
}

OperandValue immediate(const Instruction& instruction, std::size_t operand, Type type) {
    const bool second = instruction.row->immediates == Immediates::word_byte && operand == 1;
    return {.kind = OperandKind::immediate,
            .size_bytes = size_of(type, instruction, false),
            .value = second ? i64{instruction.immediate2} : instruction.immediate};
}

} // namespace

OperandValue operand_of(const Instruction& instruction, std::size_t operand) {
    using enum Place;
    using Kind = OperandKind;
    const Operand wanted = instruction.row->operands[operand];
    const Type type = wanted.type;
    const u16 size = size_of(type, instruction, false);
    const auto is = [size](Kind kind, unsigned number) {
        return OperandValue{.kind = kind, .number = static_cast<u8>(number), .size_bytes = size};
    };
    switch (wanted.place) {
    case none:
        return {};
    case A:
        return {.kind = Kind::far_pointer, .size_bytes = size, .value = instruction.immediate};
    case B:
        return is(Kind::general, instruction.vvvv);
    case C:
        return is(Kind::control, instruction.reg());
    case D:
        return is(Kind::debug, instruction.reg());
    case E:
    case M:
        return register_or_memory(instruction, Kind::general, instruction.rm(), type);
    case G:
        return general(instruction, instruction.reg(), type);
    case H:
        return is(Kind::vector, instruction.vvvv);
    case I:
        return immediate(instruction, operand, type);
    case J:
        return {.kind = Kind::branch, .size_bytes = size, .value = instruction.immediate};
    case L: // outside 64-bit mode the highest bit is ignored
        return is(Kind::vector, static_cast<unsigned>(instruction.immediate >> 4 & 15) &
                                    (instruction.code_size == CodeSize::bits64 ? 15U : 7U));
    case N:
        return is(Kind::mmx, instruction.modrm & 7U);
    case O:
        return is(Kind::memory, 0);
    case P:
        return is(Kind::mmx, instruction.modrm >> 3 & 7U);
    case Q:
        return register_or_memory(instruction, Kind::mmx, instruction.modrm & 7, type);
    case R:
        return general(instruction, instruction.rm(), type);
    case S:
        return is(Kind::segment, instruction.modrm >> 3 & 7U);
    case T:
        return is(Kind::x87, instruction.modrm & 7U);
    case U:
    case W:
        return register_or_memory(instruction, Kind::vector, instruction.rm(), type);
    case V:
        return is(Kind::vector, instruction.reg());
    case X:
        return is(Kind::string_source, 0);
    case Y:
        return is(Kind::string_destination, 0);
    case Z:
        return general(instruction, instruction.opcode_register(), type);
    case one:
        return {.kind = Kind::immediate, .size_bytes = 1, .value = 1};
    case gpr0:
        return is(Kind::general, 0);
    case gpr1:
        return is(Kind::general, 1);
    case gpr2:
        return is(Kind::general, 2);
    case st0:
        return is(Kind::x87, 0);
    case xmm0:
        return is(Kind::vector, 0);
    case es:
    case cs:
    case ss:
    case ds:
    case fs:
    case gs:
        return is(Kind::segment, static_cast<unsigned>(wanted.place) - static_cast<unsigned>(es));
    }
    return {};
}

} // namespace orrery::x86
