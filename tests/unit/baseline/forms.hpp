// Loops over the operands of one instruction form.
#pragma once

#include "tests/unit/baseline/form_checker.hpp"
#include "tests/unit/baseline/operands.hpp"

namespace orrery::test {

void register_memory_case(FormChecker& forms, const std::string& mnemonic, Size size, Gpr reg, const Address& address,
                          const auto& emit) {
    forms.check(mnemonic + " " + name(reg, size) + ", " + pointer(size, address),
                [&](x64::Assembler& a) { emit(a, size, reg, address.operand); });
}

void memory_register_case(FormChecker& forms, const std::string& mnemonic, Size size, const Address& address, Gpr reg,
                          const auto& emit) {
    forms.check(mnemonic + " " + pointer(size, address) + ", " + name(reg, size),
                [&](x64::Assembler& a) { emit(a, size, address.operand, reg); });
}

void register_register(FormChecker& forms, const std::string& mnemonic, const auto& sizes, const auto& emit) {
    for (const Size size : sizes)
        for (const Gpr to : all_gprs)
            for (const Gpr from : all_gprs)
                forms.check(mnemonic + " " + name(to, size) + ", " + name(from, size),
                            [&](x64::Assembler& a) { emit(a, size, to, from); });
}

void register_memory(FormChecker& forms, const std::string& mnemonic, const auto& sizes, const auto& emit) {
    for (const Size size : sizes)
        for (const Gpr reg : all_gprs)
            for (const Address& address : some_addresses())
                register_memory_case(forms, mnemonic, size, reg, address, emit);
}

void memory_register(FormChecker& forms, const std::string& mnemonic, const auto& sizes, const auto& emit) {
    for (const Size size : sizes)
        for (const Gpr reg : all_gprs)
            for (const Address& address : some_addresses())
                memory_register_case(forms, mnemonic, size, address, reg, emit);
}

void register_immediate(FormChecker& forms, const std::string& mnemonic, const auto& sizes, const auto& immediate_text,
                        const auto& emit) {
    for (const Size size : sizes)
        for (const Gpr reg : all_gprs)
            for (const i32 value : edge_values)
                forms.check(mnemonic + " " + name(reg, size) + ", " + immediate_text(size, value),
                            [&](x64::Assembler& a) { emit(a, size, reg, value); });
}

void memory_immediate(FormChecker& forms, const std::string& mnemonic, const auto& sizes, const auto& immediate_text,
                      const auto& emit) {
    for (const Size size : sizes)
        for (const Address& address : some_addresses())
            for (const i32 value : edge_values)
                forms.check(mnemonic + " " + pointer(size, address) + ", " + immediate_text(size, value),
                            [&](x64::Assembler& a) { emit(a, size, address.operand, value); });
}

void register_or_memory(FormChecker& forms, const std::string& mnemonic, const auto& sizes, const auto& emit,
                        const std::string& end = "") {
    for (const Size size : sizes) {
        for (const Gpr reg : all_gprs)
            forms.check(mnemonic + " " + name(reg, size) + end, [&](x64::Assembler& a) { emit(a, size, reg); });
        for (const Address& address : some_addresses())
            forms.check(mnemonic + " " + pointer(size, address) + end,
                        [&](x64::Assembler& a) { emit(a, size, address.operand); });
    }
}

} // namespace orrery::test
