#include "tests/unit/cpu_x86/llvm_disassembler.hpp"

#include <string_view>

#include <llvm-c/Target.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Triple.h>

#include "machine/fabric/result.hpp"

namespace orrery::tests {
namespace {

const char* triple_of(x86::CodeSize code_size) {
    if (code_size == x86::CodeSize::bits64) return "x86_64-unknown-unknown";
    return code_size == x86::CodeSize::bits32 ? "i386-unknown-unknown" : "i386-unknown-unknown-code16";
}

const llvm::Target& find_target(const char* triple) {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86Disassembler();
    std::string why;
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, why);
    ORRERY_ASSERT(target != nullptr, "the installed LLVM has the x86 target");
    return *target;
}

constexpr unsigned intel_syntax = 1;

} // namespace

struct LlvmX86::Parts {
    explicit Parts(const char* name) : triple(name), target(find_target(name)) {}

    llvm::Triple triple;
    const llvm::Target& target;
    llvm::MCTargetOptions options;
    std::unique_ptr<llvm::MCRegisterInfo> registers{target.createMCRegInfo(triple.str())};
    std::unique_ptr<llvm::MCAsmInfo> assembler{target.createMCAsmInfo(*registers, triple.str(), options)};
    std::unique_ptr<llvm::MCSubtargetInfo> subtarget{target.createMCSubtargetInfo(triple.str(), "", "")};
    std::unique_ptr<llvm::MCInstrInfo> instructions{target.createMCInstrInfo()};
    llvm::MCContext context{triple, assembler.get(), registers.get(), subtarget.get()};
    std::unique_ptr<llvm::MCDisassembler> disassembler{target.createMCDisassembler(*subtarget, context)};
    std::unique_ptr<llvm::MCInstPrinter> printer{
        target.createMCInstPrinter(triple, intel_syntax, *assembler, *instructions, *registers)};

    llvm::MCRegister flags = find_flags();

    llvm::MCRegister find_flags() const {
        for (unsigned number = 1; number < registers->getNumRegs(); ++number)
            if (std::string_view(registers->getName(number)) == "EFLAGS") return number;
        ORRERY_ASSERT(false, "LLVM's x86 has EFLAGS");
        return {};
    }

    u32 disassemble(std::span<const u8> bytes, llvm::MCInst& instruction) const {
        u64 length = 0;
        const auto status = disassembler->getInstruction(instruction, length,
                                                         llvm::ArrayRef(bytes.data(), bytes.size()), 0, llvm::nulls());
        return status == llvm::MCDisassembler::Success ? static_cast<u32>(length) : 0;
    }
};

LlvmX86::LlvmX86(x86::CodeSize code_size) : parts_(std::make_unique<Parts>(triple_of(code_size))) {}
LlvmX86::~LlvmX86() = default;

u32 LlvmX86::length(std::span<const u8> bytes) const {
    llvm::MCInst instruction;
    return parts_->disassemble(bytes, instruction);
}

LlvmX86::Answer LlvmX86::disassemble(std::span<const u8> bytes) const {
    llvm::MCInst instruction;
    Answer answer;
    answer.length = parts_->disassemble(bytes, instruction);
    if (answer.length == 0) return answer;
    const llvm::MCInstrDesc& description = parts_->instructions->get(instruction.getOpcode());
    answer.may_load = description.mayLoad();
    answer.may_store = description.mayStore();
    answer.reads_flags = description.hasImplicitUseOfPhysReg(parts_->flags);
    answer.writes_flags = description.hasImplicitDefOfPhysReg(parts_->flags);
    llvm::raw_string_ostream stream(answer.text);
    parts_->printer->printInst(&instruction, 0, "", *parts_->subtarget, stream);
    stream.flush();
    for (char& symbol : answer.text) {
        if (symbol == '\t') symbol = ' ';
    }
    answer.text.erase(0, answer.text.find_first_not_of(' '));
    return answer;
}

} // namespace orrery::tests
