#include "tests/unit/baseline/disassembler.hpp"

#include <algorithm>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

namespace orrery::test {

Disassembler::Disassembler() {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86Disassembler();
    context_ = LLVMCreateDisasmCPUFeatures("x86_64-linux-gnu", "", "+avx2", nullptr, 0, nullptr, nullptr);
    LLVMSetDisasmOptions(context_, LLVMDisassembler_Option_AsmPrinterVariant);
}

Disassembler::~Disassembler() { LLVMDisasmDispose(context_); }

Disassembler::Decoded Disassembler::decode(std::span<const u8> bytes) const {
    char text[128];
    u8 copy[32] = {};
    std::copy_n(bytes.data(), std::min(bytes.size(), sizeof copy), copy);
    const u64 length = LLVMDisasmInstruction(context_, copy, bytes.size(), 0, text, sizeof text);
    if (length == 0) return {};
    std::string result(text + 1); // after the leading tab
    std::ranges::replace(result, '\t', ' ');
    return {result, length};
}

} // namespace orrery::test
