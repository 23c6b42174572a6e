#include "cpu/x86/instruction_table.hpp"

#include <array>

#include "cpu/x86/opcode_maps.hpp"

namespace orrery::x86 {
namespace {

constexpr auto operations = std::to_array<Operation>({
    {},
#define OPERATION(op, name, access, flags, page) {name, Access::access, parse_flag_effects(flags), page},
#include "cpu/x86/operations.def"
#undef OPERATION
});

constexpr std::array<std::string_view, 16> condition_names = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                              "s", "ns", "p", "np", "l", "ge", "le", "g"};

// An AVX form of an SSE instruction has its name with a v; what exists with VEX only has its own.
bool has_v(const Row& row) {
    constexpr Features general{Feature::bmi1, Feature::bmi2};
    return is_vex(row.map) && (row.features.bits & general.bits) == 0 && !operation_of(row.op).name.starts_with('v');
}

std::string with_condition(const Row& row, std::string_view condition) {
    return (has_v(row) ? "v" : "") + std::string(operation_of(row.op).name) +
           std::string(row.has(trait::condition_code) ? condition : "");
}

char upper(char symbol) { return symbol >= 'a' && symbol <= 'z' ? static_cast<char>(symbol - 'a' + 'A') : symbol; }

std::string in_capitals(std::string text) {
    for (char& symbol : text) symbol = upper(symbol);
    return text;
}

constexpr std::string_view place_letters = " ABCDEGHIJLMNOPQRSTUVWXYZ";
constexpr std::array<std::string_view, 20> type_names = {"",  "a", "b", "bs", "bd", "d",  "dq", "p",  "q",  "qq",
                                                         "s", "t", "v", "w",  "wd", "wv", "x",  "hx", "qx", "ex"};

std::string_view type_name(Type type) {
    if (type == Type::y) return "y";
    if (type == Type::z) return "z";
    return type_names[static_cast<std::size_t>(type)];
}

std::string accumulator_name(Type type) {
    if (type == Type::b) return "AL";
    if (type == Type::w) return "AX";
    return type == Type::z ? "eAX" : "rAX";
}

} // namespace

const Operation& operation_of(Op op) { return operations[static_cast<std::size_t>(op)]; }

std::span<const Row> instruction_rows() { return opcode_rows(); }

std::size_t row_number(const Row& row) { return static_cast<std::size_t>(&row - opcode_rows().data()); }

OperandAccess operand_access(const Row& row, std::size_t operand) {
    const bool first = operand == 0;
    switch (operation_of(row.op).access) {
    case Access::none:
    case Access::read:
        return {.read = true};
    case Access::write:
        return {.read = !first, .write = first};
    case Access::modify:
        return {.read = !first || !row.has(trait::writes_first), .write = first};
    case Access::exchange:
        return {.read = true, .write = operand < 2};
    case Access::write_two:
        return {.read = operand >= 2, .write = operand < 2};
    case Access::gather:
        return {.read = true, .write = operand != 1};
    }
    return {};
}

FlagEffects flag_effects(const Instruction& instruction) {
    FlagEffects effects = operation_of(instruction.row->op).flags;
    if (instruction.row->has(trait::condition_code)) effects.read = flags_of_condition(instruction.condition());
    return effects;
}

std::string mnemonic(const Row& row) { return with_condition(row, "cc"); }

std::string mnemonic(const Instruction& instruction) {
    return with_condition(*instruction.row, condition_names[instruction.condition()]);
}

std::string operand_name(Operand operand) {
    using enum Place;
    constexpr std::array<std::string_view, 6> segment_names = {"ES", "CS", "SS", "DS", "FS", "GS"};
    switch (operand.place) {
    case one:
        return "1";
    case gpr0:
        return accumulator_name(operand.type);
    case gpr1:
        return "CL";
    case gpr2:
        return "DX";
    case st0:
        return "ST0";
    case T:
        return "STi";
    case xmm0:
        return "XMM0";
    case es:
    case cs:
    case ss:
    case ds:
    case fs:
    case gs:
        return std::string(segment_names[static_cast<std::size_t>(operand.place) - static_cast<std::size_t>(es)]);
    default:
        return place_letters[static_cast<std::size_t>(operand.place)] + std::string(type_name(operand.type));
    }
}

std::string describe(const Row& row) {
    std::string text = in_capitals(mnemonic(row));
    const char* separator = " ";
    for (const Operand operand : row.operands) {
        if (!operand) break;
        text += separator + operand_name(operand);
        separator = ", ";
    }
    const Operation& operation = operation_of(row.op);
    const std::string page =
        operation.page.empty() ? in_capitals(std::string(operation.name)) : std::string(operation.page);
    return text + " (" + std::string(row.notation) + "): SDM 2, " + page;
}

} // namespace orrery::x86
