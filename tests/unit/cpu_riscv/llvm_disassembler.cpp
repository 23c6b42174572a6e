#include "tests/unit/cpu_riscv/llvm_disassembler.hpp"

#include <array>

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

constexpr const char* triple_name = "riscv64";
constexpr const char* features = "+64bit,+m,+a,+f,+d,+c,+zicsr,+zifencei,+zba,+zbb,+zbs,+zicbom,+zicbop,+zicboz,"
                                 "+zfhmin,+zihintpause,+svinval";

const llvm::Target& find_target() {
    LLVMInitializeRISCVTargetInfo();
    LLVMInitializeRISCVTargetMC();
    LLVMInitializeRISCVDisassembler();
    std::string why;
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple_name, why);
    ORRERY_ASSERT(target != nullptr, "the installed LLVM has the RISC-V target");
    return *target;
}

} // namespace

// The C interface (llvm-c/Disassembler.h) can't turn aliases off, so this is the C++ one.
struct LlvmRiscv::Parts {
    const llvm::Target& target = find_target();
    llvm::MCTargetOptions options;
    std::unique_ptr<llvm::MCRegisterInfo> registers{target.createMCRegInfo(triple_name)};
    std::unique_ptr<llvm::MCAsmInfo> assembler{target.createMCAsmInfo(*registers, triple_name, options)};
    std::unique_ptr<llvm::MCSubtargetInfo> subtarget{target.createMCSubtargetInfo(triple_name, "", features)};
    std::unique_ptr<llvm::MCInstrInfo> instructions{target.createMCInstrInfo()};
    llvm::MCContext context{llvm::Triple(triple_name), assembler.get(), registers.get(), subtarget.get()};
    std::unique_ptr<llvm::MCDisassembler> disassembler{target.createMCDisassembler(*subtarget, context)};
    std::unique_ptr<llvm::MCInstPrinter> alias_printer = create_printer();
    std::unique_ptr<llvm::MCInstPrinter> plain_printer = create_printer();

    Parts() {
        const bool known = plain_printer->applyTargetSpecificCLOption("no-aliases");
        ORRERY_ASSERT(known, "LLVM's RISC-V printer can do without aliases");
    }

    std::unique_ptr<llvm::MCInstPrinter> create_printer() const {
        return std::unique_ptr<llvm::MCInstPrinter>(
            target.createMCInstPrinter(llvm::Triple(triple_name), 0, *assembler, *instructions, *registers));
    }

    u32 disassemble(u32 bits, llvm::MCInst& instruction) const {
        const std::array<u8, 4> bytes = {static_cast<u8>(bits), static_cast<u8>(bits >> 8), static_cast<u8>(bits >> 16),
                                         static_cast<u8>(bits >> 24)};
        u64 length = 0;
        const auto status = disassembler->getInstruction(instruction, length, bytes, 0, llvm::nulls());
        return status == llvm::MCDisassembler::Success ? static_cast<u32>(length) : 0;
    }

    Answer print(u32 bits, llvm::MCInstPrinter& printer) const {
        llvm::MCInst instruction;
        Answer answer;
        answer.length = disassemble(bits, instruction);
        if (answer.length == 0) return answer;
        llvm::raw_string_ostream stream(answer.text);
        printer.printInst(&instruction, 0, "", *subtarget, stream);
        stream.flush();
        for (char& symbol : answer.text) {
            if (symbol == '\t') symbol = ' ';
        }
        answer.text.erase(0, answer.text.find_first_not_of(' '));
        return answer;
    }
};

LlvmRiscv::LlvmRiscv() : parts_(std::make_unique<Parts>()) {}
LlvmRiscv::~LlvmRiscv() = default;

LlvmRiscv::Answer LlvmRiscv::plain(u32 bits) const { return parts_->print(bits, *parts_->plain_printer); }
LlvmRiscv::Answer LlvmRiscv::with_aliases(u32 bits) const { return parts_->print(bits, *parts_->alias_printer); }

u32 LlvmRiscv::length(u32 bits) const {
    llvm::MCInst instruction;
    return parts_->disassemble(bits, instruction);
}

} // namespace orrery::tests
