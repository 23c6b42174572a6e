// The rows and operations as data: for whoever translates, enumerates or explains instructions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cpu/x86/flags.hpp"
#include "cpu/x86/instruction.hpp"
#include "cpu/x86/row.hpp"

namespace orrery::x86 {

// What an operation does to its explicit operands; those not named are read.
enum class Access : u8 {
    none,      // it has none
    read,      // all are read
    write,     // the first is written without being read
    modify,    // the first is read and written
    exchange,  // the first two are read and written
    write_two, // the first two are written
    gather,    // the first and third are read and written
};

struct Operation {
    std::string_view name;
    Access access = Access::none;
    FlagEffects flags;
    std::string_view page; // of SDM 2; empty: the name in capitals
};
const Operation& operation_of(Op op);

// All rows, those of one map together; a row's number is its place here.
std::span<const Row> instruction_rows();
std::size_t row_number(const Row& row);

struct OperandAccess {
    bool read = false;
    bool write = false;
    bool operator==(const OperandAccess&) const = default;
};
OperandAccess operand_access(const Row& row, std::size_t operand);

// Flags of this very instruction: of a condition only those that it tests.
FlagEffects flag_effects(const Instruction& instruction);

// "add", "vpaddd"; with a condition "jcc", "setcc", "cmovcc".
std::string mnemonic(const Row& row);
// The same of one instruction: "jne".
std::string mnemonic(const Instruction& instruction);
// "ADC Eb, Gb (10 /r): SDM 2, ADC"
std::string describe(const Row& row);
// "Eb", "rAX", "1"
std::string operand_name(Operand operand);

} // namespace orrery::x86
