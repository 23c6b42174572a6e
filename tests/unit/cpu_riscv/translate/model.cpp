#include "tests/unit/cpu_riscv/translate/model.hpp"

#include "cpu/riscv/instruction_table.hpp"

namespace orrery::riscv::test {

u8* Model::at(u64 address, u64 size_bytes, u64 fault_code) {
    const u64 offset = address - memory_base; // huge for what lies below
    if (offset <= memory.size() - size_bytes) return memory.data() + offset;
    raise(fault_code, address);
    return nullptr;
}

Meanings all_meanings() {
    Meanings meanings;
    add_integer_meanings(meanings);
    add_float_meanings(meanings);
    add_system_meanings(meanings);
    return meanings;
}

void execute(const Meanings& meanings, Model& model, const Instruction& i) {
    const Model before = model;
    const Extension extension = row_of(i.op).extension;
    const bool floating = extension == Extension::f || extension == Extension::d || extension == Extension::zfhmin;
    model.length_bytes = i.length;
    model.s.pc += i.length;
    if (floating && ((model.s.mstatus >> 13 & 3) == 0 || model.rounding(i) > 4))
        model.raise_illegal(i);
    else
        meanings.at(i.op)(model, i);
    if (!model.fault) return;
    const Fault fault = *model.fault;
    model = before;
    model.fault = fault;
}

} // namespace orrery::riscv::test
